"""At which time of day so much had been worked: pauses lie between. Pure; constant memory."""

from collections import deque

MOST = 64
"""Pauses that are remembered, the newest."""
APART = 1.0
"""Seconds between the two clocks that are no pause."""


class Timeline:
    """Active seconds beside seconds since the epoch."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=MOST)

    def note(self, active: float, now: float) -> None:
        """At `now` so many active seconds had passed."""
        if not self._points or abs(now - self.at(active)) > APART:
            self._points.append((active, now))

    def at(self, active: float) -> float:
        """When so many had passed; of what was before all that is remembered: had there been no pause."""
        then, at = next((point for point in reversed(self._points) if point[0] <= active), self._points[0])
        return at + active - then
