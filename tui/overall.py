"""How far all that lives is, together, and when the last of it will be over. Pure."""

from collections.abc import Iterable, Mapping
from itertools import islice

from overnight.state.outlook import Outlook, left_of, outlook_of, usual_of
from overnight.state.queue import Group, queue_of
from overnight.state.status import LIVE, Status
from overnight.state.summary import percent_of
from overnight.tui.events import Read
from overnight.tui.model import Overall

LOOKED_THROUGH = 1000
"""Runs that are over, the newest, among which it is looked how long one of a name takes."""


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
    left = left_of(every, statuses, now)
    waiting = [run_id for run_id in every if statuses[run_id] is Status.QUEUED]
    if waiting:
        shown = {run_id: each.records for run_id, each in reads.items()}
        over = (shown[run_id] for run_id in newest_first if run_id in shown and shown[run_id].exit is not None)
        usual = usual_of(waiting, every, left, islice(over, LOOKED_THROUGH))
        seen = outlook_of(queue_of(shown, statuses, groups, now), left, usual)
    else:
        # Ten thousand that work need not be played through.
        seen = Outlook(max(left.values(), default=None), len(every) - len(left))
    return Overall(sum(percents) / len(percents), seen.left, seen.open)
