"""How much active time remains, with a range. Pure; constant memory.

Several experts foretell it, each from another part of the past (experts.py), and each counts by how well it would
have foretold the run's own past: what was `left` then is as long, beside what was done, as what is left now. Paused
time and resumed items must not be in what is recorded.
"""

from math import exp, isfinite, log, sqrt
from typing import NamedTuple

from overnight.state.curve import Curve
from overnight.state.experts import CHANGED, CLEAR, SHARES, Experts, Profile, profile_of
from overnight.state.records import Estimate

LEAST_KNOTS, LEAST_SECONDS = 3, 2.0
"""Before both there is no forecast: the screen says "measuring"."""
ORIGINS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Where in the past the back-tests stand: parts of the work so far."""
SHORTEST_TEST = 0.3
"""Of the work so far: what a back-test foretells at least, as far as there is so much."""
RECENT = 1.5
"""How much more a later back-test counts: its origin to this power."""
ALIKE = 2.0
"""How much less one counts that is shorter than what is to be foretold: the ratio to this power."""
WORST = 1.0
"""|ln(foretold / true)| of a back-test at most: beyond it, wrong is wrong."""
DOUBT, DOUBT_OF_BEFORE = 0.13, 0.2
"""The error that is taken for granted before a back-test tells, of this run's own past and of an earlier run's."""
DOUBT_COUNTS = 0.3
"""As much as so many back-tests."""
FEW = 4.0
"""Times the error that too few items make in a mean."""
RESTS_ON = (*SHARES, 0.075, 0.33)
"""The part of the past that each expert rests on."""
SHARPNESS, BLUR = 2.0, 0.05
"""Weights are 1 / (error^2 + BLUR) to this power."""
FAVOUR_WHOLE, FAVOUR_CHANGED, FAVOUR_BEFORE = 3.6, 4.0, 90.0
"""What is known beforehand of who is right."""
GROWS_WITH, MOST_FAVOUR = 1.5, 200.0
"""The favour of who saw a change grows with its clearness to this power, so far."""
Z80 = 1.2816
"""Standard deviations that hold 80 % of a normal distribution."""
WIDTH = 1.1
WIDEST = 7.0
"""ln(high / likely) at most: of a range that spans more nobody learns anything."""
APART, MISSED = 0.8, 1.8
"""How much the range owes to experts who differ, and to their errors in the past."""
FEW_SEEN, FEW_LEFT = 0.55, 0.1
USED = 0.6
"""Of the time that the item in hand is expected to take: what its silence so far uses up at most."""
GROWS = 0.7
"""A silence longer than that means so much more of it (as of what has lasted without known end, it will last on)."""
TAIL = 0.9
"""The last items of workers side by side end one by one: of what that takes where times are exponential."""
CALM = 0.1
"""Deviations by which a forecast may differ from the one before without moving the end."""


class Change(NamedTuple):
    """Of pace."""

    active_seconds: float
    """When it was."""
    factor: float
    """0.5 = half as fast since."""


OUT_OF_MEASURE = (ArithmeticError, ValueError)
"""An agent may count anything; the squares of some of it no float can hold, and of that nobody foretells the end."""


class Estimator:
    """Records how far a run is, and forecasts. One for each session of work."""

    def __init__(self, earlier: Profile | None = None) -> None:
        """`earlier`: how the last run of the same agent went."""
        self._curve = Curve()
        self._earlier = earlier
        self._end: float | None = None
        """Active seconds at which the last forecast saw the end."""

    def begin(self, work: float, active_seconds: float, items: float) -> None:
        """Here: what was before was counted in something else."""
        self._curve.begin(work, active_seconds, items)

    def record(self, work: float, active_seconds: float, items: float | None = None) -> None:
        """`work`: done by this session, in items or by weight; goes back = starts anew. `items`: None = it is items."""
        self._curve.record(work, active_seconds, work if items is None else items)

    def change(self) -> Change | None:
        """The clearest change of pace so far; None = there is none that is clear."""
        curve = self._curve
        if len(curve) < LEAST_KNOTS or curve.done <= 0:
            return None
        try:
            place, _ = curve.change_before(curve.last, curve.done / max(1.0, curve.items), curve.noise(), CLEAR)
            if place is None:
                return None
            active = curve.seconds_at(place)
            before, since = active - curve.seconds_at(curve.first), curve.newest_at - active
            factor = (curve.last - place) / since * before / (place - curve.first)
        except OUT_OF_MEASURE:
            return None
        return Change(active, factor) if isfinite(factor) else None

    def profile(self) -> Profile | None:
        """For the next run of the same agent; None = this one did too little to tell."""
        return profile_of(self._curve)

    def forecast(
        self, left: float, active_seconds: float, workers: int = 1, in_hand: float | None = None
    ) -> Estimate | None:
        """Active seconds until `left` more is done, from `active_seconds` on; None = still measuring.

        `in_hand`: the work of the item that is worked at; None = not known.
        """
        if left <= 0:
            return Estimate(0.0, 0.0, 0.0)
        curve = self._curve
        if len(curve) < LEAST_KNOTS or curve.seconds < LEAST_SECONDS:
            return None
        try:
            likely, deviation = self._expect(left, active_seconds, workers, in_hand)
            spread = exp(min(Z80 * deviation, WIDEST))
        except OUT_OF_MEASURE:
            return None
        if not (likely >= 0 and isfinite(2 * (active_seconds + likely * spread))):
            return None
        likely = self._calm(likely, active_seconds, likely * deviation)
        return Estimate(likely / spread, likely, likely * spread)

    def _expect(self, left: float, active_seconds: float, workers: int, in_hand: float | None) -> tuple[float, float]:
        """Seconds from `active_seconds` on, and the standard deviation of their logarithm. Raises OUT_OF_MEASURE."""
        curve = self._curve
        unit = curve.done / max(1.0, curve.items)
        experts = Experts(curve, curve.done + left, unit, curve.noise(), self._earlier)
        seconds, deviation = self._together(experts, left)
        pace = seconds / left
        if workers > 1:
            seconds += _tail(workers, left / unit, pace * unit)
        silent = max(0.0, active_seconds - curve.newest_at)
        expected = min(pace * (in_hand if in_hand is not None and workers == 1 else unit), seconds)
        return seconds - min(silent, USED * expected) + GROWS * max(0.0, silent - expected), deviation

    def _together(self, experts: Experts, left: float) -> tuple[float, float]:
        """What the experts say together, and the standard deviation of its logarithm."""
        said, changed = experts.foretell(experts.curve.last, left)
        errors = self._past_errors(experts, left, len(said))
        weights = [(error + BLUR) ** -SHARPNESS for error in errors]
        weights[0] *= FAVOUR_WHOLE
        weights[CHANGED] *= min(max(1.0, FAVOUR_CHANGED * changed**GROWS_WITH), MOST_FAVOUR)
        weights[CHANGED + 1 :] = [FAVOUR_BEFORE * weight for weight in weights[CHANGED + 1 :]]
        whole = sum(weights)
        logs = [log(seconds) for seconds in said]
        centre = sum(weight * each for weight, each in zip(weights, logs, strict=True)) / whole
        apart = sum(weight * (each - centre) ** 2 for weight, each in zip(weights, logs, strict=True)) / whole
        missed = sum(weight * error for weight, error in zip(weights, errors, strict=True)) / whole
        items = max(1.0, experts.curve.items)
        few = FEW_SEEN / items + FEW_LEFT * experts.noise * (1 / items + 1 / max(1.0, left / experts.unit))
        return exp(centre), WIDTH * sqrt(APART * apart + MISSED * missed + few)

    def _past_errors(self, experts: Experts, left: float, count: int) -> list[float]:
        """The mean square of ln(foretold / true) of each expert, had it been asked at points in the past."""
        curve, ratio = experts.curve, left / experts.curve.done
        squares, tests = [0.0] * count, 0.0
        for origin in ORIGINS:
            done = curve.first + origin * curve.done
            if curve.knots_before(done) < LEAST_KNOTS:
                continue
            ahead = min(max(ratio * origin, SHORTEST_TEST), 1 - origin) * curve.done
            took = curve.seconds_at(done + ahead) - curve.seconds_at(done)
            if took <= 0:
                continue
            counts = origin**RECENT * min(1.0, ahead / (ratio * origin * curve.done)) ** ALIKE
            tests += counts
            for number, seconds in enumerate(experts.foretell(done, ahead)[0]):
                squares[number] += counts * min(abs(log(seconds / took)), WORST) ** 2
        doubts = [DOUBT**2 + FEW * experts.noise / (share * max(1.0, curve.items)) for share in RESTS_ON]
        doubts += [DOUBT_OF_BEFORE**2] * (count - len(doubts))
        return [
            (square + DOUBT_COUNTS * doubt) / (tests + DOUBT_COUNTS)
            for square, doubt in zip(squares, doubts, strict=True)
        ]

    def _calm(self, likely: float, now: float, deviation: float) -> float:
        """The end that was foretold stays where it is, unless the news is more than what a forecast is worth."""
        end, band = now + likely, CALM * deviation
        if self._end is not None:
            end = min(max(self._end, end - band), end + band)
        self._end = end
        return max(end - now, 0.3 * likely)


def _tail(workers: int, items: float, pace: float) -> float:
    """Seconds by which the last items of `workers` side by side end later than their common pace says.

    Exponential times: the last of k that run ends after the mean of one times the k-th harmonic number.
    """
    last = min(workers, max(1, int(items)))
    harmonic = sum(1 / number for number in range(1, last + 1))
    late = TAIL * workers * pace * (harmonic - 1)
    # Fewer are left than there are workers: no other item waits for its turn.
    return late + (workers * pace - items * pace if items < workers else 0.0)
