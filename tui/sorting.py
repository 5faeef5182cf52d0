"""The orders in which a fleet can be listed. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from overnight.state.status import ENDED, RESUMABLE, Status
from overnight.state.summary import estimate_of, percent_of, rate_of
from overnight.tui.filtering import Subject


class By(StrEnum):
    """What the list is sorted by."""

    ARRIVAL = "arrival"
    """As it came: newest first, and it stays put."""
    NAME = "name"
    GROUP = "group"
    STATE = "state"
    PROGRESS = "progress"
    LEFT = "time left"
    RATE = "rate"
    ERRORS = "errors"
    AGE = "age"


class Sort(NamedTuple):
    """An order, and whether it is turned round."""

    by: By = By.ARRIVAL
    turned: bool = False


AS_IT_CAME = Sort()
LIVE = frozenset({By.STATE, By.PROGRESS, By.LEFT, By.RATE, By.ERRORS})
"""What changes while one looks."""
AGAIN_AFTER = 10.0
"""Seconds between two orders of what changes: a list that jumps cannot be read."""

Key = tuple[bool, float, tuple[int, ...]]
"""Whether it is not known, which goes last either way round; the number; the text."""


def key_of(subject: Subject, sort: Sort) -> Key:
    """Smaller comes first."""
    value = _VALUES[sort.by](subject)
    if value is None:
        return (True, 0.0, ())
    number, text = (value, "") if isinstance(value, float) else (0.0, value)
    letters = tuple(map(ord, text))
    if sort.turned:
        # Behind its last letter, a text is greater than all that go on: they come first.
        return (False, -number, (*(-letter for letter in letters), 1))
    return (False, number, letters)


_STATES = {Status.RUNNING: 2, Status.QUEUED: 4}


def _state(subject: Subject) -> float:
    """Trouble first, then what works, what waits, what is over."""
    if subject.status in RESUMABLE or subject.is_trouble:
        return 0.0
    return 5.0 if subject.status in ENDED else float(_STATES.get(subject.status, 3))


def _progress(subject: Subject) -> float | None:
    percent = percent_of(subject.records.progress) if subject.records.progress else None
    return None if percent is None else -percent


def _left(subject: Subject) -> float | None:
    estimate = None if subject.status in ENDED else estimate_of(subject.records, subject.now)
    return estimate.likely if estimate else None


def _rate(subject: Subject) -> float | None:
    rate = None if subject.status in ENDED else rate_of(subject.records, subject.now)
    return None if rate is None else -rate


def _age(subject: Subject) -> float | None:
    return -subject.records.spec.created_at if subject.records.spec else None


_VALUES: Mapping[By, Callable[[Subject], float | str | None]] = {
    By.ARRIVAL: lambda subject: 0.0,
    By.NAME: lambda subject: (subject.records.spec.name if subject.records.spec else subject.records.id).lower(),
    By.GROUP: lambda subject: (subject.records.spec.group if subject.records.spec else "").lower(),
    By.STATE: _state,
    By.PROGRESS: _progress,
    By.LEFT: _left,
    By.RATE: _rate,
    By.ERRORS: lambda subject: -float(subject.records.errors),
    By.AGE: _age,
}
