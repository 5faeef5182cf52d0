"""A circuit breaker as a value: after so many failures in a row nobody passes for a while, then one tries. Pure.

seconds = may_pass(state, now, reset)          # 0: pass; else wait so long and ask again
state = after_pass(state, now)                 # then, at the end: after_success() or after_failure(state, now, 5)
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

LOOK_AFTER = 1.0
"""Seconds after which those who wait for somebody else's try ask again at the latest."""


class Breaker(NamedTuple):
    """Of one outside thing that may be down."""

    failures: int = 0
    """In a row."""
    opened_at: float | None = None
    """Wall seconds since when nobody passes: the newest failure, or the begin of the try in flight. None = closed."""
    probing: bool = False
    """Somebody has passed since, and it is not known yet how that ends."""


CLOSED = Breaker()


def may_pass(state: Breaker, now: float, reset: float) -> float:
    """Seconds to wait before asking again; 0 = pass, and say so with `after_pass`.

    `reset`: seconds that it stays open. A try that takes longer than that no longer keeps others from trying. A clock
    that went backwards lets a try through: the state must not outlast it.
    """
    if state.opened_at is None or now < state.opened_at:
        return 0.0
    left = max(0.0, reset - (now - state.opened_at))
    return min(left, LOOK_AFTER) if state.probing else left


def after_pass(state: Breaker, now: float) -> Breaker:
    """Somebody passes: through an open one, as the only one."""
    return state if state.opened_at is None else state._replace(opened_at=now, probing=True)


def after_success() -> Breaker:
    """It works: closed, and nothing is counted."""
    return CLOSED


def after_failure(state: Breaker, now: float, limit: int) -> Breaker:
    """One more failure; `limit` of them in a row open it, and any that follows a wait opens it again."""
    failures = state.failures + 1
    if state.opened_at is not None and not state.probing:
        # It passed before somebody else's failure opened it.
        return state._replace(failures=failures)
    return Breaker(failures, now if state.probing or failures >= limit else None)


def plain(state: Breaker) -> dict[str, Any]:
    """As JSON holds it. Who is trying does not outlive the process."""
    return {"failures": state.failures, "opened_at": state.opened_at}


def from_plain(value: object) -> Breaker:
    """What `plain` gave; anything else is a closed one: a damaged state must not keep a run from working."""
    if not isinstance(value, Mapping):
        return CLOSED
    failures, opened_at = value.get("failures"), value.get("opened_at")
    return Breaker(
        failures if isinstance(failures, int) and failures > 0 else 0,
        float(opened_at) if isinstance(opened_at, int | float) and abs(opened_at) < float("inf") else None,
    )
