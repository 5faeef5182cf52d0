"""The log that is looked at: any part of it, by offset, never the whole; and noticing that it is another one now."""

import os

from overnight.state.rundir import open_to_read
from overnight.tui.clean import clean_lines
from overnight.tui.colours import coloured
from overnight.tui.page import LogLine, Page
from overnight.tui.pieces import Piece, Pieces, read_range

LONGEST = 16 << 20
"""Bytes of one line that are copied."""
Stamp = tuple[int, int, int, int]


class LogFile:
    """One file. Reads it again only where it has changed, or another part is looked at."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problem = ""
        """Why it cannot be read; "" = it could be, or there is none."""
        self._generation = 0
        self._stamp: Stamp | None = None
        self._seen: object = None
        self._page: Page | None = None

    def page(self, around: int | None) -> Page | None:
        """The lines around a byte, None = the end. None = there is no log, or it cannot be read."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            self.problem = "" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
            self._stamp = self._seen = self._page = None
            return None
        self.problem = ""
        try:
            return self._read(descriptor, around)
        except OSError:
            return self._page
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int, around: int | None) -> Page:
        stamp = _stamp_of(descriptor)
        if self._page is not None and (stamp, around) == self._seen:
            return self._page
        if self._stamp is not None and (stamp[:2] != self._stamp[:2] or stamp[2] < self._stamp[2]):
            self._generation += 1
        self._stamp, self._seen = stamp, (stamp, around)
        log = Pieces(descriptor)
        pieces = log.around(around)
        # Asked once more: what was given back meanwhile reads as zeros.
        begin = max(log.begin, Pieces(descriptor).begin)
        pieces = [each for each in pieces if each.at >= begin]
        self._page = Page(
            lines=tuple(map(line_of, pieces)),
            begin=begin,
            size=log.size,
            is_first=not pieces or pieces[0].at <= begin,
            is_last=not pieces or pieces[-1].end >= log.size,
            generation=self._generation,
        )
        return self._page


def line_of(piece: Piece) -> LogLine:
    return LogLine(piece.at, coloured(piece.raw.decode("utf-8", "replace")), piece.continues)


def _stamp_of(descriptor: int) -> Stamp:
    """Inode, size, and time of the last change: what was emptied and has grown again has another one."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def whole_line(path: str, at: int) -> str | None:
    """The line with byte `at`, whole though it is shown in pieces, as clean text; None = it is gone."""
    try:
        with open_to_read(path) as file:
            log, descriptor = Pieces(file.fileno()), file.fileno()
            if not log.begin <= at < log.size:
                return None
            begin = max(log.begin, at - LONGEST)
            head = read_range(descriptor, begin, min(at, log.size)).rpartition(b"\n")[2]
            tail = read_range(descriptor, at, min(at + LONGEST, log.size)).partition(b"\n")[0]
    except OSError:
        return None
    return "".join(clean_lines((head + tail).decode("utf-8", "replace")))
