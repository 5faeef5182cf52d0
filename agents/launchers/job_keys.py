"""What each key of a run, and of a group, in a job file may hold, and the one value that it means. Pure.

The keys are the options of `overnight run`, with underscores, and take the same values; a number may be a number.
Whether an order of these values can be launched is not asked here: `order` knows.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar

from overnight.agents.launchers.toml_lines import Path
from overnight.agents.launchers.toml_reading import Reader, Unfit
from overnight.state import measures
from overnight.state.measures import UNLIMITED
from overnight.state.names import is_name
from overnight.state.queue import HOWEVER, dependency
from overnight.state.records import Restart

T = TypeVar("T")

MOST = 10**9
"""Of what is counted; more makes no sense, and more digits are not always printable."""


def text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Unfit('must be text: "…"')
    if "\0" in raw:
        raise Unfit("must not hold the character NUL")
    return raw


def command(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        if not raw.strip():
            raise Unfit("is empty")
        return ("sh", "-c", text(raw))
    words = _list_of(text, raw)
    if not words:
        raise Unfit("is empty")
    return words


def variables(raw: Any) -> Mapping[str, str]:
    return _table_of(text, raw, "NAME")


def labels(raw: Any) -> Mapping[str, str]:
    return _table_of(text, raw, "KEY")


def after(raw: Any) -> tuple[str, ...]:
    return (_awaited(raw),) if isinstance(raw, str) else _list_of(_awaited, raw)


def _awaited(raw: Any) -> str:
    word = text(raw)
    if ":" in dependency(word)[0]:
        raise Unfit(f'"{word}" is neither RUN nor RUN{HOWEVER}')
    return word


def group(raw: Any) -> str:
    word = text(raw)
    if not is_name(word):
        raise Unfit("must be a name: letters, digits, dot, dash, underscore, at most 64")
    return word


def restart(raw: Any) -> Restart:
    word = text(raw)
    if word not in list(Restart):
        raise Unfit(f"must be one of {', '.join(Restart)}")
    return Restart(word)


def whole(raw: Any) -> int:
    if not _is_whole(raw) or abs(raw) > MOST:
        raise Unfit("must be a whole number")
    return int(raw)


def count(raw: Any) -> int:
    if not _is_whole(raw) or not 0 <= raw <= MOST:
        raise Unfit("must be a whole number, 0 or more")
    return int(raw)


def span(raw: Any) -> float:
    if (_is_whole(raw) or isinstance(raw, float)) and 0 <= raw <= MOST:
        return float(raw)
    if not isinstance(raw, str):
        raise Unfit('must be seconds, or a span of time such as "30m" or "1d12h"')
    return _worded(measures.span_of, raw)


def size(raw: Any) -> int:
    if _is_whole(raw) and 0 <= raw < 1 << 63:
        return int(raw)
    if not isinstance(raw, str):
        raise Unfit('must be bytes, or a size such as "64M" or "1.5G"')
    return _worded(measures.size_of, raw)


def size_or_none(raw: Any) -> int:
    """0 = without a limit."""
    return 0 if raw == UNLIMITED else size(raw)


def at(raw: Any) -> str:
    """As the command line takes it; TOML's own times are as good."""
    if isinstance(raw, datetime | date):
        return raw.isoformat()
    if isinstance(raw, time):
        if raw.second or raw.microsecond:
            raise Unfit("must be to the minute: 02:30:00")
        return raw.strftime("%H:%M")
    return text(raw)


def slots(raw: Any) -> int | str:
    if raw == UNLIMITED:
        return UNLIMITED
    if not _is_whole(raw) or not 0 <= raw <= MOST:
        raise Unfit(f'must be a whole number, 0 or more, or "{UNLIMITED}"')
    return int(raw)


OF_A_RUN: Mapping[str, Reader] = {
    "command": command,
    "cwd": text,
    "env": variables,
    "group": group,
    "labels": labels,
    "priority": whole,
    "after": after,
    "delay": span,
    "at": at,
    "retries": count,
    "restart": restart,
    "stop_grace": span,
    "pause_grace": span,
    "stall": span,
    "on_stall": text,
    "time_limit": span,
    "memory_limit": size,
    "on_memory": text,
    "nice": count,
    "log_limit": size_or_none,
    "progress_file": text,
    "heartbeat_file": text,
}
OF_A_GROUP: Mapping[str, Reader] = {"slots": slots}


def _is_whole(raw: Any) -> bool:
    return isinstance(raw, int) and not isinstance(raw, bool)


def _worded(value_of: Callable[[str], T], word: str) -> T:
    try:
        return value_of(word)
    except ValueError as error:
        raise Unfit(str(error)) from None


def _list_of(read: Callable[[Any], str], raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list):
        raise Unfit('must be a list of texts: ["…", "…"]')
    return tuple(_each(read, enumerate(raw)).values())


def _table_of(read: Callable[[Any], str], raw: Any, key: str) -> Mapping[str, str]:
    if not isinstance(raw, dict):
        raise Unfit(f'must be a table of texts: {{{key} = "…"}}')
    for name in raw:
        if not name or "=" in name or "\0" in name:
            raise Unfit("must not have such a key", ((name,), f"cannot be a {key}"))
    return _each(read, raw.items())


def _each(read: Callable[[Any], str], raws: Iterable[tuple[Any, Any]]) -> dict[Any, str]:
    """All of them. Raises Unfit for all that are unfit."""
    values, found = {}, list[tuple[Path, str]]()
    for key, raw in raws:
        try:
            values[key] = read(raw)
        except Unfit as unfit:
            found.append(((key,), str(unfit)))
    if found:
        raise Unfit("", *found)
    return values
