"""What a value on the command line may be. Each function turns the word into the value, or says what it is not."""

import re
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TypeVar

from overnight.state import forms, measures
from overnight.state.names import is_name

T = TypeVar("T")


def span(word: str) -> float:
    """Seconds: `7d`, `12h`, `1d12h`, `90`, `0.5`; 0 included."""
    return _said(measures.span_of, word)


def size(word: str) -> int:
    """Bytes: `64M`, `1.5G`, `4096`."""
    return _said(measures.size_of, word)


def size_or_none(word: str) -> int:
    """Bytes; 0 stands for `none`: without a limit."""
    return _said(measures.size_or_none_of, word)


def _said(value_of: Callable[[str], T], word: str) -> T:
    try:
        return value_of(word)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


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
    if not is_name(word):
        raise ArgumentTypeError(f"{word!r} has other characters than letters, digits, dot, dash, underscore")
    return word
