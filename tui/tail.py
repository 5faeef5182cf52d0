"""The newest lines of a log that grows: read by offset from its end, never the whole of it."""

import os
from collections import deque

from overnight.state.holes import kept_from
from overnight.tui.clean import clean_lines
from overnight.tui.pieces import read_range

WINDOW = 256 * 1024
"""Bytes from the end that are read at first, and at most at once later."""
LINES = 2000
LONGEST = 4096
"""Bytes of one line that are kept."""


class Tail:
    """One file, from its end on. Holds at most LINES clean lines."""

    def __init__(self, path: str, *, window: int = WINDOW) -> None:
        self.path = path
        self.size: int | None = None
        """Bytes; None = there is no file."""
        self._window = window
        self._offset = 0
        self._lines: deque[str] = deque(maxlen=LINES)
        self._open_line = b""
        """What follows the last line end."""
        self._torn = False
        """A part of a line comes first that is not to be shown."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Oldest first; the last one may still be growing."""
        return (*self._lines, *clean_lines(self._open_line.decode("utf-8", "replace")))

    def read(self) -> bool:
        """Take in what was appended; whether anything changed. A file that became shorter is read anew."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            changed = self.size is not None
            self._restart()
            return changed
        try:
            return self._read_from(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def _read_from(self, descriptor: int) -> bool:
        size = os.fstat(descriptor).st_size
        if size == self.size:
            return False
        if self.size is not None and size < self.size:
            self._restart()
        begin = size - self._window if size - self._offset > self._window else self._offset
        data = read_range(descriptor, begin, size)
        # Asked after reading: what was given back of the log's head reads as zeros.
        kept = kept_from(descriptor)
        if max(begin, kept) > self._offset:
            self._skip_to(max(begin, kept), torn=begin > kept)
        self.size = size
        self._take(data[self._offset - begin :])
        return True

    def _restart(self) -> None:
        self._lines.clear()
        self._open_line, self._offset, self.size = b"", 0, None
        self._torn = False

    def _skip_to(self, offset: int, *, torn: bool) -> None:
        """Leave out what is older. `torn`: a line that begins in what is left out ends there."""
        self._restart()
        self._offset, self._torn = offset, torn

    def _take(self, data: bytes) -> None:
        self._offset += len(data)
        if self._torn:
            data, self._torn = data.partition(b"\n")[2] or data, False
        *whole, self._open_line = (self._open_line + data).split(b"\n")
        self._open_line = self._open_line[-LONGEST:]
        for raw in whole[-LINES:]:
            self._lines.extend(clean_lines(raw[:LONGEST].decode("utf-8", "replace")) or [""])


def newest_line(path: str) -> str:
    """The last line of a log that says anything; "" = there is none."""
    tail = Tail(path, window=8192)
    tail.read()
    return next((text for text in reversed(tail.lines) if text.strip()), "")
