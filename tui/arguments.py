"""What a value on the command line may be. Each function turns the word into the value, or says what it is not."""

import re
import time
from argparse import ArgumentTypeError
from math import isfinite

from overnight.state import forms
from overnight.state.amounts import SIZES, SPANS
from overnight.state.home import NAME

SPAN = re.compile("(?=.)" + "".join(rf"(?:(?P<{unit}>\d{{1,9}}){unit})?" for unit in SPANS))
SIZE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)([{''.join(SIZES)}])?", re.IGNORECASE)


def seconds(word: str) -> float:
    """A span of time, 0 included."""
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise ArgumentTypeError(f"{word!r} is not a number of seconds")
    return value


def span(word: str) -> float:
    """A long span of time in seconds: `7d`, `12h`, `1d12h`, `90` (seconds)."""
    parts = SPAN.fullmatch(f"{word}s" if word.isdecimal() else word)
    if parts is None:
        raise ArgumentTypeError(f"{word!r} is not a span of time such as 30d, 12h or 1d12h")
    return float(sum(SPANS[unit] * int(number) for unit, number in parts.groupdict(default="0").items()))


def size(word: str) -> int:
    """Bytes: `64M`, `1.5G`, `4096`."""
    parts = SIZE.fullmatch(word) if word.isascii() else None
    if parts is None:
        raise ArgumentTypeError(f"{word!r} is not a size such as 64M or 1.5G")
    number, unit = parts.groups()
    return int(float(number) * (SIZES[unit.upper()] if unit else 1))


def size_or_none(word: str) -> int:
    """Bytes; 0 stands for `none`: without a limit."""
    return 0 if word == "none" else size(word)


def instant(word: str) -> float:
    """A moment to come, seconds since the epoch: the next `HH:MM` of the local clock, or a date and time."""
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", word)
    if clock is None:
        return _dated(word)
    now = time.localtime()
    for day in (now.tm_mday, now.tm_mday + 1):
        # By the calendar, not 24 hours later: clocks are set forth and back.
        at = time.mktime((now.tm_year, now.tm_mon, day, int(clock[1]), int(clock[2]), 0, 0, 0, -1))
        if at > time.time():
            break
    return at


def _dated(word: str) -> float:
    try:
        at = forms.instant(word) if re.match(r"\d{4}-", word) else None
    except forms.BadForm:
        at = None
    if at is None:
        raise ArgumentTypeError(f"{word!r} is not a time such as 02:30 or 2026-11-28T02:30")
    if at <= time.time():
        raise ArgumentTypeError(f"{word!r} is over")
    return at


def whole(word: str) -> int:
    """A whole number, below 0 too."""
    if not re.fullmatch(r"-?\d{1,9}", word):
        raise ArgumentTypeError(f"{word!r} is not a whole number")
    return int(word)


def count(word: str) -> int:
    """How many, 0 included."""
    if not (word.isascii() and word.isdecimal()):
        raise ArgumentTypeError(f"{word!r} is not a whole number, 0 or more")
    return int(word)


def pair(word: str) -> tuple[str, str]:
    """KEY=VALUE; the value may be empty and may hold more of `=`."""
    key, separator, value = word.partition("=")
    if not key or not separator or "\0" in word:
        raise ArgumentTypeError(f"{word!r} is not KEY=VALUE")
    return key, value


def variable(word: str) -> tuple[str, str]:
    """NAME=VALUE of an environment. What is wrong with it is said without the word: that may be a secret."""
    try:
        return pair(word)
    except ArgumentTypeError:
        raise ArgumentTypeError("what was given is not NAME=VALUE") from None


def group(word: str) -> str:
    """A group is named as a run is: it is a word on the command line."""
    if not NAME.fullmatch(word):
        raise ArgumentTypeError(f"{word!r} has other characters than letters, digits, dot, dash, underscore")
    return word
