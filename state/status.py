"""What a run's records mean, and the named sets of statuses. Pure: no clock, no disk, no terminal."""

from enum import StrEnum

from overnight.state import current
from overnight.state.health import Verdict, health_of
from overnight.state.records import AgentStatus, Outcome, Records, SupervisorState, Verb


class Status(StrEnum):
    """Derived by `status_of`, stored nowhere."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    FROZEN = "frozen"
    RESUMING = "resuming"
    STOPPING = "stopping"
    BACKOFF = "backoff"
    STALLED = "stalled"
    STALE = "stale"
    LOST = "lost"
    UNSUPERVISED = "unsupervised"
    UNKNOWN = "unknown"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.INTERRUPTED})
"""The run is over: exit.json says so, or a reboot does."""
HELD = frozenset({Status.PAUSED, Status.FROZEN})
"""Nothing moves, mostly because an operator asked for it."""
WAITING = frozenset({Status.QUEUED, Status.BACKOFF, Status.STARTING})
"""No attempt works, one will."""
TROUBLE = frozenset(
    {
        Status.STALLED,
        Status.STALE,
        Status.LOST,
        Status.UNSUPERVISED,
        Status.UNKNOWN,
        Status.FAILED,
        Status.INTERRUPTED,
    }
)
"""Somebody should look, whatever else is known of it."""
LIVE = frozenset(Status) - ENDED - {Status.LOST}
"""There is, or will be, a process."""
RESUMABLE = frozenset({Status.INTERRUPTED, Status.LOST})
"""Not running and not ended by intent: `resume` continues it from its checkpoint."""
RETRYABLE = frozenset({Status.FAILED, Status.CANCELLED}) | RESUMABLE
"""`retry` continues it from its checkpoint."""

FINAL = {
    Outcome.COMPLETED: Status.COMPLETED,
    Outcome.FAILED: Status.FAILED,
    Outcome.CANCELLED: Status.CANCELLED,
    Outcome.INTERRUPTED: Status.INTERRUPTED,
}


def status_of(records: Records, now: float) -> Status:
    """The first that matches, in the protocol's order. `now`: seconds since the epoch."""
    if records.exit is not None:
        return FINAL[records.exit.outcome]
    if not records.supervised:
        # What cannot be seen is not gone.
        return Status.UNKNOWN if records.shut is not None else _unsupervised_status(records)
    state = records.supervisor.state if records.supervisor else SupervisorState.STARTING
    if state is SupervisorState.WAITING:
        # Whatever attempts it had: after a retry it waits for its turn again.
        return Status.QUEUED
    if records.attempt is None:
        return Status.UNKNOWN if records.shut is not None else Status.STARTING
    if state is SupervisorState.STOPPING:
        return Status.STOPPING
    if state is SupervisorState.BACKOFF:
        return Status.BACKOFF
    return _attempt_status(records, now)


def standing(status: Status) -> str:
    """What is said of a run: `is running`, `has failed`."""
    return _STANDING.get(status, f"is {status}")


def outcome_words(outcome: Outcome) -> str:
    """Of a run that something waits for: `failed`, `was cancelled`."""
    return "failed" if outcome is Outcome.FAILED else f"was {outcome}"


_STANDING = {Status.COMPLETED: "has completed", Status.FAILED: "has failed", Status.BACKOFF: "is in backoff"}


def paused_itself(records: Records, status: Status) -> bool:
    """Nobody asked for it: it cannot go on (a full disk, a limit that is reached), and says why in its message."""
    return status is Status.PAUSED and not current.pause_wanted(records.requests)


def stopped_from_outside(records: Records, status: Status) -> bool:
    """A signal has stopped its process, and nobody asked overnight for that; nor did it do so itself, at a terminal."""
    if status is not Status.FROZEN or current.pause_wanted(records.requests):
        return False
    ours = records.supervisor is not None and records.supervisor.frozen
    return not ours and not stopped_itself(records, status)


def stopped_itself(records: Records, status: Status) -> bool:
    """At its terminal, where somebody has pressed ctrl+z: once it has paused, as nobody does who is supervised."""
    is_paused = current.own_status(records) is AgentStatus.PAUSED
    return status is Status.FROZEN and is_paused and current.is_by_hand(records)


def is_trouble(records: Records, status: Status) -> bool:
    """Somebody should look."""
    return status in TROUBLE or paused_itself(records, status) or stopped_from_outside(records, status)


def _unsupervised_status(records: Records) -> Status:
    attempt = records.attempt
    waits = records.supervisor is not None and records.supervisor.state is SupervisorState.WAITING
    lives = attempt is not None and records.process_state is not None
    if not records.begun or (not lives and (waits or records.resumed)):
        return Status.QUEUED
    if lives or records.kept or (attempt is not None and attempt.ended_at is not None):
        # It lives, or its end is on record, or about to be: whoever takes the lock next takes the outcome over.
        return Status.UNSUPERVISED
    # Of an attempt whose record cannot be read nobody knows which process it was.
    rebooted = attempt is not None and attempt.boot_id != records.boot_id
    return Status.INTERRUPTED if rebooted else Status.LOST


def _attempt_status(records: Records, now: float) -> Status:
    if _is_frozen(records):
        return Status.FROZEN
    asked = current.unobeyed(records, among=_UNOBEYED)
    if asked is not None:
        return _UNOBEYED[asked.verb]
    if current.own_status(records) is AgentStatus.PAUSED:
        return Status.PAUSED
    return _HEALTH.get(health_of(records, now).verdict, Status.RUNNING)


def _is_frozen(records: Records) -> bool:
    # A process that was stopped while its child had not yet executed stays in D: the supervisor knows that it froze it.
    frozen = records.supervisor is not None and records.supervisor.frozen
    return records.process_state in {"T", "t"} or (records.process_state == "D" and frozen)


_UNOBEYED = {
    Verb.PAUSE: Status.PAUSING,
    Verb.RESUME: Status.RESUMING,
    Verb.CANCEL: Status.STOPPING,
    Verb.KILL: Status.STOPPING,
    Verb.RESTART: Status.STOPPING,
}
_HEALTH = {Verdict.STALE: Status.STALE, Verdict.STALLED: Status.STALLED}
