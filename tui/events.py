"""What can happen to the fleet on the screen: what was read, that time passed, what a key meant. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one run; its texts are clean. `id` is the directory's own name."""

    id: str
    records: Records


@dataclass(frozen=True, slots=True)
class Arrived:
    """Runs were read again; others are no longer there."""

    reads: tuple[Read, ...]
    gone: frozenset[str] = frozenset()
    more: bool = False
    """Whether others that were there at the same time follow at once."""


@dataclass(frozen=True, slots=True)
class Ticked:
    now: float


@dataclass(frozen=True, slots=True)
class Grouped:
    """The slots or pauses of groups are others now."""

    groups: Mapping[str, Group]


@dataclass(frozen=True, slots=True)
class Detailed:
    """The open run's files were read again."""

    detail: Detail


@dataclass(frozen=True, slots=True)
class Printed:
    """Runs that report nothing have written: the newest line of each that was on the screen, clean."""

    lines: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Searched:
    """A search in the log of a run has come so far."""

    run_id: str
    number: int
    at: int | None = None
    """The byte where the line begins that has the text; None = none yet."""
    share: float = 0.0
    """Of the log that was looked at, 0 to 1."""
    over: bool = False
    """Whether the search has ended."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What has happened lately to all runs, by time; clean."""

    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """Watching does not work. `message`: clean."""

    message: str


@dataclass(frozen=True, slots=True)
class Asking:
    """A request to many runs has come so far; None = it is over."""

    bulk: Bulk | None


@dataclass(frozen=True, slots=True)
class CursorMoved:
    """By so many rows, as far as there are any."""

    by: int


@dataclass(frozen=True, slots=True)
class CursorPut:
    """On a row by its place among those shown; -1 = the last."""

    index: int


@dataclass(frozen=True, slots=True)
class Opened:
    pass


@dataclass(frozen=True, slots=True)
class Backed:
    pass


@dataclass(frozen=True, slots=True)
class Pointed:
    """The cursor on this run, whatever the list shows."""

    run_id: str


@dataclass(frozen=True, slots=True)
class TabChosen:
    tab: Tab


@dataclass(frozen=True, slots=True)
class TabStepped:
    by: int


@dataclass(frozen=True, slots=True)
class Switched:
    """A mode was turned on or off; `on` None = the other way than it is."""

    mode: Mode
    on: bool | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    marking: Marking


@dataclass(frozen=True, slots=True)
class Sought:
    """A text is looked for; the cursor goes to the first run at or behind it whose name has it."""

    text: str


@dataclass(frozen=True, slots=True)
class FoundNext:
    """To the next run that has the text, `by` 1, or to the one before, -1."""

    by: int


@dataclass(frozen=True, slots=True)
class Filtered:
    """Only what passes is shown."""

    filter: Filter


@dataclass(frozen=True, slots=True)
class Sorted:
    """The list is in this order."""

    sort: Sort


@dataclass(frozen=True, slots=True)
class LogMoved:
    """The cursor in the log, by so many lines."""

    by: int


@dataclass(frozen=True, slots=True)
class LogPut:
    """The cursor in the log on the line with this byte; None = on the newest one, and it follows."""

    at: int | None


@dataclass(frozen=True, slots=True)
class LogSought:
    """A text is looked for in the log; "" = none any more."""

    text: str


@dataclass(frozen=True, slots=True)
class LogFoundNext:
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
