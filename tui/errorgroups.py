"""Item errors that are alike, together: of one type, raised at one place. Pure; what is made here is clean."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from overnight.state.records import ItemError
from overnight.tui.clean import clean, clean_lines
from overnight.tui.numbers import plural

LONGEST = 2000
"""Characters of one text that are kept."""
NEWEST_ITEMS = 5
MOST_ITEMS = 100_000
"""Items of a group that are told apart."""
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
    failed_items: int
    """How many different items: one that failed in several attempts is one."""
    first_at: float | None
    last_at: float | None
    message: str
    """Of the newest one."""
    items: tuple[str, ...]
    """Those that failed last, newest first, each with what is to be said beyond that it failed at its only try."""
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
        self._newest: dict[str, tuple[ItemError, int]] = {}
        """Item -> its newest error, and how many it has; the item that failed last is the last one."""
        self._unnamed = 0
        self._items = set[int]()
        """Of every item a hash: it may be long."""
        self._traced = ""

    def add(self, error: ItemError) -> None:
        self._seen += 1
        self._note_item(error)
        self._traced = error.traceback or self._traced
        if error.at is not None:
            self._first_at = error.at if self._first_at is None else min(self._first_at, error.at)
            self._last_at = error.at if self._last_at is None else max(self._last_at, error.at)

    def _note_item(self, error: ItemError) -> None:
        name = error.item or f"\0{self._seen}"
        if not error.item or len(self._items) >= MOST_ITEMS:
            # Which one it was is not known, or not kept: it counts as another one.
            self._unnamed += 1
        else:
            self._items.add(hash(name))
        _, times = self._newest.pop(name, (error, 0))
        self._newest[name] = (error, times + 1)
        if len(self._newest) > NEWEST_ITEMS:
            del self._newest[next(iter(self._newest))]

    def group(self, kind: Kind) -> ErrorGroup:
        newest = [*reversed(self._newest.values())]
        return ErrorGroup(
            kind=kind,
            seen=self._seen,
            failed_items=len(self._items) + self._unnamed,
            first_at=self._first_at,
            last_at=self._last_at,
            message=clean(newest[0][0].message, LONGEST),
            items=tuple(_item_text(error, times) for error, times in newest),
            traceback=tuple(clean_lines(self._traced[-20 * LONGEST :])),
        )


def _item_text(error: ItemError, times: int) -> str:
    """Which item; how often it failed and was tried, and what became of it, only where that says more."""
    failed = f"failed {times} times" if times > 1 else ""
    tries = f"{error.tries} tries" if error.tries > 1 else ""
    outcome = "" if error.outcome in ITEM_FAILED else clean(error.outcome, 80)
    note = ", ".join(filter(None, (failed, tries, outcome)))
    return "  ".join(filter(None, (clean(error.item, LONGEST), note and f"({note})")))


def reported_group(lines: Sequence[str], count: int) -> tuple[ErrorGroup, ...]:
    """Of an agent that only lists errors in its progress file. `lines`: clean, oldest first."""
    if not count:
        return ()
    newest = tuple(reversed(lines[-NEWEST_ITEMS:]))
    return (ErrorGroup(Kind("reported", ""), count, count, None, None, newest[0] if newest else "", newest, ()),)


def failures_words(group: ErrorGroup) -> str:
    """`3 items`; `1 item, 2 failures` where one failed more than once."""
    items = plural(group.failed_items, "item")
    return items if group.failed_items == group.seen else f"{items}, {plural(group.seen, 'failure')}"
