"""One line that says how far a run is, for the terminal of whoever started it by hand. Pure."""

from overnight.state.records import AgentStatus, Count, Progress
from overnight.state.summary import percent_of

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400


def line_of(name: str, progress: Progress, width: int, now: float, addition: str = "") -> str:
    """At most `width` characters, control characters taken out. `now`: seconds since the epoch."""
    parts = [name, *_percent(progress), _count(progress), *_pace(progress), _left(progress, now), *_errors(progress)]
    parts += [addition, progress.message or ""]
    line = "  ".join(part for part in parts if part)
    return "".join(character if character.isprintable() else "·" for character in line)[: max(0, width)]


def _percent(progress: Progress) -> list[str]:
    percent = percent_of(progress)
    # Cut: a hundred is said only of what is done.
    return [] if percent is None else [f"{int(percent)}%"]


def _count(progress: Progress) -> str:
    done = _number(progress.processed_items or 0)
    of = "" if progress.total_items is None else f"/{_number(progress.total_items)}"
    return f"{done}{of} {progress.unit or 'items'}"


def _pace(progress: Progress) -> list[str]:
    done = (progress.processed_items or 0) - progress.resumed_items
    if not progress.active_seconds or done <= 0:
        return []
    pace = done / progress.active_seconds
    return [f"{pace:.0f}/s" if pace >= 10 else f"{pace:.1f}/s"]


def _left(progress: Progress, now: float) -> str:
    if progress.status is not AgentStatus.RUNNING:
        return str(progress.status or "")
    if progress.total_items is None:
        return ""
    if progress.estimate is None:
        return "measuring"
    # The time of completion knows of the wait that is under way.
    likely = max(progress.estimate.likely, (progress.estimated_completion or now) - now)
    if progress.estimate.high == 0 and likely < 1:
        # All that is counted is done: how long the rest takes, nobody knows.
        return "ending"
    return f"{span(likely)} left"


def _errors(progress: Progress) -> list[str]:
    count = int(progress.failed_items)
    return [] if not count else [f"{count} failed"]


def _number(count: Count) -> str:
    return f"{count:,.0f}".replace(",", " ")


def span(seconds: float) -> str:
    """`48s`, `4m12`, `3h02`, `2d 4h`."""
    whole = int(seconds + 0.5)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02d}"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02d}"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"
