"""What every test relies on: a clean environment, and a home of its own that is left without a process."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import eventually

# Textual reads its variables when it is imported, and the snapshot plugin imports it: hence the plugin is
# kept from loading by itself (pyproject.toml) and is named here, after this.
# One variable is the plugin's own: by it a worker of xdist finds the folder of the process that started it.
for name in os.environ.keys() - {"TEXTUAL_SNAPSHOT_TEMPDIR"}:
    if name == "NO_COLOR" or name.startswith(("TEXTUAL_", "OVERNIGHT_")):
        del os.environ[name]
os.environ["TEXTUAL_ANIMATIONS"] = "none"
# Programs under test load what was compiled once, as installed ones do: they are started thousands of times.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

pytest_plugins = ["pytest_textual_snapshot"]


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty OVERNIGHT_HOME, 0700. Whatever still runs in it when the test ends is killed.

    With `@pytest.mark.leaves_no_process`, having had to kill something fails the test.
    """
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("OVERNIGHT_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield home
    marked = request.node.get_closest_marker("leaves_no_process")
    # Who has just written down that a run is over has a moment for its own end.
    left = processes_left(home) if marked else processes_of(home)
    if left:
        eventually(lambda: not kill_processes_of(home), message=f"every process of {home} is gone")
    if left and marked:
        pytest.fail(f"left running: {left}")


def processes_left(home: Path) -> dict[int, str]:
    """Those that do not end by themselves."""
    try:
        eventually(lambda: not processes_of(home), timeout=5)
    except AssertionError:
        return processes_of(home)
    return {}


def processes_of(home: Path) -> dict[int, str]:
    """The live processes started with this home, or naming it in their command: pid -> command."""
    found = {}
    for pid in (int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if pid != os.getpid() and belongs_to(os.fsencode(home), environ, command):
            found[pid] = os.fsdecode(b" ".join(command)).strip()
    return found


def belongs_to(home: bytes, environ: list[bytes], command: list[bytes]) -> bool:
    return b"OVERNIGHT_HOME=" + home in environ or any(word == home or home + b"/" in word for word in command)


def kill_processes_of(home: Path) -> dict[int, str]:
    """Kill them, and say which there were: a supervisor may have started one more in between."""
    found = processes_of(home)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return found
