"""How far all that lives is, together, and when the last of it will be over. Pure."""

from collections.abc import Iterable, Mapping
from itertools import islice
from math import inf

from overnight.state.outlook import Outlook, left_of, outlook_of, usual_of
from overnight.state.queue import Group, queue_of
from overnight.state.records import Records
from overnight.state.status import ENDED, LIVE, RESUMABLE, Status
from overnight.state.summary import percent_of
from overnight.tui.events import Read
from overnight.tui.model import Overall

OVER = ENDED - RESUMABLE
LOOKED_THROUGH = 1000
"""Runs that are over, the newest, among which it is looked how long one of a name takes."""


def overall_of(
    reads: Mapping[str, Read],
    statuses: Mapping[str, Status],
    groups: Mapping[str, Group],
    newest_first: Iterable[str],
    now: float,
) -> Overall | None:
    """None = nothing lives."""
    every = {run_id: reads[run_id].records for run_id, status in statuses.items() if status in LIVE}
    if not every:
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
    starts = {run_id: now + seconds for run_id, seconds in seen.starts.items()}
    return Overall(_percent_of(reads, statuses, every), seen.left, seen.open, starts)


def _percent_of(
    reads: Mapping[str, Read], statuses: Mapping[str, Status], every: Mapping[str, Records]
) -> float | None:
    """How much is done of all that was launched with those that live: what has ended of it is done, what waits is not.

    Else it would leap back whenever one of them ends, or begins.
    """
    known = {
        run_id: percent for run_id in every if (percent := _known_percent(every[run_id], statuses[run_id])) is not None
    }
    if not known:
        return None
    since = min(spec.created_at if (spec := every[run_id].spec) is not None else inf for run_id in known)
    # With each tick of the clock, of ten thousand runs: most have ended long before.
    recent = [
        run_id for run_id, each in reads.items() if (ended := each.records.exit) and (ended.ended_at or 0.0) >= since
    ]
    over = sum(statuses[run_id] in OVER and _had_length(reads[run_id].records) for run_id in recent)
    return (sum(known.values()) + 100 * over) / (len(known) + over)


def _known_percent(records: Records, status: Status) -> float | None:
    """0 to 100; None = its length is not known."""
    percent = percent_of(records.progress) if records.progress is not None else None
    return 0.0 if percent is None and status is Status.QUEUED else percent


def _had_length(records: Records) -> bool:
    return records.progress is not None and percent_of(records.progress) is not None
