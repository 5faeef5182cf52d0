"""How far all that lives is, together, and when the last of it will be over. Pure."""

from collections.abc import Iterable, Mapping
from itertools import islice

from overnight.state.outlook import name_of, outlook_of, usual_by_name
from overnight.state.queue import Group, queue_of
from overnight.state.status import HELD, LIVE, Status
from overnight.state.summary import estimate_of, percent_of
from overnight.tui.events import Read
from overnight.tui.model import Overall

LOOKED_THROUGH = 1000
"""Runs, the newest, among which it is looked how long one of a name takes."""


def overall_of(
    reads: Mapping[str, Read],
    statuses: Mapping[str, Status],
    groups: Mapping[str, Group],
    newest_first: Iterable[str],
    now: float,
) -> Overall | None:
    """None = nothing that lives has a known length."""
    every = {run_id: reads[run_id].records for run_id, status in statuses.items() if status in LIVE}
    percents = [
        each for records in every.values() if records.progress and (each := percent_of(records.progress)) is not None
    ]
    if not percents:
        return None
    left = {
        run_id: estimate.likely
        for run_id, records in every.items()
        if statuses[run_id] not in HELD and (estimate := estimate_of(records, now)) is not None
    }
    waiting = [run_id for run_id in every if statuses[run_id] is Status.QUEUED]
    usual: dict[str, float] = {}
    if waiting:
        # What others come after may be over.
        records = {run_id: each.records for run_id, each in reads.items()}
        queue = queue_of(records, statuses, groups, now)
        took = usual_by_name(records[run_id] for run_id in islice(newest_first, LOOKED_THROUGH) if run_id in records)
        for run_id in waiting:
            seconds = left.get(run_id, took.get(name_of(every[run_id])))
            if seconds is not None:
                usual[run_id] = seconds
    else:
        queue = queue_of(every, {run_id: statuses[run_id] for run_id in every}, groups, now)
    seen = outlook_of(queue, left, usual)
    return Overall(sum(percents) / len(percents), seen.left, seen.open)
