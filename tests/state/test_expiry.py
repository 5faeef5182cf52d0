"""Which runs may go: those that are over, by intent, for long enough; never one that lives or may be taken up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.expiry import PRUNABLE, PRUNED, Rule, has_expired, over_for
from overnight.state.records import Exit, Outcome, Records, SupervisorState, Verb
from overnight.state.status import LIVE, Status, status_of
from tests.builders import STARTED, T0, a_request, a_run, a_spec, a_supervisor, an_attempt

DAY = 86_400.0


def over(outcome: Outcome = Outcome.COMPLETED, days: float = 10, **changes: Any) -> Records:
    ended = Exit(outcome, ended_at=T0 - days * DAY)
    return a_run(**{"exit": ended, "supervised": False, "process_state": None, **changes})


@pytest.mark.parametrize(
    ("days", "older", "goes"),
    [(10, 7, True), (10, 10, True), (10, 11, False), (0, 0, True), (-3, 1, False), (-3, 0, True)],
)
def test_a_run_goes_when_it_has_been_over_for_long_enough(days: float, older: float, goes: bool) -> None:
    assert has_expired(over(days=days), Rule(older * DAY), T0) is goes


@pytest.mark.parametrize("outcome", list(Outcome))
def test_of_what_ended_only_an_interrupted_run_stays_unless_it_is_named(outcome: Outcome) -> None:
    assert has_expired(over(outcome), Rule(DAY), T0) is (outcome is not Outcome.INTERRUPTED)
    assert has_expired(over(outcome), Rule(DAY, frozenset({Status(outcome)})), T0)


LIVING: list[dict[str, Any]] = [
    {},
    {"supervised": False},
    {"supervised": False, "process_state": None, "attempt": an_attempt(ended_at=STARTED + 1, code=0)},
    {"process_state": "T"},
    {"requests": (a_request(Verb.PAUSE),)},
    {"attempt": None, "process_state": None},
    {"attempt": None, "process_state": None, "supervised": False, "supervisor": None},
    {"process_state": None, "supervisor": a_supervisor(state=SupervisorState.BACKOFF)},
    {"supervisor": a_supervisor(state=SupervisorState.STOPPING)},
    {"heartbeat": None, "progress": None, "supervisor": None},
]


@pytest.mark.parametrize("changes", LIVING)
def test_nothing_that_lives_waits_or_is_to_be_adopted_ever_goes(changes: dict[str, Any]) -> None:
    run = a_run(**changes)
    later = T0 + 1000 * DAY
    assert status_of(run, later) in LIVE
    assert not has_expired(run, Rule(0, frozenset(Status)), later)


def test_a_lost_run_goes_only_when_it_is_named() -> None:
    run = a_run(supervised=False, process_state=None)
    assert status_of(run, T0) is Status.LOST
    assert not has_expired(run, Rule(0), T0)
    assert has_expired(run, Rule(0, frozenset({Status.LOST})), T0)


def test_where_no_end_is_on_record_the_last_sign_of_life_counts() -> None:
    cut_off = a_run(supervised=False, process_state=None, boot_id="another", progress_changed_at=T0 - 2 * DAY)
    assert status_of(cut_off, T0) is Status.INTERRUPTED
    # A heartbeat of a second ago.
    assert over_for(cut_off, T0) == 1
    assert over_for(cut_off._replace(heartbeat_changed_at=None), T0) == T0 - STARTED
    asked = cut_off._replace(heartbeat_changed_at=None, requests=(a_request(Verb.RESUME, at=T0 - 9),))
    assert over_for(asked, T0) == 9


def test_what_says_nothing_of_itself_may_be_new() -> None:
    assert over_for(Records("x", "/r", exit=Exit(Outcome.COMPLETED)), T0) == 0


def test_only_runs_of_the_group_go() -> None:
    run = over(spec=a_spec(group="nightly"))
    assert has_expired(run, Rule(DAY, PRUNED, "nightly"), T0)
    assert not has_expired(run, Rule(DAY, PRUNED, "default"), T0)
    assert not has_expired(run._replace(spec=None), Rule(DAY, PRUNED, "default"), T0)


@given(st.sampled_from(LIVING), st.sampled_from(list(Outcome)), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_a_longer_age_never_removes_more(changes: dict[str, Any], outcome: Outcome, ended: float, older: float) -> None:
    run = a_run(**changes)._replace(exit=Exit(outcome, ended_at=T0 - ended))
    if has_expired(run, Rule(2 * older, PRUNABLE), T0):
        assert has_expired(run, Rule(older, PRUNABLE), T0)
