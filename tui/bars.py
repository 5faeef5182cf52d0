"""Bars and sparklines: how far something is, and how fast it was. Pure, and cheap to import."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from overnight.state.records import Count
from overnight.tui.glyphs import UNICODE, Glyphs


class Sample(NamedTuple):
    """How far a run was at a moment."""

    at: float
    processed: Count
    total: Count | None = None


def bar(fraction: float, width: int, glyphs: Glyphs = UNICODE) -> tuple[str, str]:
    """The filled part and the rest; together `width` cells. Full only when nothing is left."""
    fraction = min(1.0, max(0.0, fraction))
    steps = len(glyphs.partials) + 1
    filled = int(fraction * width * steps)
    whole, part = divmod(filled, steps)
    text = glyphs.full * whole + (glyphs.partials[part - 1] if part else "")
    return text, glyphs.empty * (width - len(text))


def sparkline(values: Sequence[float], glyphs: Glyphs = UNICODE) -> str:
    """One sign a value, from nothing to the greatest of them."""
    most = max(values, default=0.0)
    top = len(glyphs.levels) - 1
    return "".join(glyphs.levels[round(top * max(0.0, value) / most) if most > 0 else 0] for value in values)


def rates_of(samples: Sequence[Sample], bins: int) -> list[float]:
    """Items a second in each of at most `bins` equal spans between the first and the last sample."""
    if len(samples) < 2 or bins < 1:
        return []
    first, last = samples[0].at, samples[-1].at
    if last <= first:
        return []
    bins = min(bins, len(samples) - 1)
    edges = [_done_by(samples, first + (last - first) * edge / bins) for edge in range(bins + 1)]
    return [max(0.0, (b - a) * bins / (last - first)) for a, b in pairwise(edges)]


def _done_by(samples: Sequence[Sample], moment: float) -> float:
    """How far it was at `moment`, between two samples in proportion."""
    before = samples[0]
    for sample in samples:
        if sample.at >= moment:
            span = sample.at - before.at
            share = (moment - before.at) / span if span > 0 else 1.0
            return before.processed + (sample.processed - before.processed) * share
        before = sample
    return float(samples[-1].processed)
