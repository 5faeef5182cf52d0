"""What an announced wait adds to the time that is left, from records alone."""

from typing import Any

import pytest

from overnight.state.foreteller import Foreteller
from overnight.state.records import Estimate, Heartbeat, Pace, Records, Waiting
from overnight.state.summary import estimate_of
from overnight.state.waits import announced
from tests.builders import STARTED, T0, a_run, an_attempt, heartbeat, progress

OWN = Estimate(10, 20, 40)


def waiting(until: float | None, **changes: Any) -> Records:
    told = heartbeat(waiting=Waiting("the quota opens at six", until))
    return a_run(heartbeat=told, progress=progress(estimate=OWN)._replace(**changes))


def test_what_is_left_of_a_wait_is_added_and_counts_down() -> None:
    run = waiting(T0 + 400)
    assert estimate_of(run, T0) == (410, 420, 440)
    assert estimate_of(run, T0 + 395) == (15, 25, 45)
    assert estimate_of(run, T0 + 500) == OWN


def test_where_others_work_beside_what_waits_it_takes_as_long_as_that_at_least() -> None:
    assert estimate_of(waiting(T0 + 30, pace=Pace(workers=8)), T0) == (30, 30, 40)


def test_a_wait_without_an_end_leaves_nothing_to_foretell() -> None:
    run = waiting(None)
    assert estimate_of(run, T0) is None
    wait = announced(run, T0)
    assert wait is not None
    assert wait.left is None


def test_a_time_of_completion_is_not_put_off_by_a_wait_that_it_knew() -> None:
    known = {"estimate": None, "estimated_completion": T0 + 500}
    assert estimate_of(waiting(T0 + 400, **known), T0) == (500, 500, 500)
    assert estimate_of(waiting(T0 + 600, **known), T0) == (600, 600, 600)


def test_a_mean_rate_knows_nothing_of_a_wait() -> None:
    foretold = estimate_of(waiting(T0 + 400, estimate=None, active_seconds=40.0), T0)
    assert foretold is not None
    assert foretold.likely == pytest.approx(460)


def test_a_wait_of_another_attempt_is_over() -> None:
    told = heartbeat(waiting=Waiting("the quota", T0 + 400), attempt=0)
    assert announced(a_run(heartbeat=told), T0) is None


def test_a_wait_of_an_attempt_that_has_ended_is_over() -> None:
    run = waiting(T0 + 400)._replace(attempt=an_attempt(ended_at=T0 - 1), process_state=None)
    assert announced(run, T0) is None
    assert estimate_of(run, T0) == OWN


def test_who_watches_counts_does_not_take_an_announced_wait_for_work() -> None:
    foreteller = Foreteller()

    def seen(second: float, done: int, wait: Waiting | None = None) -> Records:
        now = STARTED + second
        told = progress(total_items=1000, processed_items=done, updated_at=now)
        beat = Heartbeat(last_heartbeat=now, attempt=1, waiting=wait)
        run = a_run(progress=told, progress_changed_at=now, heartbeat=beat, heartbeat_changed_at=now)
        return foreteller.foretell(run, now)

    for second in range(1, 101):
        seen(second, second)
    for second in range(101, 501):
        seen(second, 100, Waiting("the quota", STARTED + 501))
    for second in range(501, 521):
        records = seen(second, second - 400)
    assert records.progress is not None
    assert records.progress.estimate is not None
    assert 800 < records.progress.estimate.likely < 960
