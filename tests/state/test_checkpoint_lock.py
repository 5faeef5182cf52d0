"""One process at a time writes a checkpoint, and no other one's end is waited for."""

import os
import signal
from pathlib import Path

import pytest

from overnight.state import lock
from overnight.state.checkpoint import Checkpoint
from tests.sdk.attempts import Folder, program
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


@pytest.fixture
def folder(home: Path) -> Folder:
    return Folder(home / "runs" / "agent-000001")


def test_a_second_process_is_refused_in_one_clear_line(folder: Folder) -> None:
    first = folder.start(program("lines", 400, 0.02))
    folder.when_processed(3)
    second = folder.start(program("lines", 400, 0))
    _, said = second.communicate(timeout=30)
    assert second.returncode == 1
    assert said == (
        "overnight: another process of agent-000001 still writes its checkpoint. "
        "It ends by itself, or with `overnight kill`; then start again.\n"
    )
    assert first.poll() is None
    first.kill()
    first.communicate()
    assert folder.finish(program("lines", 400, 0)) == 0
    assert folder.committed() == [str(item) for item in range(400)]


def test_a_forked_child_does_not_keep_it_when_the_agent_is_killed(folder: Folder) -> None:
    process = folder.start(program("forks"))
    children = [int(pid) for pid in eventually(lambda: read(folder.path / "children")).split()]
    assert len(children) == 3
    try:
        process.kill()
        # Not its stderr's end: they have that, too.
        process.wait(20)
        # They all live, and hold nothing.
        assert all(Path(f"/proc/{child}").exists() for child in children)
        assert not lock.is_held(folder.run.checkpoint_log_path)
        checkpoint = Checkpoint(folder.run)
        assert checkpoint.finished_keys(checkpoint.loop(0)).total() == 50
        checkpoint.close()
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        process.communicate()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_log_that_got_its_shorter_form_is_held_too(folder: Folder) -> None:
    process = folder.start(program("forks"))
    eventually(lambda: read(folder.path / "children"))
    assert (folder.path / "checkpoint.log").read_bytes()[:200].count(b'"compacted":true')
    second = folder.start(program("lines", 400, 0))
    _, said = second.communicate(timeout=30)
    assert "still writes its checkpoint" in said
    process.kill()
    for child in map(int, read(folder.path / "children").split()):
        os.kill(child, signal.SIGKILL)
    process.communicate()
