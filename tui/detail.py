"""What the panes show of the open run beside its records: its log, item errors, history. Pure; texts are clean."""

from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from overnight.state.records import Event, ItemError
from overnight.tui import view
from overnight.tui.clean import clean, clean_lines
from overnight.tui.evidence import KEPT
from overnight.tui.page import Page
from overnight.tui.stacks import Stacks

LONGEST = 2000
"""Characters of one text that are kept."""
NEWEST_ITEMS = 5
ITEM_FAILED = frozenset({"", "quarantined", "failed"})
"""Outcomes of an item error that every failed item has: it is set aside, and the run goes on."""


SOURCE_CHANGED = "source_changed"
MARKS = {"changed": "", "added": " (new)", "removed": " (gone)"}
"""What is said of the files that each detail of it lists."""
UNTOLD = frozenset({"number", "log_from", "limit", *KEPT})
"""Details that say nothing to a person beside the others, or are shown elsewhere."""
MOST_FILES, MOST_VALUES = 3, 300
"""Names that are told, and values of a list that are kept."""


class Tab(StrEnum):
    """The panes of a run, in their order."""

    PROGRESS = "Progress"
    LOGS = "Logs"
    ERRORS = "Errors"
    HISTORY = "History"
    CONFIG = "Config"


TABS = tuple(Tab)


class ErrorGroup(NamedTuple):
    """All item errors of one type."""

    type: str
    seen: int
    first_at: float | None
    last_at: float | None
    message: str
    """Of the newest one."""
    items: tuple[str, ...]
    """The newest ones, newest first, each with what its record says beyond that it failed at its only try."""
    traceback: tuple[str, ...]
    """Of the newest one that has any."""


class Detail(NamedTuple):
    """Of one run. What no pane needs now is empty."""

    run_id: str
    log: tuple[str, ...] = ()
    """The newest lines, oldest first."""
    page: Page | None = None
    """The part of the log that is looked at; None = there is no log."""
    errors: tuple[ErrorGroup, ...] = ()
    errors_are_whole: bool = True
    """Whether no older ones were left out of them."""
    history: tuple[Event, ...] = ()
    """Oldest first."""
    death: Event | None = None
    """With what is kept of the attempt that died last; None = none did."""
    stacks: Stacks | None = None
    """What its agent has shown last."""
    checkpoint_at: float | None = None
    """When the checkpoint was last written; None = there is none."""


def groups_of(errors: Iterable[ItemError]) -> tuple[ErrorGroup, ...]:
    """By type, the most frequent first. `errors`: oldest first, raw, any number: only the newest ones are kept."""
    by_type: dict[str, _Gathered] = {}
    for error in errors:
        by_type.setdefault(clean(error.type, 80) or "error", _Gathered()).add(error)
    groups = [gathered.group(kind) for kind, gathered in by_type.items()]
    return tuple(sorted(groups, key=lambda group: -group.seen))


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

    def group(self, kind: str) -> ErrorGroup:
        return ErrorGroup(
            type=kind,
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
    return (ErrorGroup("reported", count, None, None, newest[0] if newest else "", newest, ()),)


def source_words(event: Event) -> str | None:
    """What a `source_changed` is told as, in place of its details; None = another event. `event`: clean."""
    if event.event != SOURCE_CHANGED:
        return None
    files = [f"{file}{mark}" for kind, mark in MARKS.items() for file in _listed(event.detail.get(kind))]
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    return f"the agent's source changed{': ' if files else ''}{', '.join(files[:MOST_FILES])}{more}"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def event_name(event: Event) -> str:
    """For its column."""
    return "source" if event.event == SOURCE_CHANGED else event.event


def event_words(event: Event) -> str:
    """What is told beside its name: which attempt, what, and who asked for it. `event`: clean."""
    words = [f"attempt {event.attempt}"] if event.attempt else []
    told = source_words(event)
    words += [told] if told else [_detail_words(name, value) for name, value in _telling(event)]
    words += [f"by {event.by}"] if event.by else []
    return "  ".join(words)


def _telling(event: Event) -> list[tuple[str, object]]:
    """What its detail says to a person."""
    return [
        (name, value)
        for name, value in event.detail.items()
        if name not in UNTOLD and value is not None and value is not False
    ]


def _detail_words(name: str, value: object) -> str:
    if name in {"verb", "reason", "outcome"}:
        return str(value)
    if value is True:
        return name
    if isinstance(value, list):
        return f"{name} {', '.join(map(str, value))}"
    # Only amounts have their thousands apart: a pid is a name.
    shown = view.number(value) if isinstance(value, float) else value
    return f"{name.replace('_', ' ')} {shown}"


def clean_event(event: Event) -> Event:
    """Its words come from files that anybody may have written."""
    detail = {clean(str(key), 80): _clean_value(value) for key, value in event.detail.items()}
    by = clean(event.by, 80) if event.by is not None else None
    return event._replace(event=clean(event.event, 80), by=by, detail=detail)


def _clean_value(value: object) -> object:
    if isinstance(value, list):
        return [clean(str(each), LONGEST) for each in value[:MOST_VALUES]]
    return value if isinstance(value, int | float) or value is None else clean(str(value), LONGEST)
