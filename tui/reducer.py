"""The one place where the fleet changes: reduce(fleet, event). Pure."""

from overnight.tui import place
from overnight.tui.arrivals import arrived, ticked, with_stands
from overnight.tui.detail import TABS, Detail
from overnight.tui.events import (
    Arrived,
    Asking,
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
    Pointed,
    Printed,
    Recalled,
    Searched,
    Sorted,
    Sought,
    Switched,
    TabChosen,
    TabStepped,
    Ticked,
)
from overnight.tui.filtering import EVERY_RUN
from overnight.tui.model import Depth, Fleet, cursor_index, page_of, reading_of
from overnight.tui.place import Reading
from overnight.tui.shown import filtered, found


def reduce(fleet: Fleet, event: Event) -> Fleet:
    """The fleet after `event`."""
    match event:
        case Arrived():
            return _noted(fleet, arrived(fleet, event))
        case Ticked(now):
            return _noted(fleet, ticked(fleet, now))
        case Grouped(groups):
            return with_stands(fleet._replace(groups=groups, stands_due=True))
        case Detailed(detail):
            return _detailed(fleet, detail)
        case Printed(lines):
            return fleet._replace(printed=lines)
        case Searched():
            return fleet._replace(reading=place.searched(reading_of(fleet), event))
        case Recalled(told):
            return fleet._replace(told=told)
        case Asking(bulk):
            return fleet._replace(bulk=bulk)
        case Failed(message):
            return fleet._replace(failure=message)
        case _:
            return _pressed(fleet._replace(gathering=False, displaced_from=None), event)


def _noted(before: Fleet, after: Fleet) -> Fleet:
    """Where the cursor had to leave its run it is not inside of another one: nobody went there."""
    if before.gathering or before.cursor is None or after.cursor == before.cursor:
        return after
    return after._replace(
        displaced_from=before.cursor,
        depth=min(after.depth, Depth.OPEN, key=lambda each: each.value),
        modes=after.modes - {Mode.MAXIMISED},
    )


def _pressed(fleet: Fleet, event: KeyEvent) -> Fleet:
    match event:
        case CursorMoved(by):
            return _put(fleet, max(0, cursor_index(fleet) + by))
        case CursorPut(index):
            return _put(fleet, index if index >= 0 else len(fleet.shown) - 1)
        case Pointed(run_id):
            return _pointed(fleet, run_id)
        case Opened():
            return _opened(fleet)
        case Backed():
            return _backed(fleet)
        case TabChosen(tab):
            return fleet._replace(tab=tab, depth=_at_least_open(fleet))
        case TabStepped(by):
            tab = TABS[(TABS.index(fleet.tab) + by) % len(TABS)]
            return fleet._replace(tab=tab, depth=_at_least_open(fleet))
        case Switched(mode, on):
            return _switched(fleet, mode, on)
        case Marked(marking):
            return _marked(fleet, marking)
        case Sought(text):
            return _sought(fleet, text) if text else fleet._replace(sought="")
        case FoundNext(by):
            return found(fleet, step=by, skip=1)
        case Filtered(chosen):
            return filtered(fleet._replace(filter=chosen), sorts=True)
        case Sorted(sort):
            return filtered(fleet._replace(sort=sort), sorts=True)
        case LogMoved() | LogPut() | LogSought() | LogFoundNext():
            return fleet._replace(reading=_read_elsewhere(fleet, event))


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


def _detailed(fleet: Fleet, detail: Detail) -> Fleet:
    fleet = fleet._replace(detail=detail)
    page = page_of(fleet)
    return fleet if page is None else fleet._replace(reading=place.told(reading_of(fleet), page))


def _put(fleet: Fleet, index: int) -> Fleet:
    if not fleet.shown:
        return fleet
    return fleet._replace(cursor=fleet.shown[min(index, len(fleet.shown) - 1)])


def _pointed(fleet: Fleet, run_id: str) -> Fleet:
    """What hides the run is taken away; one that was removed is nowhere."""
    if run_id not in fleet.reads:
        return fleet
    if run_id not in fleet.shown:
        everything = fleet._replace(filter=EVERY_RUN, modes=fleet.modes - {Mode.ONLY_TROUBLE})
        fleet = filtered(everything, sorts=True)
    return fleet._replace(cursor=run_id, depth=Depth.OPEN)


def _opened(fleet: Fleet) -> Fleet:
    if fleet.cursor is None:
        return fleet
    return fleet._replace(depth=Depth.OPEN if fleet.depth is Depth.LIST else Depth.ENTERED)


def _backed(fleet: Fleet) -> Fleet:
    """One step out: of a search, a big pane, the pane, what was looked for, marks, the filter; the pane closes."""
    reading = reading_of(fleet)
    if reading.search is not None:
        return fleet._replace(reading=place.stopped(reading))
    if Mode.MAXIMISED in fleet.modes:
        return fleet._replace(modes=fleet.modes - {Mode.MAXIMISED}, depth=Depth.OPEN)
    if fleet.depth is Depth.ENTERED:
        return fleet._replace(depth=Depth.OPEN)
    if fleet.sought:
        return fleet._replace(sought="")
    if fleet.marks:
        return fleet._replace(marks=frozenset(), marked_last=None)
    if fleet.filter.tests:
        return filtered(fleet._replace(filter=EVERY_RUN), sorts=True)
    return fleet._replace(depth=Depth.LIST)


def _at_least_open(fleet: Fleet) -> Depth:
    return Depth.OPEN if fleet.depth is Depth.LIST else fleet.depth


def _switched(fleet: Fleet, mode: Mode, on: bool | None) -> Fleet:
    on = mode not in fleet.modes if on is None else on
    fleet = fleet._replace(modes=fleet.modes | {mode} if on else fleet.modes - {mode})
    if mode is Mode.MAXIMISED:
        return fleet._replace(depth=Depth.ENTERED if on else Depth.OPEN)
    return filtered(fleet) if mode is Mode.ONLY_TROUBLE else fleet


def _marked(fleet: Fleet, marking: Marking) -> Fleet:
    cursor = fleet.cursor
    if marking is Marking.NONE or cursor is None:
        return fleet._replace(marks=frozenset(), marked_last=None)
    if marking is Marking.ONE:
        return _put(fleet._replace(marks=fleet.marks ^ {cursor}, marked_last=cursor), cursor_index(fleet) + 1)
    if marking is Marking.ALL:
        shown = frozenset(fleet.shown)
        return fleet._replace(marks=fleet.marks - shown if shown <= fleet.marks else fleet.marks | shown)
    start = fleet.shown.index(fleet.marked_last) if fleet.marked_last in fleet.shown else cursor_index(fleet)
    first, last = sorted((start, cursor_index(fleet)))
    return fleet._replace(marks=fleet.marks | set(fleet.shown[first : last + 1]), marked_last=cursor)


def _sought(fleet: Fleet, text: str) -> Fleet:
    """The text as far as it is typed, from where that began: one that no run has leaves the cursor there.

    Else the next key would meet a run that had only the beginning of the text.
    """
    start = fleet.sought_from if fleet.sought and fleet.sought_from in fleet.shown else fleet.cursor
    return found(fleet._replace(sought=text, sought_from=start, cursor=start), step=1, skip=0)
