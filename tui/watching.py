"""One line of progress on stderr: drawn over on a terminal, else a line now and then."""

import sys
import time

from overnight.state.rundir import RunDir
from overnight.tui import console
from overnight.tui.foretelling import Foretelling
from overnight.tui.reading import row_now
from overnight.tui.table import progress_line

REDRAWN_AFTER, SAID_AFTER = 0.2, 5.0
"""Seconds between two lines: on a terminal, and elsewhere."""
_CLEARED = "\r\x1b[K"


class ProgressLine:
    """Of one run."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._drawn = console.is_drawn(sys.stderr)
        self._style = console.style(sys.stderr)
        self._foretelling = Foretelling()
        self._next_at = 0.0
        self._last = ""

    def show(self) -> None:
        """Draw it where it is due and says something new."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + (REDRAWN_AFTER if self._drawn else SAID_AFTER)
        line = progress_line(row_now(self._run, self._foretelling), self._style)
        if line == self._last:
            return
        self._last = line
        console.chatter(f"{_CLEARED}{line}" if self._drawn else f"{line}\n")

    def clear(self) -> None:
        """Leave the terminal's line to what is said next."""
        if self._drawn:
            console.chatter(_CLEARED)
