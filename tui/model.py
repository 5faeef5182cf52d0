"""The fleet as the interface holds it, and the one place where it changes: reduce(fleet, event). Pure.

A status is never set here: it follows from records and the present moment. What a person did with the
keyboard (the cursor, marks, the open pane) is part of the fleet, what they asked of a run is not: that
comes back in the run's records.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from math import inf

from overnight.state.queue import Group, Stand, queue_of, stands_of
from overnight.state.records import Records, Verb
from overnight.state.status import ENDED, HELD, LIVE, RESUMABLE, TROUBLE, Status, status_of
from overnight.state.summary import estimate_of, percent_of, summary_of
from overnight.tui import place
from overnight.tui.detail import TABS, Detail, Tab
from overnight.tui.events import (
    Arrived,
    Backed,
    CursorMoved,
    CursorPut,
    Detailed,
    Event,
    Failed,
    Filtered,
    FoundNext,
    Grouped,
    KeyEvent,
    LogFoundNext,
    LogMoved,
    LogPut,
    LogSought,
    Marked,
    Marking,
    Mode,
    Opened,
    Printed,
    Read,
    Searched,
    Sorted,
    Sought,
    Switched,
    TabChosen,
    TabStepped,
    Ticked,
)
from overnight.tui.filtering import EVERY_RUN, Filter, Subject, is_sought
from overnight.tui.keys import USUAL_KEYS, Keymap
from overnight.tui.page import Page
from overnight.tui.place import Reading
from overnight.tui.sorting import AGAIN_AFTER, AS_IT_CAME, By, Sort, key_of
from overnight.tui.sorting import LIVE as CHANGING
from overnight.tui.view import Row, Sample

JUDGED_AT_ONCE = 500
"""Live runs whose status a tick looks at: of more, the next tick looks at the next ones. Where a run is seen, its line
says at once what it is; the counts may be behind by a tick for each 500 of them."""
SPAN = 900.0
"""Seconds that a sparkline shows."""
GRAIN = 32
"""Samples are no closer to each other than this part of the time they cover: few of them, and at once some."""


class Depth(Enum):
    """How far a person has gone into the run under the cursor."""

    LIST = 0
    OPEN = 1
    """Its pane is beside the list; keys move the list."""
    ENTERED = 2
    """Keys move the pane."""


@dataclass(frozen=True, slots=True)
class Overall:
    """How far all that lives is, together."""

    percent: float
    """The mean of those whose length is known."""
    left: float | None
    """Seconds until the last of them is expected to end; None = no forecast."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything the interface shows at one moment."""

    now: float
    host: str = ""
    keys: Keymap = USUAL_KEYS
    loaded: bool = False
    """Whether the runs were read once: before that, an empty list means nothing."""
    reads: Mapping[str, Read] = field(default_factory=dict)
    statuses: Mapping[str, Status] = field(default_factory=dict)
    tally: Mapping[Status, int] = field(default_factory=dict)
    """How many runs are in each status: counted when one has changed, not for each picture."""
    judged: int = 0
    """Place in the statuses behind the last run that a tick looked at."""
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    """What was said of groups."""
    stands: Mapping[str, Stand] = field(default_factory=dict)
    """Of queued runs: what they wait for."""
    printed: Mapping[str, str] = field(default_factory=dict)
    """The newest line of runs that report nothing."""
    order: tuple[str, ...] = ()
    """All ids as they are listed: newest first, those that are over below when first read. Stays put."""
    shown: tuple[str, ...] = ()
    """Those of them that pass the filter."""
    cursor: str | None = None
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
    reading: Reading = field(default_factory=Reading)
    """Of the run whose log somebody has last moved in."""
    failure: str = ""
    overall: Overall | None = None
    """As of the last time that every live run was judged. None = nothing that lives has a known length."""


def reduce(fleet: Fleet, event: Event) -> Fleet:
    """The fleet after `event`."""
    match event:
        case Arrived():
            return _arrived(fleet, event)
        case Ticked(now):
            return _ticked(fleet, now)
        case Grouped(groups):
            return replace(fleet, groups=groups, stands=_stands(fleet.reads, fleet.statuses, groups, fleet.now))
        case Detailed(detail):
            return _detailed(fleet, detail)
        case Printed(lines):
            return replace(fleet, printed=lines)
        case Searched():
            return replace(fleet, reading=place.searched(reading_of(fleet), event))
        case Failed(message):
            return replace(fleet, failure=message)
        case _:
            return _pressed(fleet, event)


def _pressed(fleet: Fleet, event: KeyEvent) -> Fleet:
    match event:
        case CursorMoved(by):
            return _put(fleet, max(0, cursor_index(fleet) + by))
        case CursorPut(index):
            return _put(fleet, index if index >= 0 else len(fleet.shown) - 1)
        case Opened():
            return _opened(fleet)
        case Backed():
            return _backed(fleet)
        case TabChosen(tab):
            return replace(fleet, tab=tab, depth=_at_least_open(fleet))
        case TabStepped(by):
            tab = TABS[(TABS.index(fleet.tab) + by) % len(TABS)]
            return replace(fleet, tab=tab, depth=_at_least_open(fleet))
        case Switched(mode, on):
            return _switched(fleet, mode, on)
        case Marked(marking):
            return _marked(fleet, marking)
        case Sought(text):
            return _sought(fleet, text) if text else replace(fleet, sought="")
        case FoundNext(by):
            return _found(fleet, step=by, skip=1)
        case Filtered(chosen):
            return _filtered(replace(fleet, filter=chosen), sorts=True)
        case Sorted(sort):
            return _filtered(replace(fleet, sort=sort), sorts=True)
        case LogMoved() | LogPut() | LogSought() | LogFoundNext():
            return replace(fleet, reading=_read_elsewhere(fleet, event))


def _read_elsewhere(fleet: Fleet, event: LogMoved | LogPut | LogSought | LogFoundNext) -> Reading:
    reading, page = reading_of(fleet), page_of(fleet)
    match event:
        case LogMoved(by):
            return reading if page is None else place.moved(reading, page, by)
        case LogPut(at):
            return place.put(reading, at)
        case LogSought(text):
            return place.sought(reading, text)
        case LogFoundNext(by):
            return place.found_next(reading, by)


# -- what others ask of it


def row_at(fleet: Fleet, run_id: str) -> Row:
    """The run as it is shown now."""
    read = fleet.reads[run_id]
    return Row(
        records=read.records,
        summary=summary_of(read.records, fleet.now),
        now=fleet.now,
        stand=fleet.stands.get(run_id),
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
    held = HELD | RESUMABLE | {Status.PAUSING}
    statuses = [fleet.statuses[run_id] for run_id in targets(fleet)]
    return Verb.RESUME if statuses and all(status in held | ENDED for status in statuses) else Verb.PAUSE


def live_ids(fleet: Fleet) -> tuple[str, ...]:
    return tuple(run_id for run_id in fleet.order if fleet.statuses[run_id] in LIVE)


# -- records and the clock


def _detailed(fleet: Fleet, detail: Detail) -> Fleet:
    fleet = replace(fleet, detail=detail)
    page = page_of(fleet)
    return fleet if page is None else replace(fleet, reading=place.told(reading_of(fleet), page))


def _arrived(fleet: Fleet, event: Arrived) -> Fleet:
    reads, samples, statuses = dict(fleet.reads), dict(fleet.samples), dict(fleet.statuses)
    for run_id in event.gone:
        for each in (reads, samples, statuses):
            each.pop(run_id, None)
    for read in event.reads:
        reads[read.id] = read
        samples[read.id] = add_sample(samples.get(read.id, ()), _sample_of(read.records, fleet.now))
        statuses[read.id] = status_of(read.records, fleet.now)
    judged = _judged(replace(fleet, loaded=True, reads=reads, samples=samples), statuses)
    same = reads.keys() == fleet.reads.keys() and fleet.loaded
    order = fleet.order if same else _order(fleet, reads, statuses)
    changed = replace(
        judged,
        order=order,
        stands=_stands(reads, judged.statuses, fleet.groups, fleet.now),
        marks=fleet.marks & reads.keys(),
    )
    return _filtered(changed)


def _ticked(fleet: Fleet, now: float) -> Fleet:
    """Time alone can make a run stalled or stale; an ended one stays what it is."""
    fleet = replace(fleet, now=now)
    live = sum(count for status, count in fleet.tally.items() if status not in ENDED)
    due = fleet.sort.by in CHANGING and now - fleet.sorted_at >= AGAIN_AFTER
    if not live and not due:
        return replace(fleet, overall=None)
    ids = [run_id for run_id, status in fleet.statuses.items() if status not in ENDED]
    start = fleet.judged if fleet.judged < live else 0
    end = start + JUDGED_AT_ONCE
    now_are = {run_id: status_of(fleet.reads[run_id].records, now) for run_id in ids[start:end]}
    judged = _judged(fleet, {**fleet.statuses, **now_are})
    if end >= live:
        judged = replace(judged, overall=_overall(judged.reads, judged.statuses, now))
    judged = replace(judged, judged=end)
    return judged if judged.statuses is fleet.statuses and not due else _filtered(judged, sorts=due)


def _judged(fleet: Fleet, statuses: Mapping[str, Status]) -> Fleet:
    """With these statuses; where they are what they were, with those that it has."""
    if statuses == fleet.statuses:
        return fleet
    return replace(fleet, statuses=statuses, tally=Counter(statuses.values()))


def _overall(reads: Mapping[str, Read], statuses: Mapping[str, Status], now: float) -> Overall | None:
    live = [reads[run_id].records for run_id, status in statuses.items() if status in LIVE]
    percents = [each for records in live if records.progress and (each := percent_of(records.progress)) is not None]
    if not percents:
        return None
    left = [estimate.likely for records in live if (estimate := estimate_of(records, now)) is not None]
    return Overall(sum(percents) / len(percents), max(left, default=None))


def _order(fleet: Fleet, reads: Mapping[str, Read], statuses: Mapping[str, Status]) -> tuple[str, ...]:
    """Those that were there stay where they are. New ones go on top, and older ones that are read later go below.

    Of many that are read at once, those that are over go below the others.
    """
    kept = tuple(run_id for run_id in fleet.order if run_id in reads)
    known = frozenset(kept)
    new = sorted((run_id for run_id in reads if run_id not in known), key=lambda each: _newest_first(reads[each]))
    newest = min((_newest_first(reads[run_id]) for run_id in kept), default=(inf, ""))
    on_top = tuple(run_id for run_id in new if kept and _newest_first(reads[run_id]) < newest)
    below = sorted(new[len(on_top) :], key=lambda each: _urgency(statuses[each]))
    return (*on_top, *kept, *below)


def _urgency(status: Status) -> int:
    """What works or was cut off comes first, then what waits, then what is over."""
    if status in ENDED - RESUMABLE:
        return 2
    return 1 if status is Status.QUEUED else 0


def _newest_first(read: Read) -> tuple[float, str]:
    spec = read.records.spec
    return (-spec.created_at if spec else 0.0, read.id)


def _stands(
    reads: Mapping[str, Read], statuses: Mapping[str, Status], groups: Mapping[str, Group], now: float
) -> Mapping[str, Stand]:
    if Status.QUEUED not in statuses.values():
        return {}
    return stands_of(queue_of({run_id: read.records for run_id, read in reads.items()}, statuses, groups, now))


def _sample_of(records: Records, now: float) -> Sample | None:
    progress = records.progress
    if progress is None or progress.processed_items is None:
        return None
    return Sample(now, progress.processed_items)


def add_sample(ring: tuple[Sample, ...], sample: Sample | None) -> tuple[Sample, ...]:
    """With the newest sample and without what is too old. Bounded: about GRAIN * ln(SPAN) of them."""
    if sample is None:
        return ring
    if ring and sample.processed < ring[-1].processed:
        return (sample,)
    kept = tuple(each for each in ring if sample.at - each.at <= SPAN)
    if kept and sample.at <= kept[-1].at:
        # Read again between two ticks of the clock: there is one sample for a moment.
        return (*kept[:-1], kept[-1]._replace(processed=sample.processed))
    if len(kept) < 2:
        return (*kept, sample)
    spacing = max(1.0, (sample.at - kept[0].at) / GRAIN)
    return (*kept[:-1], sample) if sample.at - kept[-2].at < spacing else (*kept, sample)


# -- the keyboard


def _filtered(fleet: Fleet, *, sorts: bool = False) -> Fleet:
    """What passes the filter now, with the cursor on one of them: its own run while that is shown.

    `sorts`: put all of them in order; else those that were shown stay as they are, and others come above them.
    """
    passing = fleet.order
    if Mode.ONLY_TROUBLE in fleet.modes or fleet.filter.tests:
        passing = tuple(run_id for run_id in passing if _passes(fleet, run_id))
    shown = _ordered(fleet, passing) if sorts or not fleet.shown else _kept_in_order(fleet, passing)
    if sorts:
        fleet = replace(fleet, sorted_at=fleet.now)
    if fleet.cursor in shown:
        return replace(fleet, shown=shown)
    near = min(cursor_index(fleet), len(shown) - 1)
    return replace(fleet, shown=shown, cursor=shown[near] if shown else None)


def _ordered(fleet: Fleet, ids: tuple[str, ...]) -> tuple[str, ...]:
    if fleet.sort.by is By.ARRIVAL:
        return ids[::-1] if fleet.sort.turned else ids
    return tuple(sorted(ids, key=lambda run_id: key_of(_subject(fleet, run_id), fleet.sort)))


def _kept_in_order(fleet: Fleet, ids: tuple[str, ...]) -> tuple[str, ...]:
    if fleet.sort == AS_IT_CAME:
        return ids
    passing, before = frozenset(ids), frozenset(fleet.shown)
    kept = tuple(run_id for run_id in fleet.shown if run_id in passing)
    return (*(run_id for run_id in ids if run_id not in before), *kept)


def _subject(fleet: Fleet, run_id: str) -> Subject:
    return Subject(fleet.reads[run_id].records, fleet.statuses[run_id], fleet.now)


def _passes(fleet: Fleet, run_id: str) -> bool:
    if Mode.ONLY_TROUBLE in fleet.modes and not (
        fleet.statuses[run_id] in TROUBLE or fleet.reads[run_id].records.errors > 0
    ):
        return False
    return not fleet.filter.tests or fleet.filter.passes(_subject(fleet, run_id))


def _put(fleet: Fleet, index: int) -> Fleet:
    if not fleet.shown:
        return fleet
    return replace(fleet, cursor=fleet.shown[min(index, len(fleet.shown) - 1)])


def _opened(fleet: Fleet) -> Fleet:
    if fleet.cursor is None:
        return fleet
    return replace(fleet, depth=Depth.OPEN if fleet.depth is Depth.LIST else Depth.ENTERED)


def _backed(fleet: Fleet) -> Fleet:
    """One step out: of a search, a big pane, the pane, what was looked for, marks, the filter; the pane closes."""
    reading = reading_of(fleet)
    if reading.search is not None:
        return replace(fleet, reading=place.stopped(reading))
    if Mode.MAXIMISED in fleet.modes:
        return replace(fleet, modes=fleet.modes - {Mode.MAXIMISED}, depth=Depth.OPEN)
    if fleet.depth is Depth.ENTERED:
        return replace(fleet, depth=Depth.OPEN)
    if fleet.sought:
        return replace(fleet, sought="")
    if fleet.marks:
        return replace(fleet, marks=frozenset(), marked_last=None)
    if fleet.filter.tests:
        return _filtered(replace(fleet, filter=EVERY_RUN), sorts=True)
    return replace(fleet, depth=Depth.LIST)


def _at_least_open(fleet: Fleet) -> Depth:
    return Depth.OPEN if fleet.depth is Depth.LIST else fleet.depth


def _switched(fleet: Fleet, mode: Mode, on: bool | None) -> Fleet:
    on = mode not in fleet.modes if on is None else on
    fleet = replace(fleet, modes=fleet.modes | {mode} if on else fleet.modes - {mode})
    if mode is Mode.MAXIMISED:
        return replace(fleet, depth=Depth.ENTERED if on else Depth.OPEN)
    return _filtered(fleet) if mode is Mode.ONLY_TROUBLE else fleet


def _marked(fleet: Fleet, marking: Marking) -> Fleet:
    cursor = fleet.cursor
    if marking is Marking.NONE or cursor is None:
        return replace(fleet, marks=frozenset(), marked_last=None)
    if marking is Marking.ONE:
        return _put(replace(fleet, marks=fleet.marks ^ {cursor}, marked_last=cursor), cursor_index(fleet) + 1)
    if marking is Marking.ALL:
        shown = frozenset(fleet.shown)
        return replace(fleet, marks=fleet.marks - shown if shown <= fleet.marks else fleet.marks | shown)
    start = fleet.shown.index(fleet.marked_last) if fleet.marked_last in fleet.shown else cursor_index(fleet)
    first, last = sorted((start, cursor_index(fleet)))
    return replace(fleet, marks=fleet.marks | set(fleet.shown[first : last + 1]), marked_last=cursor)


def _sought(fleet: Fleet, text: str) -> Fleet:
    """The text as far as it is typed, from where that began: one that no run has leaves the cursor there.

    Else the next key would meet a run that had only the beginning of the text.
    """
    start = fleet.sought_from if fleet.sought and fleet.sought_from in fleet.shown else fleet.cursor
    return _found(replace(fleet, sought=text, sought_from=start, cursor=start), step=1, skip=0)


def is_found(fleet: Fleet) -> bool:
    """Whether a shown run has the sought text."""
    return any(is_sought(fleet.reads[run_id].records, fleet.sought) for run_id in fleet.shown)


def _found(fleet: Fleet, *, step: int, skip: int) -> Fleet:
    """The cursor on the next shown run that has the sought text, round the end; where none has it, as it is."""
    count = len(fleet.shown)
    start = cursor_index(fleet)
    for offset in range(skip, count + skip):
        run_id = fleet.shown[(start + step * offset) % count]
        if fleet.sought and is_sought(fleet.reads[run_id].records, fleet.sought):
            return replace(fleet, cursor=run_id)
    return fleet
