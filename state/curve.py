"""How far work was at which moment of active time, and where its pace has changed. Pure; constant memory."""

from bisect import bisect_left
from math import isfinite, log, sqrt

KNOTS = 256
"""The most (work, seconds) pairs that are kept; when full, every second one goes."""
LEAST_SIDE = 3.0
"""Items on each side of a change."""
STEP = 1.35
"""From one place where a change is looked for to the next: there are few, wherever it was."""
MOST_NOISE, LEAST_NOISE = 50.0, 0.02


class Curve:
    """Work done, in items or by weight, over active seconds."""

    __slots__ = ("_items_before", "_seconds", "_work", "items")

    def __init__(self) -> None:
        self._work = [0.0]
        self._seconds = [0.0]
        self.items = 0.0
        """So many items lie between the first knot and the newest."""
        self._items_before = 0.0

    def begin(self, work: float, seconds: float, items: float) -> None:
        """Here: of what was before nothing is known."""
        self._work[:], self._seconds[:] = [work], [max(0.0, seconds)]
        self.items, self._items_before = 0.0, items

    def record(self, work: float, seconds: float, items: float) -> None:
        """`items`: how many that is. What goes back starts anew, from there; what is no number is no news."""
        if work == self._work[-1] or not (isfinite(work) and isfinite(seconds) and work >= 0):
            return
        if work < self._work[-1]:
            self.begin(work, seconds, items)
            return
        self.items = max(self.items, items - self._items_before)
        if seconds <= self._seconds[-1]:
            self._work[-1] = work
            return
        self._work.append(work)
        self._seconds.append(seconds)
        if len(self._work) > KNOTS:
            # The newest stays: a forecast starts from it.
            del self._work[-2:0:-2], self._seconds[-2:0:-2]

    def __len__(self) -> int:
        return len(self._work)

    @property
    def first(self) -> float:
        """Work at the first knot."""
        return self._work[0]

    @property
    def last(self) -> float:
        """Work at the newest knot."""
        return self._work[-1]

    @property
    def done(self) -> float:
        """Work between the two."""
        return self._work[-1] - self._work[0]

    @property
    def seconds(self) -> float:
        """Between the two."""
        return self._seconds[-1] - self._seconds[0]

    @property
    def newest_at(self) -> float:
        """Active seconds at the newest knot."""
        return self._seconds[-1]

    def knots_before(self, work: float) -> int:
        return bisect_left(self._work, work)

    def seconds_at(self, work: float) -> float:
        """Active seconds when so much was done; between two knots in proportion."""
        knot = bisect_left(self._work, work)
        if knot >= len(self._work):
            return self._seconds[-1]
        if knot == 0 or self._work[knot] == work:
            return self._seconds[knot]
        share = (work - self._work[knot - 1]) / (self._work[knot] - self._work[knot - 1])
        return self._seconds[knot - 1] + share * (self._seconds[knot] - self._seconds[knot - 1])

    def noise(self) -> float:
        """How unlike the items are: the squared coefficient of variation of what one takes.

        From the differences between neighbours (J. von Neumann, 1941), which a pace that drifts hardly changes.
        """
        unit, pace = self.done / max(1.0, self.items), self.seconds / self.done
        spans = range(1, len(self._work))
        paces = [(self._seconds[i] - self._seconds[i - 1]) / (self._work[i] - self._work[i - 1]) for i in spans]
        held = [(self._work[i] - self._work[i - 1]) / unit for i in spans]
        squares = sum(
            (paces[i] - paces[i - 1]) ** 2 / 2 * min(held[i], held[i - 1]) for i in range(1, len(paces))
        ) / max(1, len(paces) - 1)
        return min(squares / pace**2, MOST_NOISE) + LEAST_NOISE

    def change_before(self, work: float, unit: float, noise: float, least: float) -> tuple[float | None, float]:
        """Work at the clearest change of pace before `work`, and by how many deviations it stands out.

        None = by less than `least`.
        `unit`: work an item; `noise`: as above. Places are tried few items from either end, and farther and farther.
        """
        start, now = self._work[0], self.seconds_at(work)
        best, found = least * least, None
        items = (work - start) / unit
        back = LEAST_SIDE
        while back <= items - LEAST_SIDE:
            for place in (work - back * unit, start + back * unit):
                if (clearness := self._clearness(place, work, now, unit, noise)) > best:
                    best, found = clearness, place
            back *= STEP
        return found, sqrt(best)

    def _clearness(self, place: float, work: float, now: float, unit: float, noise: float) -> float:
        """The squared distance of the paces before and after, in their deviations."""
        start, then = self._work[0], self.seconds_at(place)
        before, after = then - self._seconds[0], now - then
        if before <= 0 or after <= 0:
            return 0.0
        apart = log(before / (place - start)) - log(after / (work - place))
        return apart * apart / (noise * unit * (1 / (place - start) + 1 / (work - place)))
