"""`overnight retry --errors`: what failed is done again, and what was finished is not repeated."""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.command import PYTHON, launched, listed, overnight, when_ended
from tests.stories.scenes import agent_pid, directory, record, when_attempt
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

AGENT = """
import os, sys, time
from overnight.agents import Run, start

FLAG, DONE, COUNT, BAD, HOLD = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4].split(","), sys.argv[5]


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for guarded in run.each(range(COUNT), guard=True):
        with guarded as item:
            with open(DONE, "a") as done:
                done.write(f"{item}\\n")
            out.write(f"item {item}\\n")
            run.count(done=1)
            while os.path.exists(f"{HOLD}.{item}"):
                time.sleep(0.01)
            if str(item) in BAD and os.path.exists(FLAG):
                raise ValueError(f"bad: {item}")


start(main)
"""


class Work:
    """Ten items, of which some fail while a flag file exists; what was begun is on record outside of the run."""

    def __init__(self, folder: Path, bad: str = "2,5,9", count: int = 10) -> None:
        self.script, self.flag, self.begun_path = folder / "work.py", folder / "flag", folder / "begun"
        self._hold = folder / "hold"
        self.script.write_text(AGENT)
        self.flag.touch()
        self.begun_path.touch()
        self.command = (PYTHON, self.script, self.flag, self.begun_path, str(count), bad, self._hold)
        self.count = count

    def launch(self, *options: str) -> str:
        return launched(*options, "--", *map(str, self.command))

    def hold(self, item: int) -> Path:
        """The item does not end while the file that is returned exists."""
        path = Path(f"{self._hold}.{item}")
        path.touch()
        return path

    def when_begun(self, item: int, times: int = 1) -> None:
        eventually(lambda: self.begun().count(item) >= times, message=f"item {item} is begun")

    def begun(self) -> list[int]:
        """Each item as often as it was begun, in order."""
        return [int(line) for line in self.begun_path.read_text().split()]

    def take_begun(self) -> list[int]:
        begun = self.begun()
        self.begun_path.write_text("")
        return begun


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path)


def retry_errors(run: str, attempt: int) -> dict[str, Any]:
    done = overnight("retry", run, "--errors", "--timeout", "30")
    assert (done.returncode, done.stderr) == (0, f"started again: {run}\n")
    when_attempt(run, attempt)
    return when_ended(run)


def artifact(run: str) -> Counter[str]:
    return Counter((directory(run) / "artifacts" / "out.txt").read_text().splitlines())


def items(*numbers: int) -> Counter[str]:
    return Counter(f"item {number}" for number in numbers)


def failed_on_record(run: str) -> list[str]:
    return [json.loads(line)["item"] for line in (directory(run) / "errors.jsonl").read_text().splitlines()]


def assert_all_done_once(run: str, count: int) -> None:
    ended = listed(run)
    assert (ended["status"], ended["failed_items"]) == ("completed", 0)
    assert (ended["processed_items"], ended["total_items"]) == (count, count)
    assert artifact(run) == items(*range(count))
    assert record(run, "progress.json")["counters"] == {"done": count}


def test_of_a_completed_run_only_the_failed_items_are_done_again(work: Work) -> None:
    run = work.launch()
    ended = when_ended(run)
    assert (ended["status"], ended["failed_items"], ended["processed_items"]) == ("completed", 3, 10)
    assert work.take_begun() == list(range(10))
    assert artifact(run) == items(0, 1, 3, 4, 6, 7, 8)
    work.flag.unlink()
    retry_errors(run, 2)
    assert sorted(work.take_begun()) == [2, 5, 9]
    assert_all_done_once(run, 10)
    # What happened stays on record; what is to be done about it does not.
    assert failed_on_record(run) == ["2", "5", "9"]
    assert overnight("retry", run, "--errors").returncode == 1
    assert json.loads((directory(run) / "exit.1.json").read_text())["outcome"] == "completed"


def test_what_fails_again_can_be_retried_again(work: Work) -> None:
    run = work.launch()
    when_ended(run)
    work.take_begun()
    ended = retry_errors(run, 2)
    assert (ended["status"], ended["failed_items"], ended["processed_items"]) == ("completed", 3, 10)
    assert sorted(work.take_begun()) == [2, 5, 9]
    assert failed_on_record(run) == ["2", "5", "9", "2", "5", "9"]
    work.flag.unlink()
    retry_errors(run, 3)
    assert sorted(work.take_begun()) == [2, 5, 9]
    assert_all_done_once(run, 10)


def test_a_cancelled_run_does_what_failed_again_and_what_it_had_not_finished(work: Work) -> None:
    held = work.hold(6)
    run = work.launch()
    work.when_begun(6)
    assert overnight("cancel", run, "--timeout", "0").returncode == 4
    held.unlink()
    assert when_ended(run)["status"] == "cancelled"
    before = work.take_begun()
    work.flag.unlink()
    retry_errors(run, 2)
    # Item 6 was in hand: whether it was finished before the stop was obeyed is the agent's choice.
    assert set(work.take_begun()) | {6} == ({*range(10)} - {*before}) | {2, 5, 6}
    assert_all_done_once(run, 10)


def test_a_plain_retry_does_no_failed_item_again(work: Work) -> None:
    held = work.hold(6)
    run = work.launch()
    work.when_begun(6)
    os.kill(agent_pid(run), signal.SIGKILL)
    assert when_ended(run)["status"] == "failed"
    held.unlink()
    work.take_begun()
    work.flag.unlink()
    assert overnight("retry", run).returncode == 0
    when_attempt(run, 2)
    assert when_ended(run)["failed_items"] == 2
    assert work.take_begun() == [6, 7, 8, 9]


def test_a_request_is_obeyed_once_though_the_agent_is_killed_while_it_obeys(work: Work) -> None:
    run = work.launch("--retries", "3")
    when_ended(run)
    work.take_begun()
    held = work.hold(5)
    assert overnight("retry", run, "--errors", "--timeout", "30").returncode == 0
    # Item 2 has failed again: the restart that follows has not been asked to do it a third time.
    work.when_begun(5)
    eventually(lambda: failed_on_record(run).count("2") == 2)
    os.kill(agent_pid(run), signal.SIGKILL)
    held.unlink()
    when_attempt(run, 3)
    ended = when_ended(run)
    assert (ended["status"], ended["failed_items"], ended["processed_items"]) == ("completed", 3, 10)
    assert work.take_begun() == [2, 5, 5, 9]
    work.flag.unlink()
    retry_errors(run, 4)
    assert sorted(work.take_begun()) == [2, 5, 9]
    assert_all_done_once(run, 10)
