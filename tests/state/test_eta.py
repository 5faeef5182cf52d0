"""The estimator on loads whose truth is known."""

import random
from itertools import pairwise
from math import log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overnight.state.curve import KNOTS
from overnight.state.eta import Estimator
from overnight.state.experts import PARTS


def test_a_constant_pace_is_foretold_and_held_by_the_range() -> None:
    estimator = Estimator()
    for item in range(1, 101):
        estimator.record(item, item * 0.5)
    foretold = estimator.forecast(left=300, active_seconds=50.0)
    assert foretold is not None
    assert abs(foretold.likely - 150) < 1
    assert foretold.low < 150 < foretold.high


def test_a_pace_that_falls_is_noticed() -> None:
    estimator = Estimator()
    active = 0.0
    for item in range(1, 201):
        active += 0.1 if item <= 100 else 1.0
        estimator.record(item, active)
    foretold = estimator.forecast(left=100, active_seconds=active)
    assert foretold is not None
    assert 70 < foretold.likely < 130


def test_nothing_is_foretold_before_there_is_something_to_go_by() -> None:
    estimator = Estimator()
    assert estimator.forecast(10, 0.0) is None
    estimator.record(1, 0.1)
    assert estimator.forecast(10, 0.1) is None


def test_what_is_done_takes_no_more_time() -> None:
    assert Estimator().forecast(0, 5.0) == (0.0, 0.0, 0.0)


def test_memory_stays_constant_over_a_million_items() -> None:
    estimator = Estimator()
    for item in range(1_000_000):
        estimator.record(item, item * 0.001)
    assert len(estimator._curve) <= KNOTS
    assert estimator._curve.last == 999_999
    foretold = estimator.forecast(1000, 1000.0)
    assert foretold is not None
    assert 0.9 < foretold.likely < 1.1


def test_the_range_holds_the_truth_most_of_the_time() -> None:
    rng = random.Random(7)
    held = asked = 0
    misses = []
    for _ in range(40):
        times = [rng.lognormvariate(0, 0.8) for _ in range(200)]
        estimator, active = Estimator(), 0.0
        for item, took in enumerate(times, 1):
            active += took
            estimator.record(item, active)
            if item in {40, 100, 160}:
                truth = sum(times[item:])
                foretold = estimator.forecast(200 - item, active)
                assert foretold is not None
                asked += 1
                held += foretold.low <= truth <= foretold.high
                misses.append(abs(log(foretold.likely / truth)))
    assert held / asked > 0.65
    assert sum(misses) / asked < 0.25


@given(
    st.lists(st.tuples(st.floats(), st.floats()), max_size=400),
    st.floats(),
    st.floats(),
    st.integers(1, 10_000),
    st.one_of(st.none(), st.floats(0, 1e9)),
)
@example([(1.0, 1.0), (2.0, 1.5e154)], 1.0, 1.5e154, 1, None)
@example([(1.0, 1.0), (1e300, 4.0), (1.7e308, 6.0)], 40.0, 7.0, 1, None)
@example([(5e-324, 1.0), (1e-323, 4.0), (1.0, 100.0)], 5e-324, 100.0, 4, None)
def test_whatever_is_recorded_a_forecast_is_ordered_and_never_negative(
    seen: list[tuple[float, float]], left: float, active: float, workers: int, in_hand: float | None
) -> None:
    estimator = Estimator()
    for count, seconds in seen:
        estimator.record(count, seconds)
    change = estimator.change()
    assert change is None or change.active_seconds >= 0
    foretold = estimator.forecast(left, active, workers, in_hand)
    if foretold is not None:
        assert 0 <= foretold.low <= foretold.likely <= foretold.high < float("inf")


def _worked(paces: list[tuple[int, float]], estimator: Estimator) -> float:
    """So many items of so many seconds each; when they are done."""
    active, done = 0.0, 0
    for count, seconds in paces:
        for _ in range(count):
            active, done = active + seconds, done + 1
            estimator.record(done, active)
    return active


def test_a_change_of_pace_is_believed_after_a_few_items() -> None:
    estimator = Estimator()
    active = _worked([(300, 1.0), (12, 5.0)], estimator)
    foretold = estimator.forecast(100, active)
    assert foretold is not None
    assert 330 < foretold.likely < 550


def test_what_an_earlier_run_did_is_expected_again() -> None:
    """Quick items, then slow ones: of the slow ones this run has seen none yet."""
    earlier, again, alone = Estimator(), Estimator(), Estimator()
    _worked([(200, 0.1), (100, 2.0)], earlier)
    profile = earlier.profile()
    assert profile is not None
    assert len(profile.shares) == PARTS + 1
    assert profile.shares[0] == 0.0
    assert profile.shares[-1] == 1.0
    again = Estimator(profile)
    # This machine is a bit slower.
    active = _worked([(150, 0.12)], again)
    _worked([(150, 0.12)], alone)
    truth = 50 * 0.12 + 100 * 2.4
    with_it, without = again.forecast(150, active), alone.forecast(150, active)
    assert with_it is not None
    assert without is not None
    assert 0.75 < with_it.likely / truth < 1.3
    assert without.likely / truth < 0.2


def test_an_earlier_run_that_went_otherwise_is_soon_disbelieved() -> None:
    earlier = Estimator()
    _worked([(200, 0.1), (100, 2.0)], earlier)
    again = Estimator(earlier.profile())
    active = _worked([(200, 1.0)], again)
    foretold = again.forecast(100, active)
    assert foretold is not None
    assert foretold.likely < 400, "the earlier run alone would say 2,000"


def test_a_long_item_in_hand_is_waited_for_as_long_as_it_weighs() -> None:
    estimator = Estimator()
    for number in range(1, 101):
        estimator.record(10.0 * number, float(number), number)
    seen = estimator.forecast(1_000, 100.0, in_hand=1_000)
    later = estimator.forecast(1_000, 150.0, in_hand=1_000)
    assert seen is not None
    assert later is not None
    assert 90 < seen.likely < 110
    assert 45 < later.likely < 60, "half of it is over, though nothing was done meanwhile"


def test_what_goes_back_is_foretold_by_the_items_since_then() -> None:
    """As where the length of a source is found out later: its items are as long as before."""
    estimator = Estimator()
    for item in range(1, 1001):
        estimator.record(item, 10.0 * item)
    for number, item in enumerate(range(900, 911), 1):
        estimator.record(item, 10_000 + 10.0 * number)
    now, later = estimator.forecast(2, 10_110), estimator.forecast(2, 10_118)
    assert now is not None
    assert later is not None
    assert later.likely < now.likely, "an item is expected to take ten seconds"


def test_the_last_items_of_many_workers_are_not_foretold_by_their_common_pace() -> None:
    estimator = Estimator()
    active = _worked([(400, 0.125)], estimator)
    alone, together = estimator.forecast(8, active), estimator.forecast(8, active, workers=8)
    assert alone is not None
    assert together is not None
    assert alone.likely < 1.1
    assert together.likely > 2.0


def test_an_end_that_was_foretold_stays_while_the_news_is_small() -> None:
    estimator = Estimator()
    rng, active = random.Random(3), 0.0
    ends = []
    for item in range(1, 301):
        active += rng.lognormvariate(0, 0.5)
        estimator.record(item, active)
        if item >= 100 and (foretold := estimator.forecast(400 - item, active)) is not None:
            ends.append(active + foretold.likely)
    stayed = sum(abs(after - before) < 1e-6 for before, after in pairwise(ends))
    assert stayed > len(ends) / 4


def test_a_clear_change_of_pace_is_told_with_its_moment() -> None:
    estimator = Estimator()
    for second in range(1, 101):
        estimator.record(10.0 * second, float(second))
    assert estimator.change() is None
    for second in range(101, 201):
        estimator.record(1000.0 + 5 * (second - 100), float(second))
    change = estimator.change()
    assert change is not None
    assert change.active_seconds == pytest.approx(100, abs=12)
    assert change.factor == pytest.approx(0.5, abs=0.08)


def test_nothing_done_is_no_change_of_pace() -> None:
    assert Estimator().change() is None
