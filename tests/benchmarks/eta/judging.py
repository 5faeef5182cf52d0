"""How far what was said is from what came. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import NamedTuple

from tests.benchmarks.eta.forecasters import Said
from tests.benchmarks.eta.loads import Story

QUESTIONS = 60
FIRST, LAST = 0.02, 0.98
"""Of the life of a run, between which it is asked."""


def moments_of(story: Story) -> list[float]:
    """Evenly over its life."""
    return [story.seconds * (FIRST + (LAST - FIRST) * i / (QUESTIONS - 1)) for i in range(QUESTIONS)]


class Judgement(NamedTuple):
    """Of one forecaster and one story, over the moments at which every forecaster had said something."""

    off: tuple[float, ...]
    """|said - true| over the length of the run, each."""
    log_off: tuple[float, ...]
    """|ln(said / true)|, each."""
    jitter: float
    """By how much the foretold end moves between two moments, over the length of the run: the mean."""
    held: tuple[bool, ...]
    """Whether the truth was in the range; () = it gives none."""


def judge(story: Story, moments: Sequence[float], said: Sequence[Said | None], counts: Sequence[bool]) -> Judgement:
    off, log_off, held, ends = list[float](), list[float](), list[bool](), list[float]()
    for moment, each, counted in zip(moments, said, counts, strict=True):
        if each is None or not counted:
            continue
        left = story.seconds - moment
        off.append(abs(each.likely - left) / story.seconds)
        # Who says that nothing is left is not infinitely wrong: a thousandth of the run is as good as nothing.
        least = story.seconds / 1000
        log_off.append(abs(log(max(each.likely, least) / max(left, least))))
        ends.append(moment + each.likely)
        if each.low is not None and each.high is not None:
            held.append(each.low <= left <= each.high)
    moves = [abs(after - before) for before, after in pairwise(ends)]
    return Judgement(tuple(off), tuple(log_off), sum(moves) / len(moves) / story.seconds if moves else 0.0, tuple(held))
