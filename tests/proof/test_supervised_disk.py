"""A disk that is full, read-only or failing, too few descriptors: no agent is hurt, and the truth is written later."""

from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.state.errors import HomeUnusable
from overnight.state.home import Home
from overnight.state.records import Outcome
from tests.proof.supervised import Scene
from tests.proof.supervised_scenes import FAILS, IS_CANCELLED, STARTS_AGAIN
from tests.proof.supervised_walks import SupervisedWalk
from tests.proof.syscalls import no_tracing
from tests.small_disk import fill, small_disk_at
from tests.supervision.launched import attempt, ended, is_alive, state
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process
needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())

ERRORS = {
    "ENOSPC": ("openat", "write", "close", "rename", "link", "pwrite64"),
    "EROFS": ("openat", "write", "rename", "unlink", "link"),
    "EMFILE": ("openat", "pipe2", "pidfd_open"),
    "EIO": ("read", "write", "close", "rename"),
    "EAGAIN": ("clone",),
}
"""What is refused, and the calls that can be refused for that."""


@needs_strace
@pytest.mark.parametrize("error", ERRORS)
def test_a_supervisor_refused_a_call_once_comes_to_the_same_end(error: str, home: Path) -> None:
    walk = SupervisedWalk(home, STARTS_AGAIN if error == "EAGAIN" else FAILS, "supervisor")
    assert walk.fail_at_some(error, ERRORS[error], 3)


@pytest.mark.long
@pytest.mark.timeout(3600)
@needs_strace
@pytest.mark.parametrize("role", ["supervisor", "keeper 1"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("scene", [FAILS, STARTS_AGAIN, IS_CANCELLED], ids=lambda scene: scene.name.replace(" ", "-"))
def test_refused_each_call_once_it_comes_to_the_same_end(scene: Scene, error: str, role: str, home: Path) -> None:
    refused = SupervisedWalk(home, scene, role).fail_at_each(error, ERRORS[error])
    print(f"{scene.name}, {role}: refused {refused} calls with {error}")


def test_a_disk_that_was_full_when_the_agent_ended_gets_the_truth_when_there_is_room(tmp_path: Path) -> None:
    """Supervisor and keeper write where nothing fits any more; what they need most they have reserved."""
    disk, go = tmp_path / "disk", tmp_path / "go"
    disk.mkdir()
    with small_disk_at(disk):
        order = Order(("sh", "-c", f"while ! test -e {go}; do sleep 0.01; done; exit 3"), cwd=str(tmp_path))
        run = launch(Home(str(disk / "home")), order)
        found = attempt(run)
        ballast = fill(disk)
        with pytest.raises(HomeUnusable, match="No space left"):
            operate.pause(run)
        assert is_alive(found)
        assert state(found.pid) != "T"
        go.touch()
        eventually(lambda: attempt(run).code == 3, message="its bytes were reserved")
        ballast.unlink()
        over = ended(run)
        assert (over.outcome, over.code, over.attempts) == (Outcome.FAILED, 3, 1)
