"""Several ways to foretell how long work will take, each from another part of its past. Pure."""

from math import exp, log
from typing import NamedTuple

from overnight.state.curve import Curve

PARTS = 128
"""Spans of a profile."""
SHARES = (1.0, 0.5, 0.25, 0.1, 0.04)
"""Of the work so far, the newest: each gives a mean pace."""
TREND = len(SHARES)
"""The place of the one that goes on with the trend."""
CHANGED = TREND + 1
"""The place of the one that forgets what was before a change of pace."""
DAMPED = 1.2
"""How much of the trend goes on."""
MOST_TREND = 3.0
"""It makes the newest pace so many times slower at most, or faster."""
CLEAR = 3.5
"""Deviations by which a change of pace stands out."""
BLENDED = 0.08
"""At this part of an earlier run its speed and this one's count the same."""
NEWEST = 0.3
"""Of the work: the part whose speed is compared with the earlier run's, too."""
TINY = 1e-6


class Profile(NamedTuple):
    """How an earlier run of the same agent went."""

    seconds: float
    """Active."""
    shares: tuple[float, ...]
    """The part of them that was over at each of evenly spaced parts of its work: from 0.0 to 1.0."""

    def over_at(self, part: float) -> float:
        """The part of its time that was over when so much of its work was done, both 0 to 1."""
        place = min(max(part, 0.0), 1.0) * (len(self.shares) - 1)
        index = min(int(place), len(self.shares) - 2)
        return self.shares[index] + (place - index) * (self.shares[index + 1] - self.shares[index])


def profile_of(curve: Curve) -> Profile | None:
    """What a run leaves for the next one; None = it did too little to tell."""
    if len(curve) < 3 or curve.seconds <= 0:
        return None
    start = curve.seconds_at(curve.first)
    places = (curve.first + curve.done * part / PARTS for part in range(PARTS + 1))
    return Profile(curve.seconds, tuple(round((curve.seconds_at(each) - start) / curve.seconds, 4) for each in places))


class Experts(NamedTuple):
    """What they all know."""

    curve: Curve
    whole: float
    """Work from the first knot to the end."""
    unit: float
    """Work an item, in the mean."""
    noise: float
    """Of one item's time: squared coefficient of variation."""
    earlier: Profile | None

    def foretell(self, done: float, left: float) -> tuple[list[float], float]:
        """Seconds for `left` more, by each of them, had only `done` of the work been seen.

        And how much clearer than needed a change of pace before is; 0.0 = there is none.
        """
        curve = self.curve
        now, seen = curve.seconds_at(done), done - curve.first
        said = [left * (now - curve.seconds_at(done - share * seen)) / (share * seen) for share in SHARES]
        said.append(left * self._trend(done, now, seen, left))
        change, clear = curve.change_before(done, self.unit, self.noise, CLEAR)
        since = curve.first if change is None else change
        said.append(left * (now - curve.seconds_at(since)) / (done - since))
        if self.earlier is not None:
            said += self._as_before(self.earlier, done, now, left)
        return [max(each, TINY) for each in said], 0.0 if change is None else clear / CLEAR

    def _trend(self, done: float, now: float, seen: float, left: float) -> float:
        """The mean pace of what is left where it goes on changing as from the first half to the second."""
        half = self.curve.seconds_at(done - seen / 2)
        first = (half - self.curve.seconds_at(self.curve.first)) / (seen / 2)
        second = (now - half) / (seen / 2)
        slope = (second - first) / (seen / 2)
        pace = second + DAMPED * slope * (seen / 4 + left / 2)
        return min(max(pace, second / MOST_TREND), second * MOST_TREND)

    def _as_before(self, earlier: Profile, done: float, now: float, left: float) -> tuple[float, float]:
        """As in the earlier run, at the speed of this one: of all of it, and of its newest part."""
        curve, seen = self.curve, done - self.curve.first
        over = earlier.over_at(seen / self.whole)
        ahead = earlier.over_at((seen + left) / self.whole) - over
        speed = _blend(now - curve.seconds_at(curve.first), over, earlier.seconds, BLENDED)
        newest = over - earlier.over_at((1 - NEWEST) * seen / self.whole)
        newest_speed = _blend(now - curve.seconds_at(done - NEWEST * seen), newest, speed, BLENDED / 2)
        return speed * ahead, newest_speed * ahead


def _blend(seconds: float, over: float, usual: float, half: float) -> float:
    """Seconds of the whole run, from a part of it that took `seconds`: the smaller that is, the more as `usual`."""
    trust = over / (over + half)
    return exp(trust * log(max(seconds, TINY) / max(over, TINY)) + (1 - trust) * log(max(usual, TINY)))
