"""A circuit breaker: closed, open, one try at a time; over restarts and odd clocks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.agents.breaker import (
    CLOSED,
    Breaker,
    after_failure,
    after_pass,
    after_success,
    from_plain,
    may_pass,
    plain,
)

T0 = 1_800_000_000.0
LIMIT, RESET = 3, 60.0


def failed(times: int, now: float = T0) -> Breaker:
    state = CLOSED
    for _ in range(times):
        state = after_failure(after_pass(state, now), now, LIMIT)
    return state


def test_it_opens_with_the_last_of_so_many_failures_in_a_row() -> None:
    assert may_pass(failed(LIMIT - 1), T0, RESET) == 0
    assert may_pass(failed(LIMIT), T0, RESET) == RESET
    assert may_pass(failed(LIMIT), T0 + 45, RESET) == RESET - 45


def test_a_success_in_between_begins_the_row_anew() -> None:
    state = failed(LIMIT - 1)
    for end in (after_success(), after_failure(after_success(), T0, LIMIT)):
        state = end
        assert may_pass(state, T0, RESET) == 0
    assert state.failures == 1


def test_after_the_wait_one_passes_and_the_others_wait_for_how_that_ends() -> None:
    opened, now = failed(LIMIT), T0 + RESET
    assert may_pass(opened, now, RESET) == 0
    trying = after_pass(opened, now)
    assert 0 < may_pass(trying, now, RESET) <= 1
    assert may_pass(after_success(), now, RESET) == 0


def test_a_try_that_fails_opens_it_again_for_as_long() -> None:
    now = T0 + RESET + 5
    state = after_failure(after_pass(failed(LIMIT), now), now + 2, LIMIT)
    assert may_pass(state, now + 2, RESET) == RESET
    assert state.failures == LIMIT + 1


def test_a_try_that_hangs_keeps_the_others_no_longer_than_it_would_stay_open() -> None:
    trying = after_pass(failed(LIMIT), T0 + RESET)
    assert may_pass(trying, T0 + RESET + RESET - 0.5, RESET) == 0.5
    assert may_pass(trying, T0 + RESET + RESET, RESET) == 0


def test_a_failure_that_began_before_it_opened_does_not_keep_it_open_longer() -> None:
    late = after_failure(failed(LIMIT), T0 + 50, LIMIT)
    assert may_pass(late, T0 + 50, RESET) == RESET - 50


def test_its_state_survives_a_restart_but_a_try_in_flight_does_not() -> None:
    trying = after_pass(failed(LIMIT), T0 + RESET)
    read = from_plain(json.loads(json.dumps(plain(trying))))
    assert read == trying._replace(probing=False)
    assert may_pass(read, T0 + RESET + 1, RESET) == RESET - 1
    assert from_plain(json.loads(json.dumps(plain(CLOSED)))) == CLOSED


@pytest.mark.parametrize(
    "damaged",
    [None, [], "open", {}, {"failures": -1}, {"failures": "3", "opened_at": "now"}, {"opened_at": float("nan")}],
    ids=repr,
)
def test_a_damaged_state_is_a_closed_one(damaged: object) -> None:
    assert from_plain(damaged) == CLOSED


def test_a_clock_that_went_backwards_lets_a_try_through() -> None:
    a_day_ago = T0 - 86_400
    assert may_pass(failed(LIMIT), a_day_ago, RESET) == 0
    again = after_failure(after_pass(failed(LIMIT), a_day_ago), a_day_ago, LIMIT)
    assert may_pass(again, a_day_ago, RESET) == RESET


@given(
    st.builds(Breaker, st.integers(0, 9), st.none() | st.floats(T0 - 1e6, T0 + 1e6), st.booleans()),
    st.floats(T0 - 1e6, T0 + 1e6),
    st.floats(0, 3600),
)
def test_nobody_waits_longer_than_it_stays_open_whatever_the_state(state: Breaker, now: float, reset: float) -> None:
    assert 0 <= may_pass(state, now, reset) <= reset
    assert may_pass(state, now + reset + 1e7, reset) == 0
