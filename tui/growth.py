"""Whether what is used grows steadily towards a limit, and when it will have reached it. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

LEAST = 60.0
"""Seconds of looks from which there is a trend."""
FEWEST, MOST = 12, 120
"""Looks from which there is one, and so many are kept."""
STEADY = 0.5
"""Of the growth before, what the newest must have: what is loaded at the start grows, too, and then stays."""
PEAKS = 0.2
"""Of the looks of a part so many of the highest, and of the lowest, say nothing."""
Look = tuple[float, float]
"""A moment, in seconds, and what was used then."""


class Growing(NamedTuple):
    """Something that grows as long as it was looked at."""

    used: float
    per_second: float
    limit: float | None
    """None = the kernel sets none."""


def with_look(looks: Sequence[Look], look: Look) -> tuple[Look, ...]:
    """The looks so far; where they are many, of the older half every second one: a long time tells more."""
    half = len(looks) // 2
    kept = looks if len(looks) < MOST else (*looks[:half:2], *looks[half:])
    return (*kept, look)


def growth_of(looks: Sequence[Look]) -> float | None:
    """By how much it grows a second; None = it does not, or not steadily, or that is not known yet.

    From the medians of three equal parts: single peaks, as before each collection of garbage, say nothing. What goes up
    and down does not grow before the newest part lies above the oldest.
    """
    if len(looks) < FEWEST or looks[-1][0] - looks[0][0] < LEAST:
        return None
    third = len(looks) // 3
    oldest, newest = looks[:third], looks[-third:]
    if _ranked(newest, PEAKS) <= _ranked(oldest, 1 - PEAKS):
        return None
    first, second, last = (_middle(part) for part in (oldest, looks[third:-third], newest))
    before, since = _slope(first, second), _slope(second, last)
    return since if before > 0 and since >= STEADY * before else None


def _middle(part: Sequence[Look]) -> Look:
    return part[len(part) // 2][0], sorted(used for _, used in part)[len(part) // 2]


def _ranked(part: Sequence[Look], share: float) -> float:
    """What was used at the look below which this share of them lies."""
    return sorted(used for _, used in part)[round(share * (len(part) - 1))]


def _slope(one: Look, other: Look) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def full_in(growing: Growing, limit: float | None = None) -> float | None:
    """Seconds until it is at its limit, `limit` where that is given; None = it has none."""
    most = growing.limit if limit is None else limit
    return None if most is None else max(0.0, most - growing.used) / growing.per_second
