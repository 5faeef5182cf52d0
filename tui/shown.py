"""Which runs the list shows, in which order, and on which of them the cursor is. Pure."""

from overnight.tui.events import Mode
from overnight.tui.filtering import Subject, is_sought
from overnight.tui.model import Fleet, cursor_index
from overnight.tui.sorting import AS_IT_CAME, By, key_of


def filtered(fleet: Fleet, *, sorts: bool = False) -> Fleet:
    """What passes the filter now, with the cursor on one of them: its own run while that is shown.

    `sorts`: put all of them in order; else those that were shown stay as they are, and others come above them.
    """
    passing = fleet.order
    if Mode.ONLY_TROUBLE in fleet.modes or fleet.filter.tests:
        passing = tuple(run_id for run_id in passing if _passes(fleet, run_id))
    shown = _ordered(fleet, passing) if sorts or not fleet.shown else _kept_in_order(fleet, passing)
    if sorts:
        fleet = fleet._replace(sorted_at=fleet.now)
    if fleet.cursor in shown:
        return fleet._replace(shown=shown)
    near = min(cursor_index(fleet), len(shown) - 1)
    return fleet._replace(shown=shown, cursor=shown[near] if shown else None)


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
    return Subject(fleet.reads[run_id].records, fleet.statuses[run_id], fleet.now, fleet.stands.get(run_id))


def _passes(fleet: Fleet, run_id: str) -> bool:
    subject = _subject(fleet, run_id)
    if Mode.ONLY_TROUBLE in fleet.modes and not (subject.is_trouble or subject.records.errors > 0):
        return False
    return fleet.filter.passes(subject)


def is_found(fleet: Fleet) -> bool:
    """Whether a shown run has the sought text."""
    return any(is_sought(fleet.reads[run_id].records, fleet.sought) for run_id in fleet.shown)


def found(fleet: Fleet, *, step: int, skip: int) -> Fleet:
    """The cursor on the next shown run that has the sought text, round the end; where none has it, as it is."""
    count = len(fleet.shown)
    start = cursor_index(fleet)
    for offset in range(skip, count + skip):
        run_id = fleet.shown[(start + step * offset) % count]
        if fleet.sought and is_sought(fleet.reads[run_id].records, fleet.sought):
            return fleet._replace(cursor=run_id)
    return fleet
