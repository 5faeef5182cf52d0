"""Item errors that are alike, together: of one type, raised at one place. Pure; what is made here is clean."""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from overnight.state.records import ItemError
from overnight.tui.clean import clean, clean_lines

LONGEST = 2000
"""Characters of one text that are kept."""
NEWEST_ITEMS = 5
ITEM_FAILED = frozenset({"", "quarantined", "failed"})
"""Outcomes of an item error that every failed item has: it is set aside, and the run goes on."""
_FRAME = r'^ *File "([^"\n]+)", line (\d+)(?:, in (.+))?$'
"""Of a traceback as Python writes it, one call a line, the newest one last."""
LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python", "<frozen ")
"""In the name of a file that is none of the author's own."""


class Kind(NamedTuple):
    """What makes two errors alike."""

    type: str
    place: str
    """`shards.py:88 in step`; "" = no traceback tells."""


class ErrorGroup(NamedTuple):
    """All item errors of one kind."""

    kind: Kind
    seen: int
    first_at: float | None
    last_at: float | None
    message: str
    """Of the newest one."""
    items: tuple[str, ...]
    """The newest ones, newest first, each with what its record says beyond that it failed at its only try."""
    traceback: tuple[str, ...]
    """Of the newest one that has any."""


def groups_of(errors: Iterable[ItemError]) -> tuple[ErrorGroup, ...]:
    """The most frequent first. `errors`: oldest first, raw, any number: only the newest ones are kept."""
    by_kind: dict[Kind, _Gathered] = {}
    for error in errors:
        by_kind.setdefault(kind_of(error), _Gathered()).add(error)
    groups = [gathered.group(kind) for kind, gathered in by_kind.items()]
    return tuple(sorted(groups, key=lambda group: -group.seen))


def kind_of(error: ItemError) -> Kind:
    return Kind(clean(error.type, 80) or "error", _place_in(error.traceback) if error.traceback else "")


def _place_in(traceback: str) -> str:
    """The newest call in a file of the author's own, else the newest one."""
    # What is cut away are older calls, or a message of megabytes: neither tells more.
    frames: list[tuple[str, str, str]] = re.findall(_FRAME, traceback[-20 * LONGEST :], re.MULTILINE)
    own = [each for each in frames if not any(part in each[0] for part in LIBRARIES)]
    if not frames:
        return ""
    path, line, function = (own or frames)[-1]
    where = f" in {function}" if function and function != "<module>" else ""
    return clean(f"{path.rpartition('/')[2]}:{line}{where}", 120)


class _Gathered:
    """What a group keeps of its errors while they are read."""

    def __init__(self) -> None:
        self._seen = 0
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._newest: deque[ItemError] = deque(maxlen=NEWEST_ITEMS)
        self._traced = ""

    def add(self, error: ItemError) -> None:
        self._seen += 1
        self._newest.append(error)
        self._traced = error.traceback or self._traced
        if error.at is not None:
            self._first_at = error.at if self._first_at is None else min(self._first_at, error.at)
            self._last_at = error.at if self._last_at is None else max(self._last_at, error.at)

    def group(self, kind: Kind) -> ErrorGroup:
        return ErrorGroup(
            kind=kind,
            seen=self._seen,
            first_at=self._first_at,
            last_at=self._last_at,
            message=clean(self._newest[-1].message, LONGEST),
            items=tuple(map(_item_text, reversed(self._newest))),
            traceback=tuple(clean_lines(self._traced[-20 * LONGEST :])),
        )


def _item_text(error: ItemError) -> str:
    """Which item; how often it was tried, and what became of it, only where that says more than that it failed."""
    tries = f"{error.tries} tries" if error.tries > 1 else ""
    outcome = "" if error.outcome in ITEM_FAILED else clean(error.outcome, 80)
    note = ", ".join(filter(None, (tries, outcome)))
    return "  ".join(filter(None, (clean(error.item, LONGEST), note and f"({note})")))


def reported_group(lines: Sequence[str], count: int) -> tuple[ErrorGroup, ...]:
    """Of an agent that only lists errors in its progress file. `lines`: clean, oldest first."""
    if not count:
        return ()
    newest = tuple(reversed(lines[-NEWEST_ITEMS:]))
    return (ErrorGroup(Kind("reported", ""), count, None, None, newest[0] if newest else "", newest, ()),)
