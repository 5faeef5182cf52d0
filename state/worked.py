"""How long the attempts of a run have worked, as its history tells: pauses, freezes and the time between them not
counted. Pure.
"""

from collections.abc import Iterable
from typing import NamedTuple

from overnight.state.records import Event, Outcome

HELD, GOES_ON = frozenset({"paused", "frozen"}), "resumed"
BEGUN, ENDED = "started", "ended"
OVER = frozenset({"died", ENDED})


class Worked(NamedTuple):
    """Seconds at one moment."""

    attempt: float = 0.0
    """Of the newest attempt."""
    allowed: float = 0.0
    """Of all that count against the run's limits: a retry gives it a fresh allowance."""


def worked(events: Iterable[Event], now: float) -> Worked | None:
    """`events`: oldest first. None = they tell of no attempt."""
    attempts: list[float] = []
    first_allowed, since, is_there, last_at = 0, None, False, now
    for event in events:
        begins, ends = event.event == BEGUN, event.event in OVER
        if since is not None and (begins or ends or event.event in HELD):
            # Of one whose end nobody saw: until something was last told of it.
            attempts[-1] += max(0.0, (last_at if begins else event.at) - since)
            since = None
        if begins:
            attempts.append(0.0)
        if begins or (event.event == GOES_ON and is_there and since is None):
            since = event.at
        is_there = begins or (is_there and not ends)
        if event.event == ENDED and event.detail.get("outcome") != Outcome.INTERRUPTED:
            first_allowed = len(attempts)
        last_at = event.at
    if not attempts:
        return None
    if since is not None:
        attempts[-1] += max(0.0, now - since)
    return Worked(attempts[-1], sum(attempts[first_allowed:]))
