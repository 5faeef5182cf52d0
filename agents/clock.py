"""The active clock of an attempt: the time in which it could have worked. Pauses stand still on it."""

import time
from collections.abc import Callable


class ActiveClock:
    """Seconds since it was made, without the pauses. Changed by the main thread, read by any."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.started = monotonic()
        self.excluded = 0.0
        """Seconds of all pauses that are over."""
        self.on_excluded: Callable[[float], None] = lambda seconds: None
        """Told how long a pause was that is over."""
        self._pauses = 0
        """How many are under way: one may begin inside of another."""
        self._stands: tuple[float, float | None] = (0.0, None)
        """What is excluded, and since when it pauses: one value, because the beating thread asks meanwhile."""

    def active(self) -> float:
        excluded, paused_at = self._stands
        until = self.monotonic() if paused_at is None else paused_at
        return until - self.started - excluded

    def pause(self) -> None:
        """Stand still until `go_on` was called as often."""
        self._pauses += 1
        if self._pauses == 1:
            self._stands = (self.excluded, self.monotonic())

    def go_on(self) -> None:
        self._pauses -= 1
        paused_at = self._stands[1]
        if not self._pauses and paused_at is not None:
            self._exclude(self.monotonic() - paused_at)

    def leave_out(self, since: float) -> None:
        """The process was stopped by a signal from `since`, a moment of `monotonic`, until now."""
        if not self._pauses:
            self._exclude(self.monotonic() - since)

    def _exclude(self, seconds: float) -> None:
        self.excluded += seconds
        self._stands = (self.excluded, None)
        self.on_excluded(seconds)
