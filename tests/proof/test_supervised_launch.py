"""A launch killed before each call that changes a file, and inside of each write: no run is left, or a whole one."""

import subprocess
import sys
from pathlib import Path

import pytest

from overnight.agents.orphans import adopt_orphans
from overnight.state import lock, surroundings
from overnight.state.home import Home
from overnight.state.leftovers import is_unlaunched, names_in
from overnight.state.records import Outcome, Spec
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings
from tests.supervision.launched import ended

pytestmark = pytest.mark.leaves_no_process

DYING = """
import os, signal, sys
from overnight.state.home import Home

CHANGING = ("open", "write", "close", "mkdir", "chmod", "replace", "posix_spawnp")
folder, torn = sys.argv[1], sys.argv[2] == "torn"
calls = at = 0

def guarded(name, call):
    def guarded_call(*given, **named):
        global calls
        calls += not torn or name == "write"
        if calls == at:
            if torn:
                call(given[0], bytes(given[1])[:len(given[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **named)
    return guarded_call

for name in CHANGING:
    setattr(os, name, guarded(name, getattr(os, name)))
# Only now: what it takes from `os` is to be what stands between.
from overnight.agents.launchers.local import Order, launch

killed = True
while killed:
    calls, at = 0, at + 1
    child = os.fork()
    if not child:
        launch(Home(f"{folder}/{at}"), Order(("true",)))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    killed = code == -signal.SIGKILL
    if not killed and code:
        sys.exit(f"number {at} ended with {code}")
"""


@pytest.mark.parametrize(("where", "least"), [("before", 15), ("torn", 2)])
def test_a_launch_that_is_killed_leaves_no_run_or_a_whole_one(where: str, least: int, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path), where], check=True, timeout=60)
    homes = [Home(str(path)) for path in sorted(tmp_path.iterdir(), key=lambda path: int(path.name))]
    *killed, survived = [is_whole(home) for home in homes]
    assert survived
    assert len(killed) >= least
    assert killed == sorted(killed), "with one call it exists, and from then on"
    if where == "torn":
        assert not any(killed), "what exists is never half written"


def is_whole(home: Home) -> bool:
    """Whether there is a run, which is then taken to its end. What lies there else is known to be of no run."""
    for run in home.runs():
        if not Path(run.spec_path).exists():
            assert is_unlaunched(names_in(run.path))
            assert not lock.is_held(run.lock_path)
            continue
        assert_whole(run)
        adopt_orphans(home)
        assert ended(run).outcome is Outcome.COMPLETED
        return True
    return False


def assert_whole(run: RunDir) -> None:
    spec = run.spec()
    assert isinstance(spec, Spec)
    assert (spec.id, spec.command) == (run.id, ("true",))
    found = surroundings.found_in(run)
    if found is None:
        assert run.exit() is not None, "then it is spent"
    else:
        assert isinstance(found, Surroundings)
        assert found.environment["PATH"]
