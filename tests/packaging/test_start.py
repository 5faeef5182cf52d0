"""What starts a hundred times a day stays light: the supervisor, the protocol, every verb.

Each is loaded by a fresh interpreter that reads no .pth file: the hook of an editable install would itself
import what is looked for.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.packaging import tree

HEAVY = {
    "asyncio",
    "dataclasses",
    "pathlib",
    "platformdirs",
    "psutil",
    "rich",
    "secrets",
    "subprocess",
    "textual",
}

LIGHT = [*tree.modules("state", "agents/supervisor", "agents/launchers", "tui/commands"), "overnight.tui.cli"]

IMPORT = """\
import sys
root, third_party, report, module, *arguments = sys.argv[1:]
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [root]
sys.path.append(third_party)
try:
    __import__(module)
    if arguments:
        sys.argv = arguments
        sys.exit(sys.modules[module].main())
finally:
    with open(report, "w") as file:
        print(*sys.modules, file=file)
"""


def start(tmp_path: Path, module: str, *arguments: str) -> tuple[int, str, set[str]]:
    """Import `module` in a fresh interpreter, and with `arguments` call its `main`.

    The exit code, what it printed, and the heavy ones among the top-level names it loaded.
    """
    report = tmp_path / "loaded"
    places = [str(tree.ROOT), sysconfig.get_path("purelib"), str(report)]
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORT, *places, module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    loaded = {name.partition(".")[0] for name in report.read_text().split()}
    return done.returncode, done.stdout, loaded & HEAVY


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    code, _, heavy = start(tmp_path, module)
    assert (code, heavy) == (0, set())


@pytest.mark.parametrize(
    "verb",
    [
        "show",
        "logs",
        "errors",
        "why",
        "history",
        "events",
        "pause",
        "resume",
        "cancel",
        "kill",
        "restart",
        "wait",
        "rm",
    ],
)
def test_a_verb_refuses_an_unknown_run_without_loading_anything_heavy(verb: str, home: Path, tmp_path: Path) -> None:
    code, _, heavy = start(tmp_path, "overnight.tui.cli", "overnight", verb, "nobody")
    assert (code, heavy) == (3, set())


def test_a_run_is_launched_steered_and_removed_without_loading_anything_heavy(home: Path, tmp_path: Path) -> None:
    """All that a script does from launch to removal, on a real run."""

    def overnight(*arguments: str) -> tuple[int, set[str]]:
        code, _, heavy = start(tmp_path, "overnight.tui.cli", "overnight", *arguments)
        return code, heavy

    light = set[str]()
    assert overnight("run", "--name", "nap", "--", "sleep", "600") == (0, light)
    assert overnight("ls", "--json") == (0, light)
    assert overnight("show", "--json", "nap") == (0, light)
    assert overnight("errors", "--json", "nap") == (0, light)
    assert overnight("logs", "nap") == (0, light)
    assert overnight("why", "nap") == (0, light)
    assert overnight("history", "nap") == (0, light)
    assert overnight("events", "--json") == (0, light)
    assert overnight("pause", "nap") == (0, light)
    assert overnight("resume", "nap") == (0, light)
    assert overnight("cancel", "nap") == (0, light)
    assert overnight("wait", "nap", "--timeout", "60") == (1, light)
    assert overnight("prune", "--older", "1d") == (0, light)
    assert overnight("doctor", "--repair") == (0, light)
    assert overnight("rm", "nap") == (0, light)


def test_a_verb_that_lists_loads_nothing_that_supervises(tmp_path: Path) -> None:
    start(tmp_path, "overnight.tui.commands.ls")
    loaded = (tmp_path / "loaded").read_text().split()
    assert "overnight.tui.commands.ls" in loaded
    assert not [name for name in loaded if name.startswith("overnight.agents.supervisor")]
