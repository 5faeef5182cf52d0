"""What makes a silence unusual: the longest item, which fades with those after it."""

import random

from overnight.agents.clock import ActiveClock
from overnight.agents.hand import Hand
from overnight.agents.report import HALVES_AFTER, RECENT_ITEMS, Report
from overnight.state.health import stall_after
from tests.builders import a_run


def a_report() -> Report:
    return Report(1, ActiveClock(lambda: 0.0))


def finish(report: Report, seconds: float, items: int = 1) -> float:
    """So many items that took so long each. The longest one, as it is told then."""
    report.seconds.extend([seconds] * min(items, RECENT_ITEMS))
    report.processed += items
    told = report.progress(0.0).item_seconds
    assert told is not None
    return told.longest


def test_an_item_that_took_long_is_remembered_beyond_the_recent_ones() -> None:
    report = a_report()
    assert finish(report, 300) == 300
    assert 200 < finish(report, 3, 1000) < 300
    assert 100 < finish(report, 3, HALVES_AFTER) < 150
    assert finish(report, 3, 20 * HALVES_AFTER) == 3


def test_a_longer_one_counts_at_once_and_in_full() -> None:
    report = a_report()
    finish(report, 300)
    finish(report, 3, 1000)
    assert finish(report, 400) == 400


def test_another_phase_has_other_items() -> None:
    report = a_report()
    finish(report, 300)
    with report.phases.inside("fetch", None):
        assert finish(report, 3, RECENT_ITEMS) == 3


def test_what_an_item_is_at_is_no_other_phase() -> None:
    report = a_report()
    finish(report, 300)
    finish(report, 3, RECENT_ITEMS)
    with report.phases.inside_item(Hand(None), "parse"):
        assert 250 < finish(report, 3) < 300


def test_of_the_few_items_that_take_a_hundred_times_as_long_hardly_one_is_a_stall() -> None:
    report, chance, found, long = a_report(), random.Random(1), 0, 0
    finish(report, 3)
    for _ in range(10_000):
        seconds = 300.0 if chance.random() < 0.001 else 3.0
        threshold = stall_after(a_run(progress=report.progress(0.0)._replace(attempt=1)))
        assert threshold is not None
        found, long = found + (seconds > threshold), long + (seconds > 3)
        finish(report, seconds)
    assert long > 5
    assert found == 1, "the first"
