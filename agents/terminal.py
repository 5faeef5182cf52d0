"""The progress line on stderr of a run that was started by hand: redrawn on a terminal, else now and then a line."""

import os
import sys
import threading
import time
from collections.abc import Callable

from overnight.agents.line import line_of
from overnight.state.records import Progress

LINE_EVERY = 10.0
"""Seconds between two lines where stderr is not a terminal."""
CLEAR_LINE = "\r\x1b[K"


class Terminal:
    """Writes nothing that has to arrive: a closed or stuck stderr harms no run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._redraws = _is_terminal()
        self._drawn = ""
        """The line that stands there; empty = none."""
        self._shares = self._redraws and os.isatty(1)
        """What goes to stdout comes out on the same screen."""
        self._said_at: float | None = None
        self._lock = threading.RLock()
        """The line is drawn in the beating thread, and others write beside it."""

    def show(self, progress: Progress, addition: str = "") -> None:
        """The line as of now, with `addition` behind it."""
        if self._redraws:
            with self._lock:
                self._drawn = line_of(self._name, progress, _width() - 1, time.time(), addition)
                self._write(f"{CLEAR_LINE}{self._drawn}")
            return
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= LINE_EVERY:
            self._said_at = now
            self._write(line_of(self._name, progress, 200, time.time(), addition) + "\n")

    def say(self, text: str) -> None:
        """One line that stays."""
        with self._lock:
            self._write(f"{CLEAR_LINE if self._drawn else ''}{text}\n")
            self._drawn = ""

    def beside(self, write: Callable[[], None]) -> None:
        """Do `write`, which writes whole lines to stdout: they come above the line."""
        if not (self._shares and self._drawn):
            write()
            return
        with self._lock:
            self._write(CLEAR_LINE)
            write()
            self._write(self._drawn)

    def _write(self, text: str) -> None:
        try:
            os.write(2, text.encode(sys.stderr.encoding if sys.stderr else "utf-8", "replace"))
        except OSError:
            # Nobody reads it any more.
            pass


def _is_terminal() -> bool:
    return os.isatty(2) and os.environ.get("TERM") != "dumb"


def _width() -> int:
    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
