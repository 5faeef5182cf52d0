"""What starts a hundred times a day stays light: the supervisor, the protocol, every verb.

Each is loaded by a fresh interpreter that reads no .pth file: the hook of an editable install would itself
import what is looked for.
"""

import subprocess
import sys
import sysconfig

import pytest

from tests.packaging import tree

HEAVY = {
    "asyncio",
    "dataclasses",
    "pathlib",
    "platformdirs",
    "psutil",
    "rich",
    "subprocess",
    "textual",
    "watchfiles",
}

LIGHT = [*tree.modules("state", "agents/supervisor", "agents/launchers", "tui/commands"), "overnight.tui.cli"]

PROGRAM = """\
import sys
root, third_party, module = sys.argv[1:]
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [root]
sys.path.append(third_party)
__import__(module)
print(*sys.modules)
"""


def loaded_by(module: str) -> set[str]:
    """The top-level names that a fresh interpreter has loaded once it has imported `module`."""
    command = [sys.executable, "-S", "-c", PROGRAM, str(tree.ROOT), sysconfig.get_path("purelib"), module]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", LIGHT)
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & HEAVY == set()
