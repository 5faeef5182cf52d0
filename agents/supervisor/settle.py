"""Ending a run that nobody supervises, by whoever holds its lock for a moment."""

import time

from overnight.agents.supervisor import book, members
from overnight.agents.supervisor.outcome import Asked, Budget, Ending, Over, verdict_of
from overnight.agents.supervisor.words import words_of
from overnight.state import process
from overnight.state.records import AgentStatus, Attempt, Exit, Outcome, Spec
from overnight.state.rundir import RunDir

KEEPER_GRACE, LOOK_AFTER = 5.0, 0.01
"""Seconds that a keeper has for its final record, and between two looks for it."""
ENDED_BY_ITSELF = frozenset({AgentStatus.COMPLETED, AgentStatus.FAILED, AgentStatus.CANCELLED})
"""Last words of an agent that no reboot has cut off."""


def goes_on(run: RunDir) -> bool:
    """Whether a supervisor would know what to do: nothing was started since the run was, or was resumed; the newest
    attempt lives; or its end is on record.
    """
    number = run.last_attempt_number()
    if number == 0 or is_between_attempts(run):
        return True
    attempt = run.attempt(number)
    if not isinstance(attempt, Attempt):
        return False
    return attempt.ended_at is not None or members.kernel_state(attempt) is not None


def is_between_attempts(run: RunDir, *, waits: bool = False) -> bool:
    """Whether nothing lives of its newest attempt, and the next is wanted: it was resumed after it.

    `waits`: that it waits for its turn is on record.
    """
    number = run.last_attempt_number()
    attempt = run.attempt(number)
    gone = not isinstance(attempt, Attempt) or members.kernel_state(attempt) is None
    return gone and (waits or number <= run.judged_attempts())


def has_open_attempt(run: RunDir) -> bool:
    """Whether an attempt lives, or has ended with that on record and the run was not resumed since.

    Somebody has to take it over then: watch it, judge it, or start the next one when its delay is over. Without,
    nothing of the run is under way: it is lost, or waits for its turn.
    """
    number = run.last_attempt_number()
    attempt = run.attempt(number) if number else None
    if not isinstance(attempt, Attempt):
        return False
    if members.kernel_state(attempt) is not None:
        return True
    return attempt.ended_at is not None and number > run.judged_attempts()


def goes_on_after_all(run: RunDir) -> bool:
    """The same, once the keeper of a process that has vanished has had its time to write down how."""
    deadline = time.monotonic() + KEEPER_GRACE
    while not goes_on(run) and run.is_kept(run.last_attempt_number()) and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
    return goes_on(run)


def exit_of_lost(run: RunDir, spec: Spec) -> Exit:
    """How a run whose process has vanished ended, as far as the agent's last words tell."""
    over = _verdict_on_lost(run, spec)
    return book.exit_of(run, over.outcome, over.reason)


def end_cancelled(run: RunDir) -> None:
    """Write down that a run was cancelled while nothing of it lived. Raises OSError."""
    book.end_run(run, book.exit_of(run, Outcome.CANCELLED, "cancelled while nothing of it ran"))


def _verdict_on_lost(run: RunDir, spec: Spec) -> Over:
    attempt = run.attempt(run.last_attempt_number())
    known = attempt if isinstance(attempt, Attempt) else None
    ending = Ending(known=False, own_status=words_of(run, spec, known).status)
    if known and known.boot_id != process.boot_id() and ending.own_status not in ENDED_BY_ITSELF:
        return Over(Outcome.INTERRUPTED, "the machine was restarted")
    verdict = verdict_of(ending, Asked(), Budget())
    assert isinstance(verdict, Over), "nothing is restarted whose end is not known"
    return verdict
