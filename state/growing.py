"""A file that grows by whole lines, read as it grows: each line once, a few at a time, in constant memory."""

import os
from typing import Generic, TypeVar

from overnight.state import codec
from overnight.state.rundir import open_to_read

R = TypeVar("R")

CHUNK = 1 << 13
"""Bytes that are read at once; more only for a line that is longer."""


class GrowingLines(Generic[R]):
    """How far one file has been read."""

    def __init__(self, path: str, kind: type[R]) -> None:
        self._path, self._kind = path, kind
        self._file: int | None = None
        """The inode that was read; another one is another file, whose lines are all new."""
        self._offset = 0
        self._nothing_at: tuple[int, int] | None = None
        """Inode and size at which there was no whole line more."""
        self._skipping = False
        """Inside of a line that is longer than any record."""

    def take(self) -> list[R]:
        """The next few records, in their order; empty = no more for now. What cannot be read is left out."""
        while (lines := self._next_lines()) is not None:
            decoded = [codec.decode(self._kind, line) for line in lines if line]
            if records := [each for each in decoded if isinstance(each, self._kind)]:
                return records
        return []

    def _next_lines(self) -> list[bytes] | None:
        """None = no whole line more."""
        try:
            found = os.stat(self._path)
            if (found.st_ino, found.st_size) == self._nothing_at:
                return None
            with open_to_read(self._path) as file:
                return self._read(file.fileno())
        except OSError:
            return None

    def _read(self, descriptor: int) -> list[bytes] | None:
        found = os.fstat(descriptor)
        if found.st_ino != self._file or found.st_size < self._offset:
            self._file, self._offset, self._skipping = found.st_ino, 0, False
        data = os.pread(descriptor, CHUNK, self._offset)
        if len(data) == CHUNK and b"\n" not in data:
            data = os.pread(descriptor, codec.LARGEST + 1, self._offset)
        whole, newline, _ = data.rpartition(b"\n")
        if not newline and len(data) <= codec.LARGEST:
            self._nothing_at = (found.st_ino, found.st_size)
            return None
        lines = whole.split(b"\n")[self._skipping :] if newline else []
        self._offset += len(whole) + 1 if newline else len(data)
        self._skipping = not newline
        return lines
