"""What an agent waits for by its own word, and what that adds to the time that is left. Pure."""

from typing import NamedTuple

from overnight.state import current
from overnight.state.records import Estimate, Records

EXPECTED = "expected to take up to "
"""How the words for an item begin that takes long, though nothing is waited for."""


class Announced(NamedTuple):
    """A wait that is under way, or an item that is to take long."""

    reason: str
    left: float | None
    """Seconds; None = nobody knows until when."""

    @property
    def is_work(self) -> bool:
        return self.reason.startswith(EXPECTED)


def announced(records: Records, now: float) -> Announced | None:
    """By the attempt that runs now; None = nothing, or it is over."""
    heartbeat, attempt = current.own_heartbeat(records), records.attempt
    # Who has ended waits for nothing, whatever he said last.
    lives = attempt is not None and attempt.ended_at is None
    waiting = heartbeat.waiting if heartbeat is not None and lives else None
    if waiting is None or (waiting.until is not None and waiting.until <= now):
        return None
    return Announced(waiting.for_, None if waiting.until is None else waiting.until - now)


def with_wait(estimate: Estimate, left: float, *, beside: bool) -> Estimate:
    """An estimate that knows nothing of the wait that is under way, with what is left of that.

    `beside`: others may go on meanwhile; then it is at least as long.
    """
    if beside:
        return Estimate(*(max(each, left) for each in estimate))
    return Estimate(*(each + left for each in estimate))
