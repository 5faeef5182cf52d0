"""Spans of time and sizes, read from the words in which a person writes them: `2h`, `64M`. Pure.

Apart from `amounts`, which says them: a supervisor does that, and must not pay for `re`.
"""

import re
from math import isfinite

from overnight.state.amounts import SIZES, SPANS

UNLIMITED = "none"
"""Without a limit."""
_SPAN = re.compile("(?=.)" + "".join(rf"(?:(?P<{unit}>\d{{1,9}}){unit})?" for unit in SPANS))
_SIZE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)([{''.join(SIZES)}])?", re.IGNORECASE)


def span_of(word: str) -> float:
    """Seconds: `7d`, `12h`, `1d12h`, `90`, `0.5`. Raises ValueError."""
    parts = _SPAN.fullmatch(word)
    if parts is not None:
        return float(sum(SPANS[unit] * int(number) for unit, number in parts.groupdict(default="0").items()))
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise ValueError(f"{word!r} is not a span of time such as 90, 30m or 1d12h")
    return value


def size_of(word: str) -> int:
    """Bytes: `64M`, `1.5G`, `4096`. Raises ValueError."""
    parts = _SIZE.fullmatch(word) if word.isascii() else None
    if parts is None:
        raise ValueError(f"{word!r} is not a size such as 64M or 1.5G")
    number, unit = parts.groups()
    return int(float(number) * (SIZES[unit.upper()] if unit else 1))


def size_or_none_of(word: str) -> int:
    """Bytes; 0 stands for `none`. Raises ValueError."""
    return 0 if word == UNLIMITED else size_of(word)
