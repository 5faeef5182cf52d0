"""Looking for a text in a log of any size: block after block, from one place to the end and round it."""

import os
import time
from collections.abc import Iterator

from overnight.tui.events import Searched
from overnight.tui.logfile import line_of
from overnight.tui.pieces import REACH, Pieces, read_range
from overnight.tui.place import Search
from overnight.tui.sought import may_hold, pattern_of

STEP = 1 << 20
"""Bytes that are read at once; after each somebody may have enough of it."""
TELLING = 0.1
"""Seconds between two words about how far it has come."""


def search(run_id: str, path: str, wanted: Search) -> Iterator[Searched | None]:
    """How far it has come, now and then, and at last what it found; None in between. A log that is gone has nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        yield Searched(run_id, wanted.number, over=True)
        return
    try:
        yield from _search(run_id, descriptor, wanted)
    except OSError:
        yield Searched(run_id, wanted.number, over=True)
    finally:
        os.close(descriptor)


def _search(run_id: str, descriptor: int, wanted: Search) -> Iterator[Searched | None]:
    log, told, done = Pieces(descriptor), time.monotonic(), 0
    for low, high in _parts(log, wanted):
        if (at := _find(log, descriptor, low, high, wanted)) is not None:
            yield Searched(run_id, wanted.number, at, over=True)
            return
        done += high - low
        if time.monotonic() - told < TELLING:
            yield None
        else:
            told = time.monotonic()
            yield Searched(run_id, wanted.number, share=done / (log.size - log.begin))
    yield Searched(run_id, wanted.number, over=True)


def _parts(log: Pieces, wanted: Search) -> Iterator[tuple[int, int]]:
    """The whole of what is kept, in the order in which it is looked at."""
    start = log.size if wanted.start is None else min(max(wanted.start, log.begin), log.size)
    before, behind = (log.begin, start), (start, log.size)
    for low, high in (behind, before) if wanted.way > 0 else (before, behind):
        edges = range(low, high, STEP)
        for edge in edges if wanted.way > 0 else reversed(edges):
            yield edge, min(edge + STEP, high)


def _find(log: Pieces, descriptor: int, low: int, high: int, wanted: Search) -> int | None:
    """The first line that begins in there and has the text, or the last one.

    What goes on from one piece to the next belongs to the one where it begins.
    """
    if not may_hold(read_range(descriptor, low, min(high + 2 * REACH, log.size)), wanted.text):
        return None
    pattern = pattern_of(wanted.text)
    pieces = log.between(low, high + REACH)
    numbers = range(sum(each.at < high for each in pieces))
    for number in numbers if wanted.way > 0 else reversed(numbers):
        text = line_of(pieces[number]).text
        if number + 1 < len(pieces) and pieces[number + 1].continues:
            text += line_of(pieces[number + 1]).text[: len(wanted.text) - 1]
        if pattern.search(text):
            return pieces[number].at
    return None
