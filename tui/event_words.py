"""What is told of an event, and of what it lists, in words. Pure; texts are clean."""

from collections.abc import Mapping
from typing import Any

from overnight.state.forms import MOST
from overnight.state.records import Event, Verb
from overnight.tui import numbers
from overnight.tui.clean import clean
from overnight.tui.errorgroups import LONGEST
from overnight.tui.evidence import KEPT

SOURCE_CHANGED = "source_changed"
RETRY = "retry"
MARKS = {"changed": "", "added": " (new)", "removed": " (gone)"}
"""What is said of the files that each detail of it lists."""
UNTOLD = frozenset({"number", "log_from", "limit", *KEPT})
"""Details that say nothing to a person beside the others, or are shown elsewhere."""
MOST_FILES, MOST_VALUES = 3, 300
"""Names that are told, and values of a list that are kept."""


def source_words(event: Event) -> str | None:
    """What a `source_changed` is told as, in place of its details; None = another event. `event`: clean."""
    if event.event != SOURCE_CHANGED:
        return None
    files = [f"{file}{mark}" for kind, mark in MARKS.items() for file in _listed(event.detail.get(kind))]
    more = f" and {len(files) - MOST_FILES} more" if len(files) > MOST_FILES else ""
    return f"the agent's source changed{': ' if files else ''}{', '.join(files[:MOST_FILES])}{more}"


def retry_words(event: Event) -> str | None:
    """What a `retrying` is told as, in place of its details: which restart, and when; None = another event.

    Why, only where no attempt has died, which has told it.
    """
    restarts, delay, reason = (event.detail.get(name) for name in ("restarts", "delay", "reason"))
    if event.event != "retrying" or not isinstance(restarts, int) or not isinstance(delay, int | float):
        return None
    when = f"in {delay:.1f}s" if 0 < delay < 10 else f"in {numbers.duration(delay)}" if delay else "at once"
    if (finished := finished_words(event.detail)) is not None:
        return f"{finished}; the next attempt begins {when}"
    if restarts:
        return f"restart {restarts} without progress begins {when}"
    return f"{reason}; the next attempt begins {when}" if reason else f"the next attempt begins {when}"


def stop_words(event: Event) -> str | None:
    """What is told of a process that somebody stopped who is not an operator, or let go on; None = another event."""
    if not event.detail.get("from_outside"):
        return None
    return "a signal from outside stopped it" if event.event == "frozen" else "a signal from outside let it go on"


def finished_words(retrying: Mapping[str, object]) -> str | None:
    """`10 items were finished`, in the attempt before a restart; None = it made no progress, or nobody knows."""
    items = retrying.get("items")
    if not isinstance(items, int | float) or items < 1:
        return None
    return f"{numbers.plural(round(items), 'item')} {'was' if items == 1 else 'were'} finished"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def event_name(event: Event) -> str:
    """For its column."""
    return "source" if event.event == SOURCE_CHANGED else event.event


def event_words(event: Event) -> str:
    """What is told beside its name: which attempt, what, and who asked for it. `event`: clean."""
    words = [f"attempt {event.attempt}"] if event.attempt else []
    told = source_words(event) or retry_words(event) or stop_words(event)
    words += [told] if told else [_detail_words(name, value) for name, value in _telling(event)]
    words += [f"by {event.by}"] if event.by else []
    return "  ".join(words)


def _telling(event: Event) -> list[tuple[str, object]]:
    """What its detail says to a person."""
    # A reason says how it ended, in words.
    untold = UNTOLD | {"code", "signal"} if event.detail.get("reason") else UNTOLD
    if not event.detail.get("succeeded_items"):
        untold |= {"succeeded_items"}
    return [
        (name, value)
        for name, value in _as_asked(event.detail).items()
        if name not in untold and value is not None and value is not False
    ]


def _as_asked(detail: Mapping[str, Any]) -> dict[str, Any]:
    """A retry is on record as a resume, with the word that it was one."""
    asked = dict(detail)
    if asked.get("verb") == Verb.RESUME and asked.pop(RETRY, None) is True:
        asked["verb"] = RETRY
    return asked


def _detail_words(name: str, value: object) -> str:
    if name in {"verb", "reason", "outcome"}:
        return str(value)
    if value is True:
        return name.replace("_", " ")
    if isinstance(value, list):
        return f"{name} {', '.join(map(str, value))}"
    # Only amounts have their thousands apart: a pid is a name.
    shown = numbers.number(value) if isinstance(value, float) else value
    return f"{name.replace('_', ' ')} {shown}"


def clean_event(event: Event) -> Event:
    """Its words come from files that anybody may have written."""
    detail = {clean(str(key), 80): _clean_value(value) for key, value in event.detail.items()}
    by = clean(event.by, 80) if event.by is not None else None
    return event._replace(event=clean(event.event, 80), by=by, detail=detail)


def _clean_value(value: object) -> object:
    if isinstance(value, list):
        return [clean(str(each), LONGEST) for each in value[:MOST_VALUES]]
    # Python reads `Infinity` in JSON, and numbers with more digits than a float has: none of them is an amount.
    is_amount = isinstance(value, int | float) and abs(value) <= MOST
    return value if value is None or is_amount else clean(str(value), LONGEST)
