"""What the end of an attempt means, as a table of the protocol's rules."""

import pytest

from overnight.agents.retry import FIRST_DELAY, LONGEST_DELAY, delay_before
from overnight.agents.supervisor.outcome import Again, Asked, Budget, Ending, Limit, Over, Stop, verdict_of
from overnight.state.records import AgentStatus, Outcome, Restart

COMPLETED, FAILED, CANCELLED, INTERRUPTED = Outcome
CANCEL = Asked(stop=Stop.CANCEL, cancel_wanted=True)
SHUTDOWN = Asked(stop=Stop.SHUTDOWN, shutdown=True)
NOTHING = Asked()


@pytest.mark.parametrize(
    ("ending", "asked", "outcome"),
    [
        (Ending(0), NOTHING, COMPLETED),
        (Ending(1), NOTHING, FAILED),
        (Ending(signal="SIGSEGV"), NOTHING, FAILED),
        (Ending(signal="SIGKILL"), NOTHING, FAILED),
        # A SIGTERM that nobody asked overnight for: a shutdown, a pre-emption.
        (Ending(signal="SIGTERM"), NOTHING, INTERRUPTED),
        (Ending(143), NOTHING, INTERRUPTED),
        # Nothing of it ran, again and again.
        (Ending(126, unexecuted=3), NOTHING, FAILED),
        (Ending(126, unexecuted=1), CANCEL, CANCELLED),
        (Ending(126, unexecuted=1), SHUTDOWN, INTERRUPTED),
        # After a stop that was asked for.
        (Ending(0), CANCEL, CANCELLED),
        (Ending(0, own_status=AgentStatus.CANCELLED), CANCEL, CANCELLED),
        (Ending(0, own_status=AgentStatus.COMPLETED), CANCEL, COMPLETED),
        (Ending(75), CANCEL, CANCELLED),
        (Ending(signal="SIGTERM"), CANCEL, CANCELLED),
        (Ending(signal="SIGKILL"), CANCEL, CANCELLED),
        (Ending(143), CANCEL, CANCELLED),
        (Ending(3), CANCEL, FAILED),
        # After one that was not.
        (Ending(0), SHUTDOWN, INTERRUPTED),
        (Ending(0, own_status=AgentStatus.COMPLETED), SHUTDOWN, COMPLETED),
        (Ending(75), SHUTDOWN, INTERRUPTED),
        (Ending(signal="SIGKILL"), SHUTDOWN, INTERRUPTED),
        (Ending(1), SHUTDOWN, INTERRUPTED),
        # It heard the shutdown before we could pass it on.
        (Ending(0), Asked(shutdown=True), INTERRUPTED),
        (Ending(0, own_status=AgentStatus.COMPLETED), Asked(shutdown=True), COMPLETED),
        # It may have read the cancel before the signal came, or have finished just then.
        (Ending(0, own_status=AgentStatus.CANCELLED), Asked(cancel_wanted=True), CANCELLED),
        (Ending(0), Asked(cancel_wanted=True), COMPLETED),
        (Ending(75), Asked(cancel_wanted=True), CANCELLED),
        (Ending(signal="SIGKILL"), Asked(stop=Stop.KILL), CANCELLED),
        (Ending(0), Asked(stop=Stop.KILL), CANCELLED),
        (Ending(127, exec_error="x: No such file"), NOTHING, FAILED),
        # Nobody knows the code.
        (Ending(known=False), NOTHING, FAILED),
        (Ending(known=False, own_status=AgentStatus.RUNNING), NOTHING, FAILED),
        (Ending(known=False, own_status=AgentStatus.INTERRUPTED), NOTHING, INTERRUPTED),
        (Ending(known=False, own_status=AgentStatus.COMPLETED), NOTHING, COMPLETED),
        (Ending(known=False, own_status=AgentStatus.FAILED), NOTHING, FAILED),
        (Ending(known=False), CANCEL, CANCELLED),
    ],
)
def test_an_end_has_this_outcome(ending: Ending, asked: Asked, outcome: Outcome) -> None:
    verdict = verdict_of(ending, asked, Budget())
    assert isinstance(verdict, Over)
    assert verdict.outcome is outcome


ON_FAILURE, ALWAYS = Restart.ON_FAILURE, Restart.ALWAYS


@pytest.mark.parametrize(
    ("ending", "budget", "used", "backoff"),
    [
        (Ending(1), Budget(ON_FAILURE, 3, 0), 1, True),
        (Ending(1), Budget(ON_FAILURE, 3, 2), 3, True),
        (Ending(1, progressed=True), Budget(ON_FAILURE, 3, 3), 1, True),
        (Ending(signal="SIGKILL"), Budget(ON_FAILURE, 1, 0), 1, True),
        (Ending(0), Budget(ALWAYS, 5, 0), 1, True),
        (Ending(75), Budget(ON_FAILURE, 1, 0), 1, True),
        (Ending(75, progressed=True), Budget(Restart.NEVER, 0, 0), 0, False),
        (Ending(126, unexecuted=2), Budget(Restart.NEVER, 0, 0), 0, False),
    ],
)
def test_an_end_is_followed_by_another_attempt(ending: Ending, budget: Budget, used: int, backoff: bool) -> None:
    verdict = verdict_of(ending, NOTHING, budget)
    assert isinstance(verdict, Again)
    assert (verdict.used, verdict.backoff) == (used, backoff)


@pytest.mark.parametrize(
    ("ending", "budget", "reason"),
    [
        (Ending(1), Budget(), "exit code 1"),
        (Ending(1), Budget(ON_FAILURE, 4, 4), "exit code 1 five times without progress"),
        (Ending(signal="SIGKILL"), Budget(ON_FAILURE, 1, 1), "ended by SIGKILL twice without progress"),
        (Ending(75), Budget(ON_FAILURE, 9, 9), "exit code 75 10 times without progress"),
        (Ending(1, progressed=True), Budget(ON_FAILURE, 0, 0), "exit code 1"),
    ],
)
def test_a_budget_that_is_used_up_fails_the_run_as_a_crash_loop(ending: Ending, budget: Budget, reason: str) -> None:
    assert verdict_of(ending, NOTHING, budget) == Over(FAILED, reason)


@pytest.mark.parametrize("ending", [Ending(1), Ending(signal="SIGKILL"), Ending(75), Ending(known=False)])
@pytest.mark.parametrize("asked", [CANCEL, SHUTDOWN, Asked(stop=Stop.KILL), Asked(cancel_wanted=True)])
def test_nothing_is_started_again_after_a_stop(ending: Ending, asked: Asked) -> None:
    assert isinstance(verdict_of(ending, asked, Budget(ALWAYS, 9)), Over)


@pytest.mark.parametrize("ending", [Ending(0), Ending(75), Ending(signal="SIGTERM"), Ending(1)])
def test_a_restart_on_request_starts_at_once_and_costs_nothing(ending: Ending) -> None:
    verdict = verdict_of(ending, Asked(stop=Stop.RESTART), Budget())
    assert isinstance(verdict, Again)
    assert (verdict.used, verdict.backoff) == (0, False)


LONG = Limit("ran longer than its limit of 2h")
MUCH = Limit("held 3G of memory, more than its limit of 2G", again=True)


@pytest.mark.parametrize("ending", [Ending(75, progressed=True), Ending(signal="SIGKILL"), Ending(0), Ending(1)])
def test_past_its_limit_a_run_has_failed_or_counts_as_failed_once_more(ending: Ending) -> None:
    budget = Budget(ON_FAILURE, 2, 1)
    assert verdict_of(ending, Asked(Stop.LIMIT, limit=LONG), budget) == Over(FAILED, LONG.reason, "time")
    again = verdict_of(ending, Asked(Stop.LIMIT, limit=MUCH), budget)
    assert again == Again(1 if ending.progressed else 2, backoff=True, reason=MUCH.reason)
    assert isinstance(verdict_of(ending, Asked(Stop.LIMIT, cancel_wanted=True, limit=MUCH), budget), Over)


def test_what_has_completed_on_its_way_out_has_completed() -> None:
    ending = Ending(0, own_status=AgentStatus.COMPLETED)
    assert verdict_of(ending, Asked(Stop.LIMIT, limit=LONG), Budget()) == Over(COMPLETED)


def test_a_cancel_that_was_taken_back_starts_again() -> None:
    assert isinstance(verdict_of(Ending(75), Asked(stop=Stop.CANCEL, cancel_wanted=False), Budget()), Again)


def test_nothing_is_started_again_whose_end_is_not_known() -> None:
    verdict = verdict_of(Ending(known=False), NOTHING, Budget(ALWAYS, 9))
    assert isinstance(verdict, Over)
    assert verdict.reason is not None
    assert "not known" in verdict.reason


def test_delays_grow_are_spread_and_have_a_bound() -> None:
    longest = [delay_before(retry, 1.0) for retry in (1, 2, 3, 4)]
    assert longest == [FIRST_DELAY, FIRST_DELAY * 2, FIRST_DELAY * 4, FIRST_DELAY * 8]
    assert delay_before(3, 0.25) == FIRST_DELAY
    assert delay_before(5, 0.0) == 0.0
    assert delay_before(100_000, 1.0) == LONGEST_DELAY
