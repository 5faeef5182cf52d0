"""One run at one moment, as every view shows it: the fields of `ls --json`. Pure."""

from collections.abc import Mapping
from math import inf
from typing import Any, NamedTuple

from overnight.state import current, forms
from overnight.state.health import health_of, heartbeat_age
from overnight.state.records import Attempt, Count, Estimate, Exit, Pace, Progress, Records
from overnight.state.status import ENDED, HELD, Status, status_of
from overnight.state.waits import announced, with_wait


class Summary(NamedTuple):
    """Times are seconds since the epoch, durations seconds; None = not known."""

    id: str
    name: str
    group: str
    labels: Mapping[str, str]
    status: Status
    health: str
    """The verdict in words, with its reason; of ended runs the reason of their end."""
    attempt: int
    pid: int | None
    """The agent's; None when no attempt lives."""
    supervisor_pid: int | None
    processed_items: Count | None
    total_items: Count | None
    resumed_items: Count
    failed_items: Count
    percent: float | None
    """0 to 100."""
    rate: float | None
    """Items a second of this attempt's active time, since its pace last changed."""
    estimate: Estimate | None
    heartbeat_age: float | None
    errors: int
    requested: str | None
    """A verb not yet obeyed."""
    created_at: float | None
    started_at: float | None
    ended_at: float | None
    worked_seconds: float | None
    """Of a run that is over: its attempts together, pauses and the time between them not counted."""
    outcome: str | None
    exit_code: int | None
    directory: str


def summary_of(records: Records, now: float) -> Summary:
    """What the records of one run say at `now`, seconds since the epoch."""
    spec, progress, ended = records.spec, records.progress or Progress(), records.exit
    status = status_of(records, now)
    asked = current.unobeyed(records)
    alive = records.process_state is not None
    return Summary(
        id=records.id,
        name=spec.name if spec else records.id,
        group=spec.group if spec else "default",
        labels=spec.labels if spec else {},
        status=status,
        health=_health(records, status, now),
        attempt=records.attempt.attempt if records.attempt else 0,
        pid=records.attempt.pid if alive and records.attempt else None,
        supervisor_pid=records.supervisor.pid if records.supervised and records.supervisor else None,
        processed_items=progress.processed_items,
        total_items=progress.total_items,
        resumed_items=progress.resumed_items,
        failed_items=progress.failed_items,
        percent=percent_of(progress),
        rate=None if status in ENDED else rate_of(records, now),
        estimate=None if status in ENDED else estimate_of(records, now),
        heartbeat_age=heartbeat_age(records, now) if alive else None,
        errors=records.errors,
        requested=str(asked.verb) if asked else None,
        created_at=spec.created_at if spec else None,
        started_at=_started_at(records),
        ended_at=ended.ended_at if ended else None,
        worked_seconds=worked_of(ended) if ended else None,
        outcome=str(ended.outcome) if ended else None,
        exit_code=ended.code if ended else None,
        directory=records.directory,
    )


def percent_of(progress: Progress) -> float | None:
    """0 to 100: what the agent says by weight, else counted by items; None = length unknown."""
    if progress.percent_complete is not None:
        return progress.percent_complete
    if progress.processed_items is None or not progress.total_items:
        return None
    return min(100.0, 100.0 * progress.processed_items / progress.total_items)


def is_beyond(progress: Progress) -> bool:
    """It has done more than there is by its own word: what is left then is not known."""
    done, total = progress.processed_items, progress.total_items
    return done is not None and total is not None and done > total


def rate_of(records: Records, now: float) -> float | None:
    """Since the pace of this attempt last changed clearly, else its mean: what was resumed is no work, and a pause is
    no time.
    """
    progress = records.progress
    if progress is None or progress.processed_items is None or records.attempt is None:
        return None
    seconds = _active_seconds(progress, records.attempt, now)
    done = progress.processed_items - progress.resumed_items
    if not (seconds > 0 and done > 0):
        return None
    rate = done / seconds * _present(seconds, records.attempt.started_at, progress.updated_at or now, progress.pace)
    return rate if 0 < rate < inf else None


def _present(seconds: float, started_at: float, updated_at: float, pace: Pace | None) -> float:
    """The present pace, times the mean of all `seconds` at work; 1 = it has not changed."""
    if pace is None or pace.changed_at is None or pace.factor is None or not pace.factor > 0:
        return 1.0
    # Nobody knows on which side of the change it was paused: seconds at work since then are between these two.
    bounds = (seconds - (pace.changed_at - started_at), updated_at - pace.changed_at)
    since = sum(min(max(0.0, each), seconds) for each in bounds) / 2
    return pace.factor * seconds / (seconds - since + pace.factor * since)


def estimate_of(records: Records, now: float) -> Estimate | None:
    """What the agent foretells; else from its own time of completion; else from its mean rate: with what is left of an
    announced wait, of which they know nothing. None beyond the end, and in a wait without one.
    """
    progress = records.progress
    if progress is None or is_beyond(progress):
        return None
    estimate, wait = _foretold(records, progress, now), announced(records, now)
    if estimate is None or wait is None:
        return estimate
    if wait.left is None:
        return None
    # A time of completion is one with all waits, as far as they were known.
    knows = progress.estimate is None and progress.estimated_completion is not None
    workers = progress.pace.workers if progress.pace is not None else 1
    return with_wait(estimate, wait.left, beside=knows or workers > 1)


def _foretold(records: Records, progress: Progress, now: float) -> Estimate | None:
    if progress.estimate is not None:
        return progress.estimate
    if progress.estimated_completion is not None:
        said = max(0.0, progress.estimated_completion - now)
        return Estimate(said, said, said)
    left = _left_at_mean_rate(records, progress, now)
    if left is None:
        return None
    return Estimate(left * 0.7, left, left * 1.5) if left * 1.5 < inf else None


def _left_at_mean_rate(records: Records, progress: Progress, now: float) -> float | None:
    """Seconds, at the mean rate of this attempt; None = that is not known."""
    if progress.processed_items is not None and progress.total_items is not None:
        rate = rate_of(records, now)
        return None if rate is None else max(0.0, progress.total_items - progress.processed_items) / rate
    # Of a later attempt nobody knows at how many percent it began.
    if not progress.percent_complete or records.attempt is None or records.attempt.attempt > 1:
        return None
    seconds = _active_seconds(progress, records.attempt, now)
    return max(0.0, seconds) * max(0.0, 100 - progress.percent_complete) / progress.percent_complete


def _active_seconds(progress: Progress, attempt: Attempt, now: float) -> float:
    if progress.active_seconds is not None:
        return progress.active_seconds
    return (progress.updated_at or now) - attempt.started_at


def _health(records: Records, status: Status, now: float) -> str:
    if records.exit is not None:
        return records.exit.reason or str(status)
    if status in HELD or records.process_state is None:
        return str(status)
    health = health_of(records, now)
    return f"{health.verdict}: {health.reason}" if health.reason else str(health.verdict)


def _started_at(records: Records) -> float | None:
    if records.exit is not None and records.exit.started_at is not None:
        return records.exit.started_at
    return records.attempt.started_at if records.attempt else None


def worked_of(ended: Exit) -> float | None:
    """Seconds of its attempts together, pauses and the time between them not counted; None = nobody counted them."""
    if ended.worked is not None or ended.started_at is None or ended.ended_at is None:
        return ended.worked
    # Whoever wrote that did not count it: only of a single attempt there is no time between.
    return ended.ended_at - ended.started_at if ended.attempts <= 1 else None


def plain(summary: Summary) -> dict[str, Any]:
    """As JSON shows it: times in ISO 8601, the estimate an object."""
    fields = summary._asdict()
    for name in ("created_at", "started_at", "ended_at"):
        fields[name] = None if fields[name] is None else forms.iso(fields[name])
    fields["estimate"] = None if summary.estimate is None else summary.estimate._asdict()
    return fields
