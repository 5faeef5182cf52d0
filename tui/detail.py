"""What the panes show of the open run beside its records: its log, item errors, history. Pure; texts are clean."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from overnight.state.records import Event, ItemError
from overnight.tui.clean import clean, clean_lines

LONGEST = 2000
"""Characters of one text that are kept."""
NEWEST_ITEMS = 5


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
    """The newest ones, newest first."""
    traceback: tuple[str, ...]
    """Of the newest one that has any."""


class Detail(NamedTuple):
    """Of one run. What no pane needs now is empty."""

    run_id: str
    log: tuple[str, ...] = ()
    """The newest lines, oldest first."""
    log_is_whole: bool = True
    """Whether nothing older was left out."""
    log_size: int | None = None
    """Bytes; None = there is no log."""
    errors: tuple[ErrorGroup, ...] = ()
    history: tuple[Event, ...] = ()
    """Oldest first."""
    checkpoint_at: float | None = None
    """When the checkpoint was last written; None = there is none."""


def groups_of(errors: Iterable[ItemError]) -> tuple[ErrorGroup, ...]:
    """By type, the most frequent first. `errors`: oldest first, raw."""
    by_type: dict[str, list[ItemError]] = {}
    for error in errors:
        by_type.setdefault(clean(error.type, 80) or "error", []).append(error)
    groups = [_group(kind, members) for kind, members in by_type.items()]
    return tuple(sorted(groups, key=lambda group: -group.seen))


def _group(kind: str, members: Sequence[ItemError]) -> ErrorGroup:
    times = [each.at for each in members if each.at is not None]
    traced = next((each.traceback for each in reversed(members) if each.traceback), "")
    return ErrorGroup(
        type=kind,
        seen=len(members),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        message=clean(members[-1].message, LONGEST),
        items=tuple(clean(each.item, LONGEST) for each in members[: -NEWEST_ITEMS - 1 : -1]),
        traceback=tuple(clean_lines(traced[-20 * LONGEST :])),
    )


def reported_group(lines: Sequence[str], count: int) -> tuple[ErrorGroup, ...]:
    """Of an agent that only lists errors in its progress file. `lines`: clean, oldest first."""
    if not count:
        return ()
    newest = tuple(reversed(lines[-NEWEST_ITEMS:]))
    return (ErrorGroup("reported", count, None, None, newest[0] if newest else "", newest, ()),)


def clean_event(event: Event) -> Event:
    """Its words come from files that anybody may have written."""
    detail = {clean(str(key), 80): _clean_value(value) for key, value in event.detail.items()}
    by = clean(event.by, 80) if event.by is not None else None
    return event._replace(event=clean(event.event, 80), by=by, detail=detail)


def _clean_value(value: object) -> object:
    return value if isinstance(value, int | float) or value is None else clean(str(value), LONGEST)
