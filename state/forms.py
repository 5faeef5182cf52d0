"""Every form in which a value may arrive in a record, and the one value that it means.

Each function takes whatever JSON held and returns the value, or raises BadForm.
"""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from overnight.state.records import Count, Estimate, InHand, ItemSeconds, Pace, Phase, Waiting

UNKNOWN_YEAR = 9999
"""Python's `datetime.max` means "unknown"; converting it to a time zone would overflow."""

YEAR_1, YEAR_9999 = -62_135_596_800.0, 253_370_764_800.0
"""Their beginnings in UTC, seconds since the epoch."""

MOST = sys.float_info.max
"""What is more no float can be: infinity, and a whole number as large. (`math` would cost a supervisor 16 KB.)"""

MOST_COUNTED = 1 << 53
"""Beyond it a float does not tell one number from the next."""


class BadForm(ValueError):
    """Not a form that the protocol lists."""


def text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    raise BadForm(f"not a text: {brief(raw)}")


def number(raw: Any) -> Count:
    """A finite number, also when written as text."""
    # What nearly all of them are, first: a list of many runs reads thousands.
    if type(raw) is int and -MOST <= raw <= MOST:
        return raw
    if isinstance(raw, str):
        try:
            raw = float(raw) if "." in raw or "e" in raw.lower() else int(raw)
        except ValueError:
            raise BadForm(f"not a number: {brief(raw)}") from None
    # So, and not the other way round: of what is not a number neither is true.
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not abs(raw) <= MOST:
        raise BadForm(f"not a number: {brief(raw)}")
    return raw


def count(raw: Any) -> Count:
    """How much of something: not negative, and of a size that can be counted."""
    value = number(raw)
    if value < 0:
        raise BadForm(f"negative: {brief(raw)}")
    if value > MOST_COUNTED:
        raise BadForm(f"more than anybody can count: {brief(raw)}")
    return value


def whole(raw: Any) -> int:
    return int(number(raw))


def natural(raw: Any) -> int:
    """A whole number, 0 or more."""
    return int(count(raw))


def ordinal(raw: Any) -> int:
    """The number of something that is numbered from 1 on."""
    value = natural(raw)
    if value < 1:
        raise BadForm(f"not 1 or more: {brief(raw)}")
    return value


def flag(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise BadForm(f"neither true nor false: {brief(raw)}")
    return raw


def texts(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise BadForm(f"not a list: {brief(raw)}")
    return tuple(text(each) for each in raw)


def names(raw: Any) -> frozenset[str]:
    return frozenset(texts(raw))


def mapping(raw: Any) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise BadForm(f"not an object: {brief(raw)}")
    return raw


def labels(raw: Any) -> Mapping[str, str]:
    return {text(key): text(value) for key, value in mapping(raw).items()}


def counters(raw: Any) -> Mapping[str, Count]:
    return {text(key): number(value) for key, value in mapping(raw).items()}


def instant(raw: Any) -> float | None:
    """Seconds since the epoch from ISO 8601 (without an offset: local time) or a number; 0 and year 9999 = unknown."""
    if isinstance(raw, int | float):
        return _from_epoch(float(number(raw)))
    try:
        moment = datetime.fromisoformat(text(raw).strip())
        return None if moment.year >= UNKNOWN_YEAR else moment.timestamp()
    except (ValueError, OverflowError, OSError):
        raise BadForm(f"not a time: {brief(raw)}") from None


def _from_epoch(seconds: float) -> float | None:
    if seconds < YEAR_1:
        raise BadForm(f"not a time: {seconds}")
    return seconds if seconds and seconds < YEAR_9999 else None


def iso(moment: float) -> str:
    """ISO 8601 in UTC with milliseconds. Raises nothing for any time that `instant` returned."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def percent(raw: Any) -> float:
    """0 to 100 from `41.0` or `"41.0%"`."""
    value = float(count(raw.strip().removesuffix("%").strip() if isinstance(raw, str) else raw))
    return min(value, 100.0)


def estimate(raw: Any) -> Estimate:
    fields = mapping(raw)
    low, likely, high = (float(count(fields.get(name))) for name in ("low", "likely", "high"))
    return Estimate(low, likely, high)


def pace(raw: Any) -> Pace:
    fields = mapping(raw)
    changed_at, factor = fields.get("changed_at"), fields.get("factor")
    return Pace(
        None if changed_at is None else instant(changed_at),
        None if factor is None else float(count(factor)),
        max(1, int(count(fields.get("workers", 1)))),
    )


def in_hand(raw: Any) -> tuple[InHand, ...]:
    if not isinstance(raw, list):
        raise BadForm(f"not a list: {brief(raw)}")
    return tuple(_in_hand(mapping(each)) for each in raw)


def _in_hand(fields: Mapping[str, Any]) -> InHand:
    begun_at, thread = fields.get("begun_at"), fields.get("thread")
    return InHand(
        text(fields.get("item")),
        None if begun_at is None else instant(begun_at),
        None if thread is None else ordinal(thread),
    )


def item_seconds(raw: Any) -> ItemSeconds:
    fields = mapping(raw)
    return ItemSeconds(float(count(fields.get("longest"))), float(count(fields.get("p95"))))


def phases(raw: Any) -> tuple[Phase, ...]:
    if not isinstance(raw, list):
        raise BadForm(f"not a list: {brief(raw)}")
    return tuple(_phase(mapping(each)) for each in raw)


def _phase(fields: Mapping[str, Any]) -> Phase:
    total = fields.get("total_items")
    done = fields.get("processed_items", 0)
    return Phase(text(fields.get("name")), count(done), None if total is None else count(total))


def waiting(raw: Any) -> Waiting:
    fields = mapping(raw)
    until = fields.get("until")
    return Waiting(text(fields.get("for", "")), None if until is None else instant(until))


def errors(raw: Any) -> tuple[tuple[str, ...], int]:
    """The newest errors as lines, and how many there are: from texts, objects, or a number."""
    if isinstance(raw, list):
        return tuple(_error_line(each) for each in raw[-20:]), len(raw)
    return (), int(count(raw))


def _error_line(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, dict):
        return brief(raw)
    said = raw.get("message") or raw.get("error") or raw.get("type")
    where = raw.get("item") or raw.get("file") or raw.get("key")
    if said is None:
        return brief(raw)
    return f"{where}: {said}" if where is not None else str(said)


def brief(raw: Any) -> str:
    """At most 60 characters of a value, for a message."""
    shown = repr(raw)
    return shown if len(shown) <= 60 else shown[:57] + "…"
