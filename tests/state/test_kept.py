"""What a checkpoint keeps of breakers and budgets, as somebody else reads it."""

import pytest

from overnight.state.kept import Kept, KeptBreaker, KeptLimit, kept_in

LIMITS = {"attempt": 2, "most": {"usd": 5, "time": 3600.0}, "on": {"usd": "pause", "time": "fail"}}


def test_limits_are_told_as_they_stand_now() -> None:
    kept = kept_in({"kept": {"limits": LIMITS, "budget": {"usd": 10.0, "time": 9e9}}, "active_seconds": 12.5}, 2)
    # What shall fail at its limit is granted nothing.
    assert kept.limits == (KeptLimit("usd", 10.0, "pause"), KeptLimit("time", 3600.0, "fail"))
    assert kept.active_seconds == 12.5


def test_the_budget_of_an_earlier_attempt_is_none_of_this_one() -> None:
    assert kept_in({"kept": {"limits": LIMITS}}, 3).limits == ()


def test_breakers_are_told_with_their_state() -> None:
    states = {"breaker:api": {"failures": 10, "opened_at": 5.0}, "breaker:db": {"failures": 0, "opened_at": None}}
    assert kept_in({"kept": {**states, "deaths": {}}}, 1).breakers == (
        KeptBreaker("api", 10, 5.0),
        KeptBreaker("db", 0, None),
    )


@pytest.mark.parametrize(
    "head",
    [
        None,
        [],
        {},
        {"kept": 3},
        {"kept": {"limits": 3, "breaker:x": 3}},
        {"kept": {"limits": {"attempt": 1, "most": {"usd": "5"}, "on": 3}, "budget": []}},
        {"kept": {"limits": {"attempt": 1, "most": {"usd": float("inf")}}}, "active_seconds": "x"},
        {"kept": {"limits": {"attempt": 1, "most": {"usd": 10**400}}}, "active_seconds": -(10**400)},
    ],
)
def test_what_is_not_of_the_form_is_left_out(head: object) -> None:
    assert kept_in(head, 1) == Kept()
