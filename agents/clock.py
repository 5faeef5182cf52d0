"""The active clock of an attempt: the time in which it could have worked. Pauses and announced waits are not on it."""

import time
from collections.abc import Callable
from math import inf
from typing import NamedTuple


class Waits(NamedTuple):
    """Announced waits that are over."""

    number: int = 0
    seconds: float = 0.0
    """Of all of them."""
    longest: float = 0.0


class ActiveClock:
    """Seconds since it was made, without pauses and waits. Read by any thread; pauses are the main thread's, waits
    belong to whoever holds the lock of what announces them.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.started = monotonic()
        self.excluded = 0.0
        """Seconds of all pauses and waits that are over."""
        self.on_excluded: Callable[[float], None] = lambda seconds: None
        """Told how long a pause or a wait was that is over."""
        self.finished_at: Callable[[], float] = lambda: -inf
        """When something was finished last, a moment of `monotonic`."""
        self.waits = Waits()
        self._pauses = self._waiting = 0
        """How many are under way: one may begin inside of another."""
        self._paused: tuple[float, float | None] = (0.0, None)
        """What pauses exclude, and since when it pauses: one value, because the beating thread asks meanwhile."""
        self._waited: tuple[float, float | None] = (0.0, None)
        """The same of waits, in awake seconds: a pause inside of a wait is left out once."""

    def awake(self) -> float:
        """Seconds without the pauses: a wait passes on it, as the work beside it does."""
        paused, since = self._paused
        return (self.monotonic() if since is None else since) - self.started - paused

    def active(self) -> float:
        waited, since = self._waited
        awake = self.awake()
        return (awake if since is None else self._at_work_until(since, awake)) - waited

    def _at_work_until(self, since: float, awake: float) -> float:
        """What was finished since the wait began was work beside it."""
        finished = self.finished_at() - self.started - self._paused[0]
        return min(awake, max(since, finished))

    def pause(self) -> None:
        """Stand still until `go_on` was called as often."""
        self._pauses += 1
        if self._pauses == 1:
            self._paused = (self._paused[0], self.monotonic())

    def go_on(self) -> None:
        self._pauses -= 1
        since = self._paused[1]
        if not self._pauses and since is not None:
            self._pass_over(self.monotonic() - since)

    def leave_out(self, since: float) -> None:
        """The process was stopped by a signal from `since`, a moment of `monotonic`, until now."""
        if not self._pauses:
            self._pass_over(self.monotonic() - since)

    def _pass_over(self, seconds: float) -> None:
        self._paused = (self._paused[0] + seconds, None)
        self._exclude(seconds)

    def begin_wait(self) -> None:
        """Stand still, but for what others finish, until `end_wait` was called as often."""
        self._waiting += 1
        if self._waiting == 1:
            self._waited = (self._waited[0], self.awake())

    def end_wait(self) -> None:
        self._waiting -= 1
        waited, since = self._waited
        if self._waiting or since is None:
            return
        awake = self.awake()
        seconds = awake - self._at_work_until(since, awake)
        number, whole, longest = self.waits
        self.waits = Waits(number + 1, whole + seconds, max(longest, seconds))
        self._waited = (waited + seconds, None)
        self._exclude(seconds)

    def _exclude(self, seconds: float) -> None:
        self.excluded = self._paused[0] + self._waited[0]
        self.on_excluded(seconds)
