"""How fast the line to the terminal is, and when a picture that nobody asked for may follow the last one.

Between a program and a terminal far away lie buffers that take many pictures at once: to write them is no sign that
they are seen, and a key waits behind all of them. So the terminal is asked in front of a picture and behind it where
its cursor is; the time between the two answers is what the line took for the picture, however far away it is.
"""

from collections.abc import Callable
from threading import Event
from time import monotonic

ASK = "\x1b[6n"
"""Where the cursor is: every terminal answers."""
WORTH_ASKING = 400
"""Bytes; of a smaller picture a line of 20 kB a second has made an end before the next one."""
SHARE = 2.0
"""For so many times as long as the line was busy with a picture, it is left to the keys."""
PATIENCE = 10.0
"""Seconds until an answer is taken for lost, and another question is asked."""


class Pace:
    """Marks pictures, hears the answers. The one by the thread that draws, the other by the one that reads keys."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._answers = False
        """Whether this terminal has ever answered: for one that does not, nothing is held back."""
        self._asked_at: float | None = None
        self._first_at: float | None = None
        """When the first of two answers came; None = neither did."""
        self._free_at = 0.0
        self._told = Event()
        """No answer is under way."""
        self._told.set()

    def marked(self, codes: str) -> str:
        """The codes of a picture, with a question at both ends unless one is under way."""
        if len(codes) < WORTH_ASKING or self._asked_at is not None:
            return codes
        self._told.clear()
        self._first_at, self._asked_at = None, self._clock()
        return f"{ASK}{codes}{ASK}"

    def answered(self) -> None:
        now = self._clock()
        self._answers = True
        if self._asked_at is not None and self._first_at is None:
            self._first_at = now
        elif self._asked_at is not None and self._first_at is not None:
            self._free_at = now + SHARE * (now - self._first_at)
            self._be_told()

    def is_free(self) -> bool:
        """Whether a picture that nobody asked for may be drawn now."""
        now = self._clock()
        if self._asked_at is not None and now - self._asked_at > PATIENCE:
            self._be_told()
        return now >= self._free_at and (self._asked_at is None or not self._answers)

    def wait(self, seconds: float) -> None:
        """Until no answer is under way, or for so long; after that it is taken for lost."""
        if self._answers and not self._told.wait(seconds):
            self._be_told()

    def begin_anew(self) -> None:
        """Somebody else had the terminal."""
        self._answers, self._free_at = False, 0.0
        self._be_told()

    def _be_told(self) -> None:
        self._asked_at = None
        self._told.set()
