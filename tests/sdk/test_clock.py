"""The active clock: pauses and announced waits are not on it, each second left out once."""

import pytest

from overnight.agents.clock import ActiveClock
from overnight.agents.report import Expected, Report
from overnight.state.records import Estimate


class Stood:
    """A clock whose time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.clock = ActiveClock(lambda: self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds


def test_an_announced_wait_is_awake_time_and_no_active_time() -> None:
    stood = Stood()
    stood.passes(2)
    stood.clock.begin_wait()
    stood.passes(400)
    assert (stood.clock.active(), stood.clock.awake()) == (2, 402)
    stood.clock.end_wait()
    stood.passes(1)
    assert (stood.clock.active(), stood.clock.awake(), stood.clock.excluded) == (3, 403, 400)


def test_a_pause_and_a_freeze_inside_of_a_wait_are_left_out_once() -> None:
    stood = Stood()
    told: list[float] = []
    stood.clock.on_excluded = told.append
    stood.clock.begin_wait()
    stood.passes(10)
    stood.clock.pause()
    stood.passes(50)
    stood.clock.go_on()
    stood.passes(7)
    stood.clock.leave_out(stood.now - 5)
    stood.passes(3)
    stood.clock.end_wait()
    stood.passes(4)
    assert (stood.clock.active(), stood.clock.awake(), stood.clock.excluded) == (4, 19, 70)
    assert told == [50, 5, 15]


def test_waits_beside_each_other_are_left_out_once() -> None:
    stood = Stood()
    stood.clock.begin_wait()
    stood.passes(10)
    stood.clock.begin_wait()
    stood.passes(10)
    stood.clock.end_wait()
    assert stood.clock.active() == 0
    stood.passes(10)
    stood.clock.end_wait()
    assert (stood.clock.active(), stood.clock.waits) == (0, (1, 30, 30))


def test_what_is_finished_while_another_item_waits_was_work() -> None:
    stood = Stood()
    report = Report(1, stood.clock)
    stood.passes(5)
    stood.clock.begin_wait()
    stood.passes(20)
    report.last_commit = stood.now
    assert stood.clock.active() == 25
    stood.passes(60)
    assert stood.clock.active() == 25
    stood.clock.end_wait()
    assert stood.clock.active() == 25
    # Nor is the silence a stall, of which the wait was the reason.
    assert report.last_commit == stood.now


class Foretold(Stood):
    """A report of fifty items, each of which takes half a second."""

    def __init__(self) -> None:
        super().__init__()
        self.report = Report(1, self.clock)
        self.report.total = 50

    def works(self, items: int) -> None:
        for _ in range(items):
            self.passes(0.5)
            self.report.processed += 1
            self.report.last_commit = self.now
            self.report.progress(self.now)

    def waits(self, seconds: float) -> None:
        self.clock.begin_wait()
        self.passes(seconds)
        self.clock.end_wait()

    def estimate(self) -> Estimate:
        estimate = self.report.progress(self.now).estimate
        assert estimate is not None
        return estimate


def test_one_long_wait_says_nothing_of_the_time_that_is_left() -> None:
    told = Foretold()
    told.works(12)
    told.clock.begin_wait()
    told.passes(400)
    assert 17 < told.estimate().likely < 21
    told.clock.end_wait()
    told.works(1)
    assert 16 < told.estimate().likely < 21
    assert told.estimate().high < 40


def test_waits_that_come_again_and_again_are_expected_to_go_on() -> None:
    told = Foretold()
    for _ in range(20):
        told.waits(5)
        told.works(1)
    # 30 items of half a second, each behind a wait of five.
    estimate = told.estimate()
    assert estimate.low < 165 < estimate.high
    assert 140 < estimate.likely < 175


def test_an_item_is_as_long_as_was_announced_without_any_news() -> None:
    told = Foretold()
    told.works(20)
    before = told.estimate().likely
    told.report.expected = Expected(told.clock.active(), 300)
    told.passes(290)
    assert told.estimate().likely == pytest.approx(before, rel=0.05)
    told.passes(300)
    assert told.estimate().likely > before + 100
