"""What is told of an agent while nothing of it changes but the time."""

from pathlib import Path

import pytest

from overnight.agents.clock import ActiveClock
from overnight.agents.heartbeat import Beat
from overnight.agents.report import Report
from overnight.state.records import AgentStatus, Estimate, Progress
from overnight.state.rundir import RunDir, read_record


class AtWork:
    """A run of twelve items, six of which took ten seconds each, at a clock that stands where the test puts it."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.run = RunDir(str(folder))
        self.report = Report(1, ActiveClock(lambda: self.now))
        self.beat = Beat(self.run, self.report, lambda progress: None)
        self.report.total = 12
        for done in range(1, 7):
            for _ in range(10):
                self.now += 1
                self.beat.beat()
            self.finishes(done)

    def finishes(self, done: int) -> None:
        self.report.processed, self.report.last_commit = done, self.now
        self.beat.write_progress()

    def beats(self, seconds: int) -> Estimate:
        """What is foretold on the disk after so many seconds in which an item was in hand."""
        for _ in range(seconds):
            self.now += 1
            self.beat.beat()
        told = read_record(Progress, self.run.progress_path)
        assert isinstance(told, Progress)
        assert told.estimate is not None
        return told.estimate


def test_time_goes_by_in_what_is_foretold_while_an_item_takes_its_time(tmp_path: Path) -> None:
    at_work = AtWork(tmp_path)
    assert at_work.beats(0).likely == pytest.approx(60, rel=0.1)
    assert at_work.beats(6).likely == pytest.approx(54, rel=0.1)
    assert at_work.beats(600).likely > 300, "what has lasted for ten minutes without known end, will last on"


def test_time_in_which_it_is_paused_does_not_go_by_there(tmp_path: Path) -> None:
    at_work = AtWork(tmp_path)
    at_work.report.clock.pause()
    at_work.report.status = AgentStatus.PAUSED
    assert at_work.beats(600).likely == pytest.approx(60, rel=0.1)


def test_time_in_which_it_was_stopped_does_not_go_by_there_though_it_hears_of_it_late(tmp_path: Path) -> None:
    """As where an item is in the middle of a call that no signal ends."""
    at_work = AtWork(tmp_path)
    at_work.beats(2)
    at_work.now += 3600
    assert at_work.beats(1).likely == pytest.approx(60, rel=0.1)
    since = at_work.beat.silent_since()
    assert since is not None
    at_work.report.clock.leave_out(since)
    assert at_work.beats(8).likely == pytest.approx(60, abs=12)


def test_an_hour_without_a_beat_in_an_item_before_says_nothing_of_the_next(tmp_path: Path) -> None:
    at_work = AtWork(tmp_path)
    at_work.now += 3600
    at_work.beat.beat()
    at_work.finishes(7)
    before = at_work.beats(0)
    assert at_work.beats(6).likely < before.likely
