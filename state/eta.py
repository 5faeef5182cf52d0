"""How much active time remains, with a range. Pure; constant memory.

A hedge: the mean pace over the last whole, half, quarter and tenth of the work, each weighted by how well
it would have foretold the run's own past. Paused time and resumed items must not be in what is recorded.
"""

from bisect import bisect_left
from math import exp, log, sqrt

from overnight.state.records import Estimate

KNOTS = 256
"""The most (count, active time) pairs that are kept; when full, every second one goes."""
LEAST_KNOTS, LEAST_SECONDS = 4, 2.0
"""Before both there is no forecast: the screen says "measuring"."""
SHARES = (1.0, 0.5, 0.25, 0.1)
ORIGINS = (0.35, 0.5, 0.65, 0.8)
"""Where in the past the back-tests stand."""
Z80 = 1.2816
"""Standard deviations that hold 80 % of a normal distribution."""
SHARPNESS = 4.0
"""How strongly a bad back-test lowers a weight."""


class Estimator:
    """Records how far a run is, and forecasts. One for each session of work."""

    def __init__(self) -> None:
        self._counts: list[float] = []
        self._times: list[float] = []

    def record(self, count: float, active_seconds: float) -> None:
        """`count`: work done by this session (items or weight). Goes back = starts anew."""
        if self._counts and count < self._counts[-1]:
            self._counts.clear()
            self._times.clear()
        if self._counts and (count == self._counts[-1] or active_seconds <= self._times[-1]):
            self._counts[-1] = count
            return
        self._counts.append(count)
        self._times.append(active_seconds)
        if len(self._counts) > KNOTS:
            # The newest stays: the forecast starts from it.
            del self._counts[-2:0:-2], self._times[-2:0:-2]

    def rate(self, share: float = 0.25) -> float | None:
        """Work a second over the last `share` of it; None = not measured yet."""
        return _pace(self._counts, self._times, len(self._counts) - 1, share)

    def forecast(self, left: float, active_seconds: float) -> Estimate | None:
        """Active seconds until `left` more is done, from `active_seconds` on; None = still measuring."""
        if left <= 0:
            return Estimate(0.0, 0.0, 0.0)
        if len(self._counts) < LEAST_KNOTS or self._times[-1] - self._times[0] < LEAST_SECONDS:
            return None
        newest = len(self._counts) - 1
        foretold = [
            (left / pace, share) for share in SHARES if (pace := _pace(self._counts, self._times, newest, share))
        ]
        if not foretold:
            return None
        return self._combined(foretold, silent=max(0.0, active_seconds - self._times[-1]))

    def _combined(self, foretold: list[tuple[float, float]], silent: float) -> Estimate:
        errors = [self._past_error(share) for _, share in foretold]
        weights = [exp(-SHARPNESS * error * error) for error in errors]
        whole = sum(weights)
        logs = [log(seconds) for seconds, _ in foretold]
        centre = sum(weight * each for weight, each in zip(weights, logs, strict=True)) / whole
        apart = sum(weight * (each - centre) ** 2 for weight, each in zip(weights, logs, strict=True)) / whole
        missed = sum(weight * error * error for weight, error in zip(weights, errors, strict=True)) / whole
        spread = Z80 * sqrt(apart + missed + 0.25 / len(self._counts))
        # The time since the newest item is part of what was foretold; a late item can only use up so much of it.
        used = min(silent, 0.9 * exp(centre) * len(foretold) / len(SHARES))
        likely = exp(centre) - used
        return Estimate(likely * exp(-spread), likely, likely * exp(spread))

    def _past_error(self, share: float) -> float:
        """Root mean square of ln(foretold/true) had this share been trusted at points in the past."""
        newest = len(self._counts) - 1
        squares = []
        for origin in ORIGINS:
            then = int(newest * origin)
            pace = _pace(self._counts, self._times, then, share)
            took = self._times[newest] - self._times[then]
            if pace and took > 0:
                squares.append(log((self._counts[newest] - self._counts[then]) / pace / took) ** 2)
        return sqrt(sum(squares) / len(squares)) if squares else 0.5


def _pace(counts: list[float], times: list[float], newest: int, share: float) -> float | None:
    """Work a second over the last `share` of the work up to knot `newest`."""
    if newest < 1:
        return None
    from_count = counts[newest] - share * (counts[newest] - counts[0])
    first = min(bisect_left(counts, from_count, 0, newest), newest - 1)
    seconds = times[newest] - times[first]
    return (counts[newest] - counts[first]) / seconds if seconds > 0 else None
