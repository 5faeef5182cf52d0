"""What the time that is left rests on, in words. Pure."""

from overnight.state import current
from overnight.state.records import Pace, Progress, Records
from overnight.state.summary import estimate_of
from overnight.tui.numbers import MOST_PERCENT, about, age, number, plural

HALF, DOUBLE = (0.45, 0.55), (1.8, 2.2)
NEWS = 1.2
"""By so much faster or slower a pace has to be before that is told."""


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
