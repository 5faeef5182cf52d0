"""The small values that a checkpoint keeps over restarts and that somebody else than its agent reads: the states of
breakers, and what a budget allows. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from overnight.state.forms import MOST

BREAKER = "breaker:"
"""The value of each breaker, before its name: {"failures": in a row, "opened_at": wall seconds or null}."""
GRANTED = "budget"
"""What each limit of the budget has been raised to, by name."""
LIMITS = "limits"
"""What the author has set: {"attempt": which one, "most": {name: limit}, "on": {name: "pause" or "fail"}}."""
TIME = "time"
"""The limit on active seconds; every other one is that of a counter."""


class KeptBreaker(NamedTuple):
    """Of one outside thing that may be down."""

    name: str
    failures: int
    """In a row."""
    opened_at: float | None
    """Since when nobody passes; None = it works."""


class KeptLimit(NamedTuple):
    """Of one counter, or of the time."""

    name: str
    most: float
    """As it stands now: each resume grants more."""
    on: str
    """What follows when it is reached: pause, or fail."""


class Kept(NamedTuple):
    """What there is of it."""

    breakers: tuple[KeptBreaker, ...] = ()
    limits: tuple[KeptLimit, ...] = ()
    active_seconds: float = 0.0
    """Of all attempts, until the head was written."""


def kept_in(head: object, attempt: int) -> Kept:
    """What a head says, which anybody may have written: whatever is not of the form is left out.

    `attempt`: whose budget counts.
    """
    if not isinstance(head, Mapping) or not isinstance(kept := head.get("kept"), Mapping):
        return Kept()
    return Kept(tuple(_breakers(kept)), tuple(_limits(kept, attempt)), _amount(head.get("active_seconds")) or 0.0)


def _breakers(kept: Mapping[str, Any]) -> Iterator[KeptBreaker]:
    for name, value in kept.items():
        if name.startswith(BREAKER) and isinstance(value, Mapping):
            failures = value.get("failures")
            yield KeptBreaker(
                name.removeprefix(BREAKER),
                failures if isinstance(failures, int) else 0,
                _amount(value.get("opened_at")),
            )


def _limits(kept: Mapping[str, Any], attempt: int) -> Iterator[KeptLimit]:
    said = kept.get(LIMITS)
    if not isinstance(said, Mapping) or said.get("attempt") != attempt:
        # An agent that has changed since may have set none.
        return
    granted = _mapping(kept.get(GRANTED))
    on = _mapping(said.get("on"))
    for name, limit in _mapping(said.get("most")).items():
        most, more = _amount(limit), _amount(granted.get(name)) if on.get(name) == "pause" else None
        if most is not None:
            yield KeptLimit(name, max(most, more or 0.0), str(on.get(name)))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _amount(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and abs(value) <= MOST else None
