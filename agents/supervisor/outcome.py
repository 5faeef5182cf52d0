"""What the end of an attempt means for its run: over, or another attempt. Pure: no clock, no disk."""

from enum import StrEnum
from typing import NamedTuple

from overnight.state.records import AgentStatus, Outcome, Restart

CHECKPOINTED = 75
"""The exit code of an agent that stopped at a checkpoint (EX_TEMPFAIL): it wants to be started again."""
MOST_UNEXECUTED = 3
"""Starts in a row that may come to nothing because somebody kills the keeper."""
SHELL_SIGNALS = {128 + 2: "SIGINT", 128 + 9: "SIGKILL", 128 + 15: "SIGTERM"}
"""Exit codes by which a shell says that a signal ended what it ran."""

_WORDS = ("", "once", "twice", "three times", "four times", "five times", "six times", "seven times")


class Stop(StrEnum):
    """Why an attempt is being stopped."""

    CANCEL = "cancel"
    KILL = "kill"
    RESTART = "restart"
    STALL = "stall"
    """It stopped getting on, and its spec says that it is started again then."""
    LIMIT = "limit"
    """It went past a limit of its spec."""
    SHUTDOWN = "shutdown"
    """The supervisor itself was asked to end, without anybody's request."""


class Ending(NamedTuple):
    """How the process of an attempt ended, and what the agent's own record of this attempt says."""

    code: int | None = None
    signal: str | None = None
    """Name of the signal that ended it."""
    known: bool = True
    """False = keeper and supervisor were killed, and nobody could learn the code."""
    exec_error: str | None = None
    unexecuted: int = 0
    """Attempts in a row, this one the last, whose keeper was killed before the command ran."""
    own_status: AgentStatus | None = None
    progressed: bool = False
    """Items were committed since the attempt began."""


class Limit(NamedTuple):
    """One that an attempt has passed."""

    reason: str
    again: bool = False
    """Another attempt follows, as after a failure; else the run has failed."""
    of: str = "time"
    """What there was too much of: `time` or `memory`."""


class Asked(NamedTuple):
    """What had been asked when the attempt ended."""

    stop: Stop | None = None
    """The stop that was passed on to the agent."""
    cancel_wanted: bool = False
    """The newest of pause, resume and cancel is a cancel."""
    shutdown: bool = False
    limit: Limit | None = None


class Budget(NamedTuple):
    """Restarts that are allowed, and how many were used up without progress."""

    restart: Restart = Restart.NEVER
    retries: int = 0
    used: int = 0


class Over(NamedTuple):
    """The run has ended."""

    outcome: Outcome
    reason: str | None = None
    limit: str | None = None
    """Of what it took more than it may, and so was stopped."""


class Again(NamedTuple):
    """Another attempt."""

    used: int
    """Restarts without progress, this one included."""
    backoff: bool
    """Whether to wait first."""
    reason: str


def verdict_of(ending: Ending, asked: Asked, budget: Budget) -> Over | Again:
    """The protocol's rules, in order."""
    how = words_of(ending)
    if ending.unexecuted:
        return _after_no_start(ending, asked, budget)
    if ending.exec_error is not None:
        return Over(Outcome.FAILED, f"could not be executed: {ending.exec_error}")
    if _finished(ending, asked):
        return _after_success(ending, asked, budget)
    if asked.stop is Stop.KILL:
        return Over(Outcome.CANCELLED, f"killed on request; {how}")
    if asked.cancel_wanted:
        return Over(Outcome.CANCELLED if _stopped(ending) else Outcome.FAILED, f"{how} after cancel was asked")
    if asked.shutdown:
        return Over(Outcome.INTERRUPTED, f"its supervisor was told to end; {how}")
    if asked.stop is Stop.STALL:
        return _after_failure(ending, budget, "stalled")
    if asked.stop is Stop.LIMIT and asked.limit is not None:
        if not asked.limit.again:
            return Over(Outcome.FAILED, asked.limit.reason, asked.limit.of)
        after = _counted(ending, budget, asked.limit.reason)
        return after._replace(limit=asked.limit.of) if isinstance(after, Over) else after
    if asked.stop is not None:
        # A restart, or a cancel that a later resume took back.
        return Again(0, backoff=False, reason=f"{how} after {asked.stop} was asked")
    if not ending.known:
        return Over(_outcome_by_record(ending.own_status), how)
    if signal_of(ending) == "SIGTERM":
        return Over(Outcome.INTERRUPTED, f"{how} that nobody asked overnight for")
    return _after_failure(ending, budget, how)


def words_of(ending: Ending) -> str:
    """`exit code 1`, `ended by SIGKILL`, …"""
    if not ending.known:
        return "its exit code is not known: all that watched it was killed"
    return f"ended by {ending.signal}" if ending.signal else f"exit code {ending.code}"


def signal_of(ending: Ending) -> str | None:
    """The signal that ended it, told by the kernel or by a shell's exit code."""
    return ending.signal or SHELL_SIGNALS.get(ending.code if ending.code is not None else -1)


def _finished(ending: Ending, asked: Asked) -> bool:
    """Exit code 0 is success; after a stop, by us or by a shutdown, only if the agent's own record says so."""
    if ending.code != 0:
        return False
    if asked.stop is not None or asked.shutdown:
        return ending.own_status is AgentStatus.COMPLETED
    # An agent may read control/ itself, and stop before the signal was passed on.
    return not (asked.cancel_wanted and ending.own_status in {AgentStatus.CANCELLED, AgentStatus.INTERRUPTED})


def _stopped(ending: Ending) -> bool:
    return not ending.known or ending.code in {0, CHECKPOINTED} or signal_of(ending) is not None


def _after_no_start(ending: Ending, asked: Asked, budget: Budget) -> Over | Again:
    """Nothing of it ran: it does not count, unless that happens again and again."""
    if asked.cancel_wanted or asked.stop is Stop.KILL:
        return Over(Outcome.CANCELLED, "cancelled before its command ran")
    if asked.shutdown:
        return Over(Outcome.INTERRUPTED, "its supervisor was told to end")
    reason = "what starts its command was killed before that ran"
    if ending.unexecuted >= MOST_UNEXECUTED:
        return Over(Outcome.FAILED, f"{reason}, {_times(ending.unexecuted)}")
    return Again(budget.used, backoff=False, reason=reason)


def _after_success(ending: Ending, asked: Asked, budget: Budget) -> Over | Again:
    if budget.restart is not Restart.ALWAYS or asked.stop or asked.cancel_wanted or asked.shutdown:
        return Over(Outcome.COMPLETED)
    used = 0 if ending.progressed else budget.used
    if used >= budget.retries:
        return Over(Outcome.COMPLETED, f"exit code 0 {_times(used + 1)} without progress")
    return Again(used + 1, backoff=True, reason="exit code 0")


def _after_failure(ending: Ending, budget: Budget, how: str) -> Over | Again:
    if ending.code == CHECKPOINTED and ending.progressed:
        return Again(0, backoff=False, reason="stopped at a checkpoint")
    return _counted(ending, budget, how)


def _counted(ending: Ending, budget: Budget, how: str) -> Over | Again:
    """One more restart, if the budget has one left."""
    used = 0 if ending.progressed else budget.used
    allowed = budget.retries if budget.restart is not Restart.NEVER else 0
    if used >= allowed:
        # Used up at least once: a crash loop.
        return Over(Outcome.FAILED, f"{how} {_times(used + 1)} without progress" if used else how)
    return Again(used + 1, backoff=True, reason=how)


def _times(count: int) -> str:
    return _WORDS[count] if count < len(_WORDS) else f"{count} times"


def _outcome_by_record(own: AgentStatus | None) -> Outcome:
    """What the agent said last is all there is. Without it: failed, which nothing continues unless it is named.

    It may have finished, and `resume --all` after a reboot must not run a finished agent again.
    """
    return {
        AgentStatus.COMPLETED: Outcome.COMPLETED,
        AgentStatus.CANCELLED: Outcome.CANCELLED,
        AgentStatus.INTERRUPTED: Outcome.INTERRUPTED,
    }.get(own or AgentStatus.FAILED, Outcome.FAILED)
