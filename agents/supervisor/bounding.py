"""The agent's log on disk: its head is given back when it has grown past its limit. The newest lines stay whole.

It is looked at when the supervisor wakes up anyway, which costs one stat in five seconds of a log that is quiet. It is
looked at sooner where it grows so fast that half of its limit could be written until then (when, at its present pace,
that half is there), and a few times when an attempt begins, whose pace nobody knows. So what is on disk is the limit
and what comes in between; of a log that floods all of a sudden, what five seconds bring. Half of the limit is kept, so
that a hole is made once in a while and not at every look.
"""

import errno
import os

from overnight.state import holes
from overnight.state.rundir import RunDir

SOONEST, LATEST = 0.05, 5.0
"""Seconds until the next look at a log that grows fast, and from when on the ordinary wake-ups are soon enough."""
LONGEST_LINE = 1 << 18
"""Bytes of a line that stays whole at the head of what is kept."""
FOR_GOOD = frozenset(
    {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV, errno.EPERM, errno.EACCES, errno.EROFS, errno.ELOOP}
)
"""What will be refused the next time, too; a full disk may have room by then."""


class Log:
    """Of one run. `limit`: bytes on disk; 0 = it is not bounded."""

    def __init__(self, run: RunDir, limit: int) -> None:
        self._path, self._limit = run.output_path, limit
        self._seen = (0.0, 0)
        """When it was looked at, and how large it was."""
        self._pause = SOONEST
        """Between two looks, as long as its pace demands no sooner one. It grows."""
        self.due: float | None = None
        """When to look again; None = at the next wake-up."""

    def look_closely(self) -> None:
        """An attempt has begun: how fast it writes, nobody knows."""
        self._pause, self.due = SOONEST, None

    def bound(self, now: float) -> str | None:
        """Look, and give back what is too much. What stands in the way of it, in words. `now`: monotonic."""
        if not self._limit or (self.due is not None and now < self.due):
            return None
        try:
            size = os.stat(self._path).st_size
            if size > self._limit:
                self._punch()
        except FileNotFoundError:
            self.due = None
            return None
        except OSError as error:
            self._limit, self.due = (0 if error.errno in FOR_GOOD else self._limit), None
            return f"{self._path} takes more of the disk than its limit: {error.strerror}"
        self.due = self._due(now, size)
        return None

    def _due(self, now: float, size: int) -> float | None:
        """By its pace since the last look; a log that became shorter has been emptied by its agent."""
        (at, before), self._seen = self._seen, (now, size)
        grown = size - before if size >= before else size
        until_half = (now - at) * self._limit / 2 / grown if grown else LATEST
        pause, self._pause = max(SOONEST, min(until_half, self._pause)), min(2 * self._pause, LATEST)
        return now + pause if pause < LATEST else None

    def _punch(self) -> None:
        """Raises OSError."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            size, first = os.fstat(descriptor).st_size, holes.data_from(descriptor)
            if size - first > self._limit:
                holes.punch(descriptor, first, holes.line_end(descriptor, size - self._limit // 2, LONGEST_LINE))
        finally:
            os.close(descriptor)
