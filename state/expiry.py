"""Which runs have been over for so long that they may go. Pure."""

from typing import NamedTuple

from overnight.state.records import Records
from overnight.state.status import ENDED, Status, status_of

PRUNED = ENDED - {Status.INTERRUPTED}
"""What goes unless something else is asked for: an interrupted run is not over by intent, `resume` continues it."""
PRUNABLE = ENDED | {Status.LOST}


class Rule(NamedTuple):
    """Which runs may go."""

    older: float
    """Seconds since they ended."""
    statuses: frozenset[Status] = PRUNED
    group: str | None = None
    """None = of every group."""


def has_expired(records: Records, rule: Rule, now: float) -> bool:
    """Whether the run may go. `now`: seconds since the epoch."""
    group = records.spec.group if records.spec else None
    if rule.group not in {None, group} or status_of(records, now) not in rule.statuses & PRUNABLE:
        return False
    return over_for(records, now) >= rule.older


def over_for(records: Records, now: float) -> float:
    """Seconds since it ended; where that is not on record, since its last sign of life."""
    ended = records.exit.ended_at if records.exit else None
    return max(0.0, now - (ended if ended is not None else _last_sign(records, now)))


def _last_sign(records: Records, now: float) -> float:
    """What says nothing of itself may be new."""
    attempt, spec = records.attempt, records.spec
    signs = [
        attempt.ended_at if attempt else None,
        attempt.started_at if attempt else None,
        spec.created_at if spec else None,
        records.progress_changed_at,
        records.heartbeat_changed_at,
        *(request.at for request in records.requests),
    ]
    return max((each for each in signs if each is not None), default=now)
