"""The end of runs whose agents write only counts, as whoever watches them foretells it."""

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.foreteller import Foreteller
from overnight.state.records import Estimate, Progress, Records, SupervisorState
from overnight.state.summary import estimate_of
from overnight.tui.foretelling import Foretelling
from tests.builders import STARTED, a_run, a_supervisor


def at(second: float, done: float, **changes: object) -> Records:
    """A run of 1,000 items that has said, so many seconds after its start, how many it has done."""
    told = Progress(total_items=1000, processed_items=int(done), updated_at=STARTED + second, attempt=1)
    return a_run(progress=told._replace(**changes), progress_changed_at=STARTED + second)  # type: ignore[arg-type]


def watched(*looks: tuple[float, float]) -> Estimate:
    """What is foretold after these looks: second, items done."""
    foreteller = Foreteller()
    for second, done in looks:
        records = foreteller.foretell(at(second, done), STARTED + second)
    assert records.progress is not None
    assert records.progress.estimate is not None
    return records.progress.estimate


def test_a_change_of_pace_counts_where_the_mean_knows_nothing_of_it() -> None:
    # Ten items a second for half a minute, then one a second: 600 are left, so 600 seconds.
    looks = [(second, 10 * second) for second in range(1, 31)]
    looks += [(30 + second, 300 + second) for second in range(1, 101)]
    foretold, mean = watched(*looks), estimate_of(at(130, 400), STARTED + 130)
    assert mean is not None
    assert abs(foretold.likely - 600) < 120 < abs(mean.likely - 600)
    assert foretold.low < 600 < foretold.high


def test_time_in_which_it_was_held_is_no_work() -> None:
    foreteller = Foreteller()
    for second in range(1, 101):
        foreteller.foretell(at(second, 5 * second), STARTED + second)
    frozen = at(100, 500)._replace(process_state="T")
    for second in range(101, 4000, 5):
        foreteller.foretell(frozen, STARTED + second)
    told = foreteller.foretell(at(4001, 505), STARTED + 4001).progress
    assert told is not None
    assert told.estimate is not None
    assert told.estimate.likely == pytest.approx(99, rel=0.3)


def test_a_night_in_which_the_host_slept_is_no_work() -> None:
    foreteller = Foreteller()
    for second in range(1, 101):
        foreteller.foretell(at(second, 5 * second), STARTED + second, 7.0)
    told = foreteller.foretell(at(30_002, 510), STARTED + 30_002, 7.0 + 29_900).progress
    assert told is not None
    assert told.estimate is not None
    assert told.estimate.likely == pytest.approx(98, rel=0.3)


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_that_somebody_sets_is_no_work_and_takes_none_back(jump: float) -> None:
    second = 0.0
    foretelling = Foretelling(lambda: STARTED + second + (jump if second > 100 else 0), lambda: second)
    for done in range(1, 121):
        second = float(done)
        told = foretelling.of(at(second + (jump if second > 100 else 0), 5 * second)).progress
    assert told is not None
    assert told.estimate is not None
    assert told.estimate.likely == pytest.approx(80, rel=0.1)


def test_a_percentage_that_becomes_a_count_is_no_change_of_pace() -> None:
    foreteller = Foreteller()
    for second in range(1, 51):
        percent = at(second, 0, processed_items=None, total_items=None, percent_complete=second / 10)
        foreteller.foretell(percent, STARTED + second)
    for second in range(51, 101):
        told = foreteller.foretell(at(second, second), STARTED + second).progress
    assert told is not None
    assert told.estimate is not None
    assert told.estimate.likely == pytest.approx(900, rel=0.1)
    assert told.pace is None


def test_what_nobody_looked_at_for_a_while_went_on() -> None:
    """As while the interface was stopped with ctrl+z."""
    back = watched(*((second, second) for second in range(1, 101)), (600, 600))
    assert back.likely == pytest.approx(400, rel=0.3)


def test_what_the_agent_foretells_stays() -> None:
    own = Estimate(1, 2, 3)
    records = at(10, 100, estimate=own)
    assert Foreteller().foretell(records, STARTED + 10) is records
    records = at(10, 100, estimated_completion=STARTED + 20)
    assert Foreteller().foretell(records, STARTED + 10) is records


@pytest.mark.parametrize(
    "records",
    [
        at(10, 100, total_items=None),
        at(10, 100)._replace(supervisor=a_supervisor(state=SupervisorState.WAITING), attempt=None),
        at(10, 100)._replace(progress=None),
    ],
    ids=["unknown length", "queued", "reports nothing"],
)
def test_where_nothing_can_be_foretold_nothing_is(records: Records) -> None:
    assert Foreteller().foretell(records, STARTED + 11) is records


def test_a_percentage_is_enough() -> None:
    foreteller = Foreteller()
    for second in range(1, 51):
        told = at(second, 0, processed_items=None, total_items=None, percent_complete=float(second))
        records = foreteller.foretell(told, STARTED + second)
    estimate = estimate_of(records, STARTED + 50)
    assert estimate is not None
    assert estimate.likely == pytest.approx(50, rel=0.2)


def test_another_attempt_is_watched_anew() -> None:
    foreteller = Foreteller()
    for second in range(1, 51):
        foreteller.foretell(at(second, 10 * second), STARTED + second)
    again = at(60, 500, attempt=2)
    again = again._replace(attempt=again.attempt and again.attempt._replace(attempt=2, started_at=STARTED + 55))
    assert foreteller.foretell(again, STARTED + 60) is again


@given(st.lists(st.tuples(st.floats(), st.floats(allow_nan=False), st.floats(allow_nan=False)), max_size=20))
def test_nothing_that_an_agent_says_makes_an_impossible_estimate(said: list[tuple[float, float, float]]) -> None:
    foreteller = Foreteller()
    for second, (when, done, total) in enumerate(said):
        told = Progress(total_items=total, processed_items=done, updated_at=when, attempt=1)
        records = foreteller.foretell(a_run(progress=told), STARTED + second)
        estimate = records.progress.estimate if records.progress else None
        assert estimate is None or all(isfinite(each) and each >= 0 for each in estimate)
