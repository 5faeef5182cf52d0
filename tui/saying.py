"""What is said for some seconds: the newest of it, and no text twice. Pure."""

from collections.abc import Sequence

from overnight.tui.lines import wrapped

SECONDS = 6.0
MOST, MOST_LINES = 3, 4
"""How much is said at once, and in how many lines; the newest is said whatever it takes."""
FRAME = 3
"""Cells of a line that are none of the text."""


def still_said(before: Sequence[str], newest: str, width: int) -> list[str]:
    """Which of the texts that were said before stand above the newest one, in a terminal of so many columns."""
    kept: list[str] = []
    room = MOST_LINES - _lines(newest, width)
    for text in reversed([each for each in before if each != newest][-(MOST - 1) :]):
        room -= _lines(text, width)
        if room < 0:
            break
        kept.insert(0, text)
    return kept


def _lines(text: str, width: int) -> int:
    return len(wrapped(text, max(1, width - FRAME)))
