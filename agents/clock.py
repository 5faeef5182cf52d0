"""The active clock of an attempt: the time in which it could have worked. Pauses stand still on it."""

import time
from collections.abc import Callable


class ActiveClock:
    """Seconds since it was made, without the pauses."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.started = monotonic()
        self.excluded = 0.0
        """Seconds of all pauses that are over."""
        self._paused_at: float | None = None

    def active(self) -> float:
        # Read once: the beating thread asks while the main thread goes on.
        paused_at = self._paused_at
        until = self.monotonic() if paused_at is None else paused_at
        return until - self.started - self.excluded

    def pause(self) -> None:
        if self._paused_at is None:
            self._paused_at = self.monotonic()

    def go_on(self) -> None:
        if self._paused_at is not None:
            self.excluded += self.monotonic() - self._paused_at
            self._paused_at = None

    def leave_out(self, since: float) -> None:
        """The process was stopped by a signal from `since`, a moment of `monotonic`, until now."""
        if self._paused_at is None:
            self.excluded += self.monotonic() - since
