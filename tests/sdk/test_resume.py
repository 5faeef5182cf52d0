"""Killed, stopped or broken off anywhere, a run goes on with what it had not finished, and repeats nothing else."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder, program
from tests.sdk.scripts import Script
from tests.supervision.launched import drafts, leave_draft
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def lines_of(count: int) -> str:
    return "".join(f"item {item}\n{'.' * (item % 7)}\n" for item in range(count))


@pytest.mark.parametrize("kind", ["list", "stream"])
def test_killed_at_random_moments_it_ends_as_if_it_had_never_been(folder: Folder, kind: str) -> None:
    command = program("lines", 300, 0.002, kind)
    moments = random.Random(7)
    for _ in range(8):
        process = folder.start(command)
        before = folder.progress.get("processed_items", 0)
        folder.when_processed(before + moments.randrange(1, 25))
        time.sleep(moments.random() * 0.02)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert folder.finish(command) == 0
    assert folder.artifact("out.txt") == lines_of(300)
    assert folder.committed() == [str(item) for item in range(300)]
    said = folder.progress
    assert (said["status"], said["processed_items"], said["total_items"]) == ("completed", 300, 300)
    assert said["counters"] == {"lines": 600}
    assert said["resumed_items"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_at_the_next_item_edge_with_75_and_goes_on_from_there(
    folder: Folder, number: signal.Signals
) -> None:
    command = program("lines", 200, 0.01)
    process = folder.start(command)
    folder.when_processed(5)
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == 75
    said = folder.progress
    assert said["status"] == "interrupted"
    assert said["processed_items"] == len(folder.committed()) < 200
    assert folder.artifact("out.txt") == lines_of(said["processed_items"])
    assert folder.finish(command) == 0
    assert folder.progress["resumed_items"] == said["processed_items"]
    assert folder.artifact("out.txt") == lines_of(200)


def test_an_exception_leaves_its_item_undone_and_on_record(folder: Folder, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("a b c d")
    process = folder.start([*program("keys", keys, 0), "fail", "c"])
    _, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "ValueError: cannot do c" in complaint
    assert folder.committed() == ["a", "b"]
    assert folder.progress["status"] == "failed"
    assert folder.progress["message"] == "c: ValueError: cannot do c"
    assert folder.finish(program("keys", keys, 0)) == 0
    assert folder.artifact("out.txt") == "a\nb\nc\nd\n"
    (error,) = folder.errors()
    assert (error["item"], error["type"], error["attempt"]) == ("c", "ValueError", 1)
    assert "Traceback" in error["traceback"]
    assert folder.progress["failed_items"] == 0


@pytest.mark.parametrize("kind", ["list", "stream"])
def test_a_changed_source_is_done_by_keys_and_it_says_what_changed(folder: Folder, tmp_path: Path, kind: str) -> None:
    keys = tmp_path / "keys"
    old = [f"k{number:03d}" for number in range(200)]
    keys.write_text(" ".join(old))
    process = folder.start(program("keys", keys, 0.005, kind))
    folder.when_processed(100)
    process.kill()
    process.communicate()
    done = folder.committed()
    new = [f"n{number:02d}" for number in range(12)]
    changed = [key for key in old if key not in {"k003", "k050", "k077"}]
    for number, key in enumerate(new):
        changed.insert(number * 8, key)
    keys.write_text(" ".join(changed))
    assert folder.finish(program("keys", keys, 0, kind)) == 0
    committed = folder.committed()
    assert committed[: len(done)] == done
    assert committed[len(done) :] == [key for key in changed if key not in done]
    assert folder.artifact("out.txt").split() == committed
    said = folder.progress
    assert "the source changed: 12 new, 3 gone" in said["message"]
    assert said["processed_items"] == said["total_items"] == len(changed)
    assert said["resumed_items"] == len(done) - 3


def test_a_source_that_changes_at_each_start_repeats_nothing(folder: Folder, tmp_path: Path) -> None:
    keys, order = tmp_path / "keys", random.Random(3)
    names = [f"k{number:03d}" for number in range(150)]
    for _ in range(5):
        order.shuffle(names)
        keys.write_text(" ".join(names))
        process = folder.start(program("keys", keys, 0.004))
        folder.when_processed(folder.progress.get("processed_items", 0) + 10)
        process.kill()
        process.communicate()
    assert folder.finish(program("keys", keys, 0)) == 0
    assert sorted(folder.committed()) == sorted(names)
    assert sorted(folder.artifact("out.txt").split()) == sorted(names)


def test_a_grown_source_is_passed_over_by_position_and_it_says_so(folder: Folder, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("a b c d")
    folder.finish([*program("keys", keys, 0), "fail", "c"])
    keys.write_text("a b c d e f")
    assert folder.finish(program("keys", keys, 0)) == 0
    assert folder.committed() == list("abcdef")
    assert folder.progress["message"] == "the source changed: 2 new"


def test_an_iterator_of_unknown_length_has_a_count_and_no_total(folder: Folder) -> None:
    process = folder.start(program("lines", 400, 0.005, "stream"))
    folder.when_processed(5)
    assert folder.progress["total_items"] is None
    process.terminate()
    process.communicate()
    assert process.returncode == 75
    assert folder.finish(program("lines", 20, 0, "stream")) == 0
    assert folder.progress["total_items"] == 20


@pytest.mark.parametrize("kind", ["list", "stream"])
def test_memory_is_the_same_for_ten_times_the_items(folder: Folder, kind: str) -> None:
    most = {}
    for count in (10_000, 100_000):
        run = Folder(folder.path.parent / f"agent-{count}")
        half = program("memory", count, kind, count // 2)
        assert run.finish(half) == 0
        assert run.finish([*half[:-1], "-1"]) == 0
        assert len(run.committed()) == count
        most[count] = int((run.path / "memory.txt").read_text())
    # Less than a byte for each item more.
    assert most[100_000] - most[10_000] < 90_000


def test_the_log_is_on_the_disk_soon_after_the_last_item(folder: Folder) -> None:
    """The thread that syncs is asleep until the loop wakes it: a slow loop must not wait for the next beat."""
    command = ["strace", "-f", "-qq", "-e", "trace=fdatasync", "-o", str(folder.path / "calls")]
    if not any(os.access(os.path.join(path, "strace"), os.X_OK) for path in os.environ["PATH"].split(":")):
        pytest.skip("strace is not installed")
    process = folder.start([*command, *program("lines", 8, 0.2)])
    process.communicate(timeout=30)
    calls = (folder.path / "calls").read_text().count("fdatasync")
    # An item costs two, one for its output and one for the log; by beats alone there would be a third of them.
    assert calls >= 14
    eventually(lambda: process.poll() is not None)


def test_the_next_attempt_removes_the_drafts_of_the_one_that_was_killed(script: Callable[[str], Script]) -> None:
    agent = script("def main(run):\n    pass")
    agent.finish()
    run = agent.folder.run
    for path in (run.progress_path, run.heartbeat_path, run.checkpoint_path, run.supervisor_path):
        leave_draft(path)
    agent.finish()
    assert drafts(run.path) == ["supervisor.json"], "that is its supervisor's"
