"""A log of any size as lines that can be found from any byte of it: only the blocks around that byte are read.

A line that is longer than a block may come in pieces, which begin where blocks do: whoever reads it, from whichever
side, finds the same ones, and none is longer than two blocks.
"""

import os
import re
from itertools import pairwise
from typing import NamedTuple

from overnight.state.holes import kept_from

BLOCK = 4096
REACH = 2 * BLOCK + 8
"""Bytes in which a piece that has begun has ended: two blocks, and what is left of a character."""
NEAR = 32 * 1024
"""Bytes to each side that are read at first."""
ENOUGH, MOST = 64, 500
"""Lines to each side: fewer only where the log ends, or where they are FURTHEST away."""
FURTHEST = 512 * 1024


class Piece(NamedTuple):
    """A line, or a part of a long one."""

    at: int
    """The byte where it begins."""
    raw: bytes
    """Without its line end."""
    continues: bool
    """Whether its line began before it."""
    end: int
    """The byte where the next one begins, or will."""


class Pieces:
    """Those of one open log, as it is now."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size
        self.begin = min(kept_from(descriptor), self.size)
        """Where what is kept of it begins."""

    def between(self, low: int, high: int) -> list[Piece]:
        """Those that begin at `low` or later, and before `high`."""
        low, high = max(low, self.begin), min(high, self.size)
        if low >= high:
            return []
        base = max(0, (low // BLOCK - 1) * BLOCK)
        data = read_range(self._descriptor, base, min(high + REACH, self.size))
        starts = [*self._starts(data, base), base + len(data)]
        return [
            Piece(start, data[start - base : end - base].removesuffix(b"\n"), self._continues(data, base, start), end)
            for start, end in pairwise(starts)
            if low <= start < high
        ]

    def around(self, at: int | None) -> list[Piece]:
        """The piece with byte `at`, and enough before and behind it; None = the end."""
        at = self.size if at is None else min(max(at, self.begin), self.size)
        here = self.between(at - REACH, at + 1)
        start = here[-1].at if here else at
        return [*self._beside(start, -1)[-MOST:], *self._beside(start, 1)[:MOST]]

    def _beside(self, start: int, way: int) -> list[Piece]:
        span = NEAR
        while True:
            found = self.between(start - span, start) if way < 0 else self.between(start, start + span)
            if len(found) >= ENOUGH or span >= FURTHEST or not self.begin < start + way * span < self.size:
                return found
            span *= 4

    def _starts(self, data: bytes, base: int) -> list[int]:
        """Of all pieces in `data`, which begins with a block at `base`."""
        starts = {base + found.end() for found in re.finditer(b"\n", data)}
        starts.add(self.begin)
        for block in range(base + BLOCK, base + len(data), BLOCK):
            if block - BLOCK >= self.begin and data.find(b"\n", block - BLOCK - base, block - base) < 0:
                starts.add(block + _rest_of_character(data, block - base))
        return sorted(start for start in starts if base <= start < base + len(data))

    def _continues(self, data: bytes, base: int, start: int) -> bool:
        return start > self.begin and data[start - base - 1 : start - base] != b"\n"


def _rest_of_character(data: bytes, position: int) -> int:
    """How many bytes from there on belong to a character that began before; a line end is the line's, too."""
    length = 0
    while length < 3 and data[position + length : position + length + 1] and data[position + length] & 0xC0 == 0x80:
        length += 1
    return length + (data[position + length : position + length + 1] == b"\n")


def read_range(descriptor: int, start: int, end: int) -> bytes:
    """These bytes, or as many of them as there are."""
    parts = []
    while start < end and (part := os.pread(descriptor, min(end - start, 1 << 16), start)):
        parts.append(part)
        start += len(part)
    return b"".join(parts)
