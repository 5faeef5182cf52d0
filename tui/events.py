"""What can happen to the fleet on the screen: what was read, that time passed, what a key meant. Values only."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from overnight.state.queue import Group
from overnight.state.records import Records
from overnight.state.told import Told
from overnight.tui.bulk import Bulk
from overnight.tui.detail import Detail, Tab
from overnight.tui.filtering import Filter
from overnight.tui.sorting import Sort


class Mode(StrEnum):
    """What is on or off."""

    ONLY_TROUBLE = "only_trouble"
    WRAP = "wrap"
    MAXIMISED = "maximised"


class Marking(StrEnum):
    """What a key does to the marks."""

    ONE = "one"
    RANGE = "range"
    ALL = "all"
    NONE = "none"


class Read(NamedTuple):
    """What was read of one run; its texts are clean. `id` is the directory's own name."""

    id: str
    records: Records


class Arrived(NamedTuple):
    """Runs were read again; others are no longer there."""

    reads: tuple[Read, ...]
    gone: frozenset[str] = frozenset()
    more: bool = False
    """Whether others that were there at the same time follow at once."""


class Ticked(NamedTuple):
    now: float


class Grouped(NamedTuple):
    """The slots or pauses of groups are others now."""

    groups: Mapping[str, Group]


class Detailed(NamedTuple):
    """The open run's files were read again."""

    detail: Detail


class Printed(NamedTuple):
    """Runs that report nothing have written: the newest line of each that was on the screen, clean."""

    lines: Mapping[str, str]


class Searched(NamedTuple):
    """A search in the log of a run has come so far."""

    run_id: str
    number: int
    at: int | None = None
    """The byte where the line begins that has the text; None = none yet."""
    share: float = 0.0
    """Of the log that was looked at, 0 to 1."""
    over: bool = False
    """Whether the search has ended."""


class Recalled(NamedTuple):
    """What has happened lately to all runs, by time; clean."""

    told: tuple[Told, ...]


class Failed(NamedTuple):
    """Watching does not work. `message`: clean."""

    message: str


class Asking(NamedTuple):
    """A request to many runs has come so far; None = it is over."""

    bulk: Bulk | None


class CursorMoved(NamedTuple):
    """By so many rows, as far as there are any."""

    by: int


class CursorPut(NamedTuple):
    """On a row by its place among those shown; -1 = the last."""

    row: int


class Opened(NamedTuple):
    pass


class Backed(NamedTuple):
    pass


class Pointed(NamedTuple):
    """The cursor on this run, whatever the list shows."""

    run_id: str


class TabChosen(NamedTuple):
    tab: Tab


class TabStepped(NamedTuple):
    by: int


class Switched(NamedTuple):
    """A mode was turned on or off; `on` None = the other way than it is."""

    mode: Mode
    on: bool | None = None


class Marked(NamedTuple):
    marking: Marking


class Sought(NamedTuple):
    """A text is looked for; the cursor goes to the first run at or behind it whose name has it."""

    text: str


class FoundNext(NamedTuple):
    """To the next run that has the text, `by` 1, or to the one before, -1."""

    by: int


class Filtered(NamedTuple):
    """Only what passes is shown."""

    filter: Filter


class Sorted(NamedTuple):
    """The list is in this order."""

    sort: Sort


class LogMoved(NamedTuple):
    """The cursor in the log, by so many lines."""

    by: int


class LogPut(NamedTuple):
    """The cursor in the log on the line with this byte; None = on the newest one, and it follows."""

    at: int | None


class LogSought(NamedTuple):
    """A text is looked for in the log; "" = none any more."""

    text: str


class LogFoundNext(NamedTuple):
    """To the next line that has the text, `by` 1, or to the one before, -1."""

    by: int


KeyEvent = (
    CursorMoved
    | CursorPut
    | Pointed
    | Opened
    | Backed
    | TabChosen
    | TabStepped
    | Switched
    | Marked
    | Sought
    | FoundNext
    | Filtered
    | Sorted
    | LogMoved
    | LogPut
    | LogSought
    | LogFoundNext
)
Event = Arrived | Ticked | Grouped | Detailed | Printed | Searched | Recalled | Failed | Asking | KeyEvent
