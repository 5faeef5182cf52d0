"""Loads whose end is known: when each item was done, what nobody worked in, and what was said of the length.

Seconds are those of work: what a run was paused is told apart, as the clock on the wall has it too.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from itertools import accumulate
from math import sin, tau
from pathlib import Path
from random import Random
from typing import NamedTuple

TRACES = Path(__file__).parent / "traces"


class Story(NamedTuple):
    """One run from its beginning to its end."""

    done_at: tuple[float, ...]
    """Of each item, in rising order; those that an earlier attempt did are not among them."""
    resumed: int = 0
    """Items that an earlier attempt did, passed over at once."""
    pauses: tuple[tuple[float, float], ...] = ()
    """When each began, and how long the clock on the wall went on in it."""
    weights: tuple[float, ...] | None = None
    """Of each of the items, where the author gives one. Only ours asks for it."""
    totals: tuple[tuple[float, int], ...] = ()
    """From when on which length was known; () = from the beginning on, and right."""
    workers: int = 1
    before: tuple[float, ...] | None = None
    """When an earlier run of the same agent was done with each item; None = there was none."""

    @property
    def seconds(self) -> float:
        return self.done_at[-1]

    @property
    def total(self) -> int:
        return self.resumed + len(self.done_at)

    def total_at(self, active: float) -> int:
        return next((total for since, total in reversed(self.totals) if since <= active), self.total)

    def wall(self, active: float) -> float:
        return active + sum(length for began, length in self.pauses if began < active)

    def done_by(self, active: float) -> int:
        return bisect_right(self.done_at, active)


class Load(NamedTuple):
    """A kind of work."""

    name: str
    tell: Callable[[Random], Story]
    foreseeable: bool = True
    """Whether the past says anything of what slows it down or speeds it up."""


def _in_turn(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(accumulate(seconds))


def _side_by_side(seconds: Sequence[float], workers: int) -> tuple[float, ...]:
    free = [0.0] * workers
    heapify(free)
    ends = []
    for each in seconds:
        end = free[0] + each
        heapreplace(free, end)
        ends.append(end)
    return tuple(sorted(ends))


def _lognormal(rng: Random, count: int, width: float) -> list[float]:
    return [rng.lognormvariate(0.0, width) for _ in range(count)]


def constant(rng: Random) -> Story:
    return Story(_in_turn([1.0] * rng.randint(150, 600)))


def nearly_constant(rng: Random) -> Story:
    return Story(_in_turn(_lognormal(rng, rng.randint(150, 600), 0.2)))


def lognormal(rng: Random) -> Story:
    return Story(_in_turn(_lognormal(rng, rng.randint(150, 600), 0.8)))


def wide(rng: Random) -> Story:
    return Story(_in_turn(_lognormal(rng, rng.randint(150, 600), 1.5)))


def heavy_tail(rng: Random) -> Story:
    return Story(_in_turn([min(rng.paretovariate(1.5), 300.0) for _ in range(rng.randint(200, 600))]))


def slowing(rng: Random) -> Story:
    """Each item takes longer than the one before: three times as long in the end."""
    count = rng.randint(200, 600)
    return Story(_in_turn([(1 + 2 * i / count) * rng.lognormvariate(0, 0.5) for i in range(count)]))


def quickening(rng: Random) -> Story:
    count = rng.randint(200, 600)
    return Story(_in_turn([(3 - 2 * i / count) * rng.lognormvariate(0, 0.5) for i in range(count)]))


def slower_step(rng: Random) -> Story:
    return _step(rng, rng.uniform(3, 5))


def faster_step(rng: Random) -> Story:
    return _step(rng, 1 / rng.uniform(3, 5))


def _step(rng: Random, factor: float) -> Story:
    count = rng.randint(200, 600)
    at = rng.uniform(0.3, 0.7) * count
    return Story(_in_turn([(factor if i >= at else 1.0) * rng.lognormvariate(0, 0.4) for i in range(count)]))


def warm_up(rng: Random) -> Story:
    """The first items take some times as long: caches, models, connections."""
    count, slow = rng.randint(200, 600), rng.uniform(3, 6)
    return Story(_in_turn([(slow if i < 0.015 * count else 1.0) * rng.lognormvariate(0, 0.4) for i in range(count)]))


def bursts(rng: Random) -> Story:
    """They are done in batches, all at once."""
    batch = rng.randint(10, 30)
    times = _in_turn(_lognormal(rng, 30, 0.3))
    return Story(tuple(batch * time for time in times for _ in range(batch)))


def quota(rng: Random) -> Story:
    """So many a minute: they are used up quickly, and then it waits for the next minute, which nobody announced."""
    allowed, quick = rng.randint(20, 60), rng.uniform(0.1, 0.4)
    ends, now = [], 0.0
    for number in range(allowed * rng.randint(10, 20)):
        if number and number % allowed == 0:
            now = 60.0 * (now // 60 + 1)
        now += quick * rng.lognormvariate(0, 0.3)
        ends.append(now)
    return Story(tuple(ends))


def announced_waits(rng: Random) -> Story:
    """It waits for others now and then, and says so: that is no time of work."""
    count = rng.randint(200, 500)
    ends = _in_turn(_lognormal(rng, count, 0.4))
    begins = sorted(rng.sample(range(5, count - 5), 6))
    return Story(ends, pauses=tuple((ends[i], rng.uniform(20, 200)) for i in begins))


def paused(rng: Random) -> Story:
    count = rng.randint(200, 500)
    ends = _in_turn(_lognormal(rng, count, 0.5))
    begins = sorted(rng.sample(range(5, count - 5), 3))
    return Story(ends, pauses=tuple((ends[i], rng.uniform(0.1, 0.7) * ends[-1]) for i in begins))


def resumed(rng: Random) -> Story:
    ends = _in_turn(_lognormal(rng, rng.randint(120, 400), 0.5))
    return Story(ends, resumed=int(len(ends) * rng.uniform(0.5, 4)))


def _phases(rng: Random) -> list[tuple[int, float]]:
    return [(rng.randint(100, 300), rng.choice([0.2, 1.0, 4.0])) for _ in range(3)]


def phases(rng: Random) -> Story:
    """Three stages of different pace, never seen before."""
    seconds = [pace * rng.lognormvariate(0, 0.4) for count, pace in _phases(rng) for _ in range(count)]
    return Story(_in_turn(seconds))


def phases_again(rng: Random) -> Story:
    """The same, and there was an earlier run: on another machine, of the same shape."""
    parts, faster = _phases(rng), rng.lognormvariate(0, 0.3)
    first, second = (
        _in_turn([pace * rng.lognormvariate(0, 0.4) for count, pace in parts for _ in range(count)]) for _ in range(2)
    )
    return Story(second, before=tuple(faster * each for each in first))


def workers(rng: Random) -> Story:
    return Story(_side_by_side(_lognormal(rng, rng.randint(200, 600), 0.8), 8), workers=8)


def workers_heavy(rng: Random) -> Story:
    return Story(_side_by_side([min(rng.paretovariate(1.6), 60.0) for _ in range(rng.randint(200, 600))], 4), workers=4)


def few(rng: Random) -> Story:
    return Story(_in_turn(_lognormal(rng, rng.randint(6, 14), 0.5)))


def few_in_parallel(rng: Random) -> Story:
    return Story(_side_by_side(_lognormal(rng, rng.randint(24, 40), 0.5), 4), workers=4)


def by_size(rng: Random) -> Story:
    """The author says what each weighs; small ones come first."""
    weights = sorted(rng.lognormvariate(0, 1.2) for _ in range(rng.randint(200, 500)))
    return Story(_in_turn([each * rng.lognormvariate(0, 0.3) for each in weights]), weights=tuple(weights))


def mixed_sizes(rng: Random) -> Story:
    weights = [rng.lognormvariate(0, 1.5) for _ in range(rng.randint(200, 500))]
    return Story(_in_turn([each * rng.lognormvariate(0, 0.3) for each in weights]), weights=tuple(weights))


def found_on_the_way(rng: Random) -> Story:
    """The length grows while it works, until a quarter of the time is over."""
    ends = _in_turn(_lognormal(rng, rng.randint(200, 500), 0.5))
    steps = 10
    growing = [(0.25 * ends[-1] * i / steps, int(len(ends) * (0.7 + 0.3 * i / steps))) for i in range(steps)]
    return Story(ends, totals=(*growing, (0.25 * ends[-1], len(ends))))


def waves(rng: Random) -> Story:
    """Others use the machine, too, and more at some hours."""
    count, length, start = rng.randint(300, 600), rng.uniform(0.1, 0.3), rng.random()
    return Story(
        _in_turn(
            [(1 + 0.7 * sin(tau * (start + i / (length * count)))) * rng.lognormvariate(0, 0.4) for i in range(count)]
        )
    )


def wandering(rng: Random) -> Story:
    """The pace of an item is near that of the one before."""
    log_pace, seconds = 0.0, []
    for _ in range(rng.randint(200, 600)):
        log_pace = 0.98 * log_pace + rng.gauss(0, 0.12)
        seconds.append(2.718281828**log_pace * rng.lognormvariate(0, 0.3))
    return Story(_in_turn(seconds))


def outage(rng: Random) -> Story:
    """Once nothing goes on for a third of the time, and nobody says why."""
    count = rng.randint(200, 500)
    seconds = _lognormal(rng, count, 0.5)
    seconds[int(count * rng.uniform(0.2, 0.8))] += sum(seconds) / 3
    return Story(_in_turn(seconds))


def trace_of(name: str, *, weighed: bool = False, again: bool = False, foreseeable: bool = True) -> Load:
    """What real work took, from an item on that is drawn to the last; `again`: the second time."""
    recorded = json.loads((TRACES / f"{name}.json").read_text())
    milliseconds = recorded["again" if again else "milliseconds"]
    # A second an item in the mean: nobody waits for a forecast of milliseconds.
    usual = sum(milliseconds) / len(milliseconds)

    def tell(rng: Random) -> Story:
        start = rng.randrange(len(milliseconds) // 3)
        weights = tuple(float(each) for each in recorded["weights"][start:]) if weighed else None
        before = _in_turn([each / usual for each in recorded["milliseconds"][start:]]) if again else None
        return Story(
            _in_turn([max(each, 1e-3) / usual for each in milliseconds[start:]]), weights=weights, before=before
        )

    how = (", by size" if weighed else "") + (", seen before" if again else "")
    return Load(f"{name}, recorded{how}", tell, foreseeable)


LOADS = (
    Load("constant", constant),
    Load("nearly constant", nearly_constant),
    Load("lognormal", lognormal),
    Load("lognormal, wide", wide),
    Load("heavy tail", heavy_tail),
    Load("slowing", slowing),
    Load("quickening", quickening),
    Load("a step, slower", slower_step, foreseeable=False),
    Load("a step, faster", faster_step, foreseeable=False),
    Load("warm-up", warm_up),
    Load("bursts", bursts),
    Load("quota", quota),
    Load("announced waits", announced_waits),
    Load("paused", paused),
    Load("resumed", resumed),
    Load("phases", phases, foreseeable=False),
    Load("phases, seen before", phases_again),
    Load("8 workers", workers),
    Load("4 workers, heavy tail", workers_heavy),
    Load("few items", few),
    Load("few items, 4 workers", few_in_parallel),
    Load("by size, small first", by_size),
    Load("by size, mixed", mixed_sizes),
    Load("found on the way", found_on_the_way),
    Load("waves", waves),
    Load("wandering", wandering),
    Load("an outage", outage, foreseeable=False),
    trace_of("compile", foreseeable=False),
    trace_of("compile", weighed=True),
    trace_of("compile", again=True),
    trace_of("compress", weighed=True),
    trace_of("compress", weighed=True, again=True),
    trace_of("diffs"),
    trace_of("tests", foreseeable=False),
)
