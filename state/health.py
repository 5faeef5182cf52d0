"""Whether a run that should work does: facts apart, one verdict, in words. Pure.

A missing beat is not death and a beat is not work: only a vanished process is dead, and a run that
never reported progress is never stalled unless its spec says so.
"""

from enum import StrEnum
from typing import NamedTuple

from overnight.state import current
from overnight.state.records import AgentStatus, Progress, Records

LEAST_SILENCE = 30.0
"""Seconds below which no silence means anything."""
BEATS_MISSED = 5
"""Intervals without a beat after which a heartbeat is stale."""
LONGEST_TIMES, P95_TIMES = 3, 10
"""A silence is unusual past so many of the longest recent item and of the 95th percentile."""


class Verdict(StrEnum):
    """What the facts together say."""

    RUNNING = "running"
    SLOW_ITEM = "slow item"
    STALLED = "stalled"
    FROZEN = "frozen"
    STALE = "stale"
    DEAD = "dead"


class Health(NamedTuple):
    """A verdict and the words for it."""

    verdict: Verdict
    reason: str = ""


def health_of(records: Records, now: float) -> Health:
    """The verdict on the attempt that runs now. `now`: seconds since the epoch."""
    if records.process_state is None:
        return Health(Verdict.DEAD, "its process is gone")
    if records.process_state in {"T", "t"}:
        return Health(Verdict.FROZEN, "its process is stopped by a signal")
    age = heartbeat_age(records, now)
    if age is not None and age > stale_after(records):
        return Health(Verdict.STALE, f"no heartbeat for {age:.0f} s")
    return _silence_verdict(records, now)


def _silence_verdict(records: Records, now: float) -> Health:
    quiet = silence(records, now)
    if quiet is None or current.own_status(records) is AgentStatus.PAUSED:
        return Health(Verdict.RUNNING)
    if quiet <= LEAST_SILENCE and (records.spec is None or records.spec.stall is None):
        # Shorter than any silence that counts, whatever is usual here.
        return Health(Verdict.RUNNING)
    threshold = stall_after(records, now)
    if threshold is not None and quiet > threshold:
        return Health(Verdict.STALLED, f"no progress for {quiet:.0f} s; more than {threshold:.0f} s is unusual here")
    if threshold is not None and quiet > threshold / 2 and quiet > LEAST_SILENCE:
        return Health(Verdict.SLOW_ITEM, f"no progress for {quiet:.0f} s")
    return Health(Verdict.RUNNING)


def heartbeat_age(records: Records, now: float) -> float | None:
    """Seconds since the last beat of this attempt; None = it has not reported any."""
    heartbeat = current.own_heartbeat(records)
    if heartbeat is None:
        return None
    beat = heartbeat.last_heartbeat or records.heartbeat_changed_at
    return None if beat is None else max(0.0, now - beat)


def stale_after(records: Records) -> float:
    heartbeat = current.own_heartbeat(records)
    interval = heartbeat.interval_seconds if heartbeat else 1.0
    return max(LEAST_SILENCE, BEATS_MISSED * interval)


def silence(records: Records, now: float) -> float | None:
    """Seconds since this attempt last got on, announced waits not counted; None = it cannot be known."""
    attempt, heartbeat = records.attempt, current.own_heartbeat(records)
    if attempt is None:
        return None
    if heartbeat and heartbeat.waiting and (heartbeat.waiting.until is None or heartbeat.waiting.until > now):
        return 0.0
    reported = last_progress(records)
    if reported is None:
        # Nothing was ever reported: only a spec that names a limit makes that a silence.
        return max(0.0, now - attempt.started_at) if records.spec and records.spec.stall is not None else None
    waited_until = heartbeat.waiting.until if heartbeat and heartbeat.waiting else None
    return max(0.0, now - max(reported, attempt.started_at, waited_until or 0.0))


def last_progress(records: Records) -> float | None:
    """When this attempt got on by its own word, seconds since the epoch; None = it never said so."""
    heartbeat, progress = current.own_heartbeat(records), current.own_progress(records)
    if heartbeat and heartbeat.last_progress is not None:
        return heartbeat.last_progress
    return (progress.updated_at or records.progress_changed_at) if progress else None


def stall_after(records: Records, now: float) -> float | None:
    """Seconds of silence that count as a stall for this run; None = none does."""
    if records.spec and records.spec.stall is not None:
        return records.spec.stall
    progress = current.own_progress(records)
    if progress is None:
        return None
    if progress.item_seconds is not None:
        usual = max(LONGEST_TIMES * progress.item_seconds.longest, P95_TIMES * progress.item_seconds.p95)
        return max(LEAST_SILENCE, usual)
    return max(LEAST_SILENCE, P95_TIMES * _mean_item(records, progress, now))


def _mean_item(records: Records, progress: Progress, now: float) -> float:
    """For agents that write only counts: the mean stands for what is not known of single items."""
    done = (progress.processed_items or 0) - progress.resumed_items
    started = records.attempt.started_at if records.attempt else now
    return max(0.0, now - started) / max(1.0, done)
