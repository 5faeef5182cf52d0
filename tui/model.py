"""The fleet as the interface holds it at one moment, and what others ask of it. Pure.

A status is never set here: it follows from records and the present moment. What a person did with the
keyboard (the cursor, marks, the open pane) is part of the fleet, what they asked of a run is not: that
comes back in the run's records.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from overnight.state.current import pause_wanted
from overnight.state.queue import Group, Stand
from overnight.state.records import Verb
from overnight.state.status import ENDED, HELD, LIVE, RESUMABLE, WAITING, Status
from overnight.state.summary import summary_of
from overnight.state.told import Told
from overnight.tui.bars import Sample
from overnight.tui.bulk import Bulk
from overnight.tui.detail import Detail, Tab
from overnight.tui.events import Mode, Read
from overnight.tui.filtering import EVERY_RUN, Filter
from overnight.tui.keys import USUAL_KEYS, Keymap
from overnight.tui.page import Page
from overnight.tui.place import Reading
from overnight.tui.sorting import AS_IT_CAME, Sort
from overnight.tui.view import Row


class Depth(Enum):
    """How far a person has gone into the run under the cursor."""

    LIST = 0
    OPEN = 1
    """Its pane is beside the list; keys move the list."""
    ENTERED = 2
    """Keys move the pane."""


NONE: Mapping[Any, Any] = MappingProxyType({})


class Overall(NamedTuple):
    """How far all that lives is, together."""

    percent: float | None
    """How much is done of what was launched with those that live; None = the length of none of them is known."""
    left: float | None
    """Seconds until the last that runs or waits is expected to end, under slots and order; None = no forecast."""
    open: int = 0
    """How many of them end nobody knows when."""
    starts: Mapping[str, float] = NONE
    """When each that waits is expected to begin, seconds since the epoch, by id."""


class Fleet(NamedTuple):
    """Everything the interface shows at one moment."""

    now: float
    host: str = ""
    keys: Keymap = USUAL_KEYS
    loaded: bool = False
    """Whether the runs were read once: before that, an empty list means nothing."""
    gathering: bool = True
    """Whether the first reading goes on and nobody has pressed a key: nothing has its place yet."""
    reads: Mapping[str, Read] = NONE
    statuses: Mapping[str, Status] = NONE
    tally: Mapping[Status, int] = NONE
    """How many runs are in each status: counted when one has changed, not for each picture."""
    judged: int = 0
    """Place in the statuses behind the last run that a tick looked at."""
    samples: Mapping[str, tuple[Sample, ...]] = NONE
    groups: Mapping[str, Group] = NONE
    """What was said of groups."""
    stands: Mapping[str, Stand] = NONE
    """Of queued runs: what they wait for."""
    stands_due: bool = False
    """Whether that may have become another thing since it was looked at."""
    printed: Mapping[str, str] = NONE
    """The newest line of runs that report nothing."""
    order: tuple[str, ...] = ()
    """All ids as they are listed: newest first, those that are over below when first read. Stays put."""
    shown: tuple[str, ...] = ()
    """Those of them that pass the filter."""
    cursor: str | None = None
    displaced_from: str | None = None
    """The run under the cursor was no longer shown, so that it stands on another one, and no key was pressed since."""
    marks: frozenset[str] = frozenset()
    marked_last: str | None = None
    modes: frozenset[Mode] = frozenset()
    depth: Depth = Depth.OPEN
    tab: Tab = Tab.PROGRESS
    filter: Filter = EVERY_RUN
    sort: Sort = AS_IT_CAME
    sorted_at: float = 0.0
    """When what changes was last put in order."""
    sought: str = ""
    sought_from: str | None = None
    """Where the cursor was when somebody began to look for it."""
    detail: Detail | None = None
    reading: Reading = Reading()
    """Of the run whose log somebody has last moved in."""
    told: tuple[Told, ...] | None = None
    """What has happened lately to all runs, by time; None = nobody has looked."""
    bulk: Bulk | None = None
    """A request to many runs that is under way."""
    failure: str = ""
    overall: Overall | None = None
    """As of the last time that every live run was judged. None = nothing lives."""


def row_at(fleet: Fleet, run_id: str) -> Row:
    """The run as it is shown now."""
    read, stand, overall = fleet.reads[run_id], fleet.stands.get(run_id), fleet.overall
    return Row(
        records=read.records,
        summary=summary_of(read.records, fleet.now),
        now=fleet.now,
        stand=stand,
        begins_at=overall.starts.get(run_id) if overall is not None else None,
        awaited=fleet.statuses.get(stand.others[0]) if stand is not None and stand.others else None,
        newest_line=fleet.printed.get(run_id, ""),
        samples=fleet.samples.get(run_id, ()),
        keys=fleet.keys,
    )


def cursor_index(fleet: Fleet) -> int:
    """The place of the cursor among the shown rows; 0 where there are none."""
    try:
        return fleet.shown.index(fleet.cursor) if fleet.cursor is not None else 0
    except ValueError:
        return 0


def reading_of(fleet: Fleet) -> Reading:
    """Where the log of the run under the cursor is read: at its end, until somebody moves in it."""
    return fleet.reading if fleet.reading.run_id == fleet.cursor else Reading(fleet.cursor)


def is_in_log(fleet: Fleet) -> bool:
    """Whether keys move the cursor in the log."""
    return fleet.depth is Depth.ENTERED and fleet.tab is Tab.LOGS and bool(fleet.shown)


def page_of(fleet: Fleet) -> Page | None:
    """The loaded part of the log of the run under the cursor."""
    return fleet.detail.page if fleet.detail is not None and fleet.detail.run_id == fleet.cursor else None


def targets(fleet: Fleet) -> tuple[str, ...]:
    """What a key asks for: the marked runs, else the one under the cursor."""
    marked = tuple(run_id for run_id in fleet.order if run_id in fleet.marks) if fleet.marks else ()
    return marked or ((fleet.cursor,) if fleet.cursor is not None else ())


def cut_off(fleet: Fleet) -> tuple[str, ...]:
    """The runs that a reboot, a shutdown or a lost process has ended: they go on when somebody says so."""
    if not RESUMABLE & fleet.tally.keys():
        return ()
    return tuple(run_id for run_id in fleet.order if fleet.statuses[run_id] in RESUMABLE)


def pause_or_resume(fleet: Fleet) -> Verb:
    """What `p` means now: pause as long as any of the targets can be, else let them go on."""
    ids = targets(fleet)
    return Verb.RESUME if ids and all(_is_held(fleet, run_id) for run_id in ids) else Verb.PAUSE


def _is_held(fleet: Fleet, run_id: str) -> bool:
    """Whether there is nothing of it that a pause would hold; one that waits for its turn does not show it."""
    status = fleet.statuses[run_id]
    if status in WAITING:
        return pause_wanted(fleet.reads[run_id].records.requests)
    return status in HELD | RESUMABLE | ENDED | {Status.PAUSING}


def live_ids(fleet: Fleet) -> tuple[str, ...]:
    return tuple(run_id for run_id in fleet.order if fleet.statuses[run_id] in LIVE)
