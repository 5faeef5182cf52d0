"""What the time that is left rests on, in words. Pure."""

from collections.abc import Iterable, Sequence
from math import inf

from overnight.state import current
from overnight.state.kept import TIME, Kept
from overnight.state.records import Event, Pace, Progress, Records
from overnight.state.summary import estimate_of
from overnight.state.waits import Announced
from overnight.state.worked import worked
from overnight.tui.bars import Sample
from overnight.tui.numbers import MOST_PERCENT, about, age, duration, number, plural
from overnight.tui.stands import left

HALF, DOUBLE = (0.45, 0.55), (1.8, 2.2)
NEWS = 1.2
"""By so much faster or slower a pace has to be before that is told."""
GROWN = 1.05
"""So many times as much a total has to be as before to be told of."""


def forecast_words(records: Records, now: float) -> str:
    """`31 204 of 50 330 files; 2h30 left (1h56 to 3h20); the rate fell by half 40m ago; 3 workers`; "" = none."""
    progress, estimate = current.own_progress(records), estimate_of(records, now)
    if progress is None or estimate is None:
        return ""
    said = [words] if (words := _done_words(progress)) else []
    low, likely, high = (about(each) for each in estimate)
    if estimate.high > 0:
        said.append(f"{likely} left" if low == high else f"{likely} left ({low} to {high})")
    if progress.pace is not None:
        said += _pace_words(progress.pace, now)
    return "; ".join(said)


def _done_words(progress: Progress) -> str:
    """`31 204 of 50 330 files`; of what is not measured by its items `27% done, in phase parse`; "" = not known."""
    done, total, percent = progress.processed_items, progress.total_items, progress.percent_complete
    counted = 100 * done / total if done is not None and total else None
    if percent is not None and (counted is None or abs(percent - counted) >= 1):
        return f"{int(percent)}% done{f', in phase {progress.phase}' if progress.phase else ''}"
    if done is None or total is None:
        return ""
    return f"{number(done)} of {number(total)} {progress.unit or 'items'}"


def wait_words(wait: Announced) -> str:
    """`the quota opens at six, 6m12 more`."""
    return wait.reason if wait.left is None else f"{wait.reason}, {left(wait.left, 0.0)} more"


def grown_words(samples: Sequence[Sample]) -> str:
    """`has grown from 300 to 812 in 12m`: of a total; "" = it has not, as far as it was seen."""
    seen = [(each.at, each.total) for each in samples if each.total is not None]
    (since, first), (until, last) = (seen[0], seen[-1]) if seen else ((0.0, 0), (0.0, 0))
    return f"has grown from {number(first)} to {number(last)} in {age(until - since)}" if last > GROWN * first else ""


def limit_words(records: Records, history: Iterable[Event], now: float) -> str:
    """`its time limit ends it in 12s, before it is done`; "" = it has none, or is done before that."""
    limit, done = records.spec.time_limit if records.spec is not None else None, worked(history, now)
    if limit is None or done is None:
        return ""
    left_of_it, estimate = max(0.0, limit - done.allowed), estimate_of(records, now)
    ends = f"its time limit ends it in {left(left_of_it, 0.0)}"
    if estimate is None:
        return f"{ends} if it is not done by then"
    if estimate.high <= left_of_it:
        return ""
    return f"{ends}, {'before' if estimate.likely > left_of_it else 'maybe before'} it is done"


def budget_words(records: Records, kept: Kept) -> list[str]:
    """`its budget of 5 usd ends at about 3 100 of 5 000, before it is done`; of each limit that comes first."""
    progress = current.own_progress(records)
    if progress is None or not progress.processed_items or not progress.total_items:
        return []
    said = []
    for limit in kept.limits:
        used = kept.active_seconds if limit.name == TIME else progress.counters.get(limit.name, 0)
        ends_at = progress.processed_items * limit.most / used if used > 0 else inf
        if used < limit.most and ends_at < progress.total_items:
            most = duration(limit.most) if limit.name == TIME else f"{number(limit.most)} {limit.name}"
            items = f"{number(float(f'{ends_at:.2g}'))} of {number(progress.total_items)}"
            said.append(f"its budget of {most} ends at about {items}, before it is done")
    return said


def change_words(pace: Pace, now: float) -> str:
    """`the rate fell by half 40m ago`; "" = it did not change so that it would tell anything."""
    factor = pace.factor
    if pace.changed_at is None or factor is None or 1 / NEWS < factor < NEWS:
        return ""
    if HALF[0] <= factor <= HALF[1]:
        how = "fell by half"
    elif DOUBLE[0] <= factor <= DOUBLE[1]:
        how = "doubled"
    else:
        how = f"{'fell' if factor < 1 else 'rose'} to {max(1, round(min(100 * factor, MOST_PERCENT)))}%"
    return f"the rate {how} {age(max(0.0, now - pace.changed_at))} ago"


def _pace_words(pace: Pace, now: float) -> list[str]:
    workers = [plural(pace.workers, "worker")] if pace.workers > 1 else []
    return [*filter(None, [change_words(pace, now)]), *workers]
