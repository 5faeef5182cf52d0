"""What becomes of the fleet when runs were read again, and when time passes. Pure."""

from collections import Counter
from collections.abc import Mapping
from math import inf

from overnight.state.queue import queue_of, stands_of
from overnight.state.records import Records
from overnight.state.status import ENDED, RESUMABLE, Status, status_of
from overnight.tui.bars import Sample
from overnight.tui.events import Arrived, Read
from overnight.tui.model import Fleet
from overnight.tui.shown import filtered
from overnight.tui.sorting import AGAIN_AFTER
from overnight.tui.sorting import LIVE as CHANGING

JUDGED_AT_ONCE = 500
"""Live runs whose status a tick looks at: of more, the next tick looks at the next ones. Where a run is seen, its line
says at once what it is; the counts may be behind by a tick for each 500 of them."""
SPAN = 900.0
"""Seconds that a sparkline shows."""
GRAIN = 32
"""Samples are no closer to each other than this part of the time they cover: few of them, and at once some."""


def arrived(fleet: Fleet, event: Arrived) -> Fleet:
    """Of ten thousand runs a few are read again at a time: all are looked at only where one came or went."""
    reads, samples = dict(fleet.reads), dict(fleet.samples)
    statuses: dict[str, Status] = {}
    for run_id in event.gone:
        reads.pop(run_id, None)
        samples.pop(run_id, None)
    for read in event.reads:
        ring = samples.get(read.id, ()) if _is_same_attempt(reads.get(read.id), read) else ()
        reads[read.id] = read
        samples[read.id] = add_sample(ring, _sample_of(read.records, fleet.now))
        statuses[read.id] = status_of(read.records, fleet.now)
    judged = _judged(fleet._replace(loaded=True, reads=reads, samples=samples), statuses, event.gone)
    same = fleet.loaded and len(judged.statuses) == len(fleet.statuses) and fleet.statuses.keys() >= statuses.keys()
    order = fleet.order if same else _order(() if fleet.gathering else fleet.order, reads, judged.statuses)
    changed = judged._replace(
        order=order,
        cursor=None if fleet.gathering else fleet.cursor,
        gathering=fleet.gathering and event.more,
        stands_due=fleet.stands_due or judged.statuses is not fleet.statuses or Status.QUEUED in statuses.values(),
        marks=fleet.marks & reads.keys() if fleet.marks else fleet.marks,
    )
    return filtered(with_stands(changed) if _is_short(changed) else changed)


def ticked(fleet: Fleet, now: float) -> Fleet:
    """Time alone can make a run stalled or stale; an ended one stays what it is."""
    fleet = fleet._replace(now=now)
    live = sum(count for status, count in fleet.tally.items() if status not in ENDED)
    due = fleet.sort.by in CHANGING and now - fleet.sorted_at >= AGAIN_AFTER
    if not live and not due:
        return fleet._replace(overall=None)
    ids = [run_id for run_id, status in fleet.statuses.items() if status not in ENDED]
    start = fleet.judged if fleet.judged < live else 0
    end = start + JUDGED_AT_ONCE
    judged = _judged(fleet, {run_id: status_of(fleet.reads[run_id].records, now) for run_id in ids[start:end]})
    if end >= live:
        # Not in the first picture, which is not to wait for it.
        from overnight.tui.overall import overall_of

        overall = overall_of(judged.reads, judged.statuses, judged.groups, judged.order, now)
        judged = judged._replace(overall=overall)
    judged = with_stands(judged._replace(judged=end))
    return judged if judged.statuses is fleet.statuses and not due else filtered(judged, sorts=due)


def _judged(fleet: Fleet, judged: Mapping[str, Status], gone: frozenset[str] = frozenset()) -> Fleet:
    """With these statuses, and without those of runs that are gone; where all are what they were, as it was."""
    before = fleet.statuses
    others = {run_id: status for run_id, status in judged.items() if before.get(run_id) is not status}
    if not others and not any(run_id in before for run_id in gone):
        return fleet
    statuses = {**before, **others}
    for run_id in gone:
        statuses.pop(run_id, None)
    return fleet._replace(statuses=statuses, tally=Counter(statuses.values()))


def _order(before: tuple[str, ...], reads: Mapping[str, Read], statuses: Mapping[str, Status]) -> tuple[str, ...]:
    """Those that were there stay where they are. New ones go on top, and older ones that are read later go below.

    Of many that are read at once, those that are over go below the others.
    """
    kept = tuple(run_id for run_id in before if run_id in reads)
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


def with_stands(fleet: Fleet) -> Fleet:
    """With what each queued run waits for, looked at again where that may be another thing than before."""
    if not fleet.stands_due:
        return fleet
    if Status.QUEUED not in fleet.tally:
        return fleet._replace(stands={}, stands_due=False)
    records = {run_id: read.records for run_id, read in fleet.reads.items()}
    stands = stands_of(queue_of(records, fleet.statuses, fleet.groups, fleet.now))
    return fleet._replace(stands=stands, stands_due=False)


def _is_short(fleet: Fleet) -> bool:
    """Whether its queue is looked at with each arrival; a longer one is with each tick."""
    return fleet.tally.get(Status.QUEUED, 0) <= JUDGED_AT_ONCE


def _is_same_attempt(before: Read | None, read: Read) -> bool:
    """Else the time between the two would count as slow work; a rate is an attempt's, too."""
    old, new = (before.records.attempt if before else None), read.records.attempt
    return old is None or new is None or old.attempt == new.attempt


def _sample_of(records: Records, now: float) -> Sample | None:
    progress = records.progress
    if progress is None or progress.processed_items is None:
        return None
    return Sample(now, progress.processed_items, progress.total_items)


def add_sample(ring: tuple[Sample, ...], sample: Sample | None) -> tuple[Sample, ...]:
    """With the newest sample and without what is too old. Bounded: about GRAIN * ln(SPAN) of them."""
    if sample is None:
        return ring
    if ring and sample.processed < ring[-1].processed:
        return (sample,)
    kept = ring
    if ring and sample.at - ring[0].at > SPAN:
        kept = tuple(each for each in ring if sample.at - each.at <= SPAN)
    if kept and sample.at <= kept[-1].at:
        # Read again between two ticks of the clock: there is one sample for a moment.
        return (*kept[:-1], sample._replace(at=kept[-1].at))
    if len(kept) < 2:
        return (*kept, sample)
    spacing = max(1.0, (sample.at - kept[0].at) / GRAIN)
    return (*kept[:-1], sample) if sample.at - kept[-2].at < spacing else (*kept, sample)
