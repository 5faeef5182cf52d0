"""The estimator on loads whose truth is known."""

import random
from math import log

from hypothesis import given
from hypothesis import strategies as st

from overnight.state.eta import KNOTS, Estimator


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
    assert len(estimator._counts) == len(estimator._times) <= KNOTS
    assert estimator._counts[-1] == 999_999
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
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=400),
    st.floats(0, 1e9),
    st.floats(0, 1e7),
)
def test_whatever_is_recorded_a_forecast_is_ordered_and_never_negative(
    seen: list[tuple[float, float]], left: float, active: float
) -> None:
    estimator = Estimator()
    for count, seconds in seen:
        estimator.record(count, seconds)
    foretold = estimator.forecast(left, active)
    if foretold is not None:
        assert 0 <= foretold.low <= foretold.likely <= foretold.high
