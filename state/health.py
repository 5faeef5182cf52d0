"""Whether a run that should work does: facts apart, one verdict, in words. Pure.

A missing beat is not death and a beat is not work: only a vanished process is dead, and a run that never reported
progress, or has done nothing yet of the phase that it is in, is never stalled unless its spec says so.
"""

from enum import StrEnum
from typing import NamedTuple

from overnight.state import current
from overnight.state.records import AgentStatus, Progress, Records

LEAST_SILENCE = 30.0
"""Seconds below which no silence means anything."""
BEATS_MISSED = 5
"""Intervals without a beat after which a heartbeat is stale."""
BEATS_LATE = 2
"""Intervals in which the next beat is still awaited."""
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


DOUBTFUL = frozenset({Verdict.SLOW_ITEM, Verdict.STALLED, Verdict.STALE})
"""Whoever looks asks whether it works or hangs."""


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
        silent = f", {_silence_words(records, now)}" if is_stall(records, now) else ""
        return Health(Verdict.STALE, f"no heartbeat for {rough(age)}{silent}")
    return _silence_verdict(records, now)


def judged_silence(records: Records, now: float) -> float | None:
    """`silence` of one that could get on, up to when that is known; None = its process is gone or stopped, it is
    paused, or nothing is known.
    """
    held = records.process_state in {None, "T", "t"} or current.own_status(records) is AgentStatus.PAUSED
    quiet = None if held else silence(records, now)
    return None if quiet is None else max(0.0, quiet - (now - _known_until(records, now)))


def is_stall(records: Records, now: float) -> bool:
    """Whether its silence is one, also of an agent that is stale: what holds the interpreter ends the beats as well."""
    quiet, threshold = judged_silence(records, now), stall_after(records)
    return quiet is not None and threshold is not None and quiet > threshold


def _silence_verdict(records: Records, now: float) -> Health:
    quiet = judged_silence(records, now)
    if quiet is None:
        return Health(Verdict.RUNNING)
    if quiet <= LEAST_SILENCE and (records.spec is None or records.spec.stall is None):
        # Shorter than any silence that counts, whatever is usual here.
        return Health(Verdict.RUNNING)
    threshold = stall_after(records)
    if is_stall(records, now):
        return Health(Verdict.STALLED, _silence_words(records, now))
    if threshold is not None and quiet > threshold / 2 and quiet > LEAST_SILENCE:
        return Health(Verdict.SLOW_ITEM, _silence_words(records, now))
    return Health(Verdict.RUNNING)


def _silence_words(records: Records, now: float) -> str:
    return f"no progress for {rough(silence(records, now) or 0.0)}{_usual_words(records)}"


def _usual_words(records: Records) -> str:
    """What that silence is measured by."""
    if records.spec and records.spec.stall is not None:
        return f" (its limit: {rough(records.spec.stall)})"
    seconds = usual_item(records)
    return "" if seconds is None else f" (usual: an item in {rough(seconds)})"


def usual_item(records: Records) -> float | None:
    """Seconds in which nearly every item is done (19 of 20); of one that only counts, the mean. None = not known."""
    progress = current.own_progress(records)
    if progress is None or _begins_phase(progress):
        return None
    return _mean_item(records, progress) if progress.item_seconds is None else progress.item_seconds.p95


def rough(seconds: float) -> str:
    """`0.3s`, `41s`, `4m`, `1h7m`: as exactly as somebody asks who waits."""
    from overnight.state.amounts import span_words  # a supervisor says nothing of it

    if seconds < 1:
        return f"{max(0.1, round(seconds, 1)):g}s"
    return span_words(seconds // 60 * 60 if seconds >= 60 else int(seconds))


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
    return max(0.0, now - max(reported, attempt.started_at, waited_until or 0.0, _went_on_at(records)))


def _went_on_at(records: Records) -> float:
    """When it went on after it had been stopped, of one that cannot leave that time out by itself; 0 = it can."""
    supervisor, heartbeat = records.supervisor, current.own_heartbeat(records)
    tells = heartbeat is not None and heartbeat.last_progress is not None
    return 0.0 if tells or supervisor is None else supervisor.went_on_at or 0.0


def _known_until(records: Records, now: float) -> float:
    """Up to when it is known whether it got on: who says so in each beat may have got on since the last one."""
    heartbeat = current.own_heartbeat(records)
    if heartbeat is None or heartbeat.last_progress is None or heartbeat.last_heartbeat is None:
        return now
    is_due = now > heartbeat.last_heartbeat + BEATS_LATE * heartbeat.interval_seconds
    return now if is_due else min(now, heartbeat.last_heartbeat)


def last_progress(records: Records) -> float | None:
    """When this attempt got on by its own word, seconds since the epoch; None = it never said so.

    A commit is a word, too: where items hold the interpreter, what they have done is told of much later. And so is a
    progress.json that cannot be read: whoever writes it in place is seen now and then while it is empty.
    """
    heartbeat, progress, attempt = current.own_heartbeat(records), current.own_progress(records), records.attempt
    if heartbeat is None or heartbeat.last_progress is None:
        return (progress.updated_at or records.progress_changed_at) if progress else _cut_short_at(records)
    committed = records.committed_at
    is_own = committed is not None and attempt is not None and committed >= attempt.started_at
    return max(heartbeat.last_progress, committed) if is_own and committed is not None else heartbeat.last_progress


def _cut_short_at(records: Records) -> float | None:
    """When this attempt wrote a progress.json that cannot be read; None = it can be, or there is none."""
    wrote_at, attempt = records.progress_changed_at, records.attempt
    if records.progress is not None or wrote_at is None or attempt is None or wrote_at < attempt.started_at:
        return None
    return wrote_at


def stall_after(records: Records) -> float | None:
    """Seconds of silence that count as a stall for this run; None = none does."""
    if records.spec and records.spec.stall is not None:
        return records.spec.stall
    progress = current.own_progress(records)
    if progress is None or _begins_phase(progress):
        return None
    if progress.item_seconds is not None:
        usual = max(LONGEST_TIMES * progress.item_seconds.longest, P95_TIMES * progress.item_seconds.p95)
        return max(LEAST_SILENCE, usual)
    mean = _mean_item(records, progress)
    return None if mean is None else max(LEAST_SILENCE, P95_TIMES * mean)


def _begins_phase(progress: Progress) -> bool:
    """Whether nothing is done of the innermost phase that it lists: items before it say nothing of those there."""
    at = progress.phase
    around = [] if at is None else [each for each in progress.phases if f"{at} / ".startswith(f"{each.name} / ")]
    return bool(around) and not max(around, key=lambda each: len(each.name)).processed_items


def _mean_item(records: Records, progress: Progress) -> float | None:
    """For agents that write only counts: the mean stands for what is not known of single items. None = none is done.

    Up to when it got on last: a silence that made itself usual would never be a stall.
    """
    done = (progress.processed_items or 0) - progress.resumed_items
    reported = last_progress(records)
    if records.attempt is None or reported is None or done <= 0:
        return None
    seconds = max(0.0, reported - records.attempt.started_at)
    if progress.active_seconds is not None:
        # A night that it was paused says nothing of its items.
        seconds = min(seconds, progress.active_seconds)
    return seconds / max(1.0, done)
