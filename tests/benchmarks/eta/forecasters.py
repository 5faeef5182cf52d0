"""Ours and others', asked at moments of a story on a clock of its own: the real code of each."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from overnight.state.eta import Estimator
from overnight.state.experts import Profile
from tests.benchmarks.eta.loads import Story


class Said(NamedTuple):
    """Seconds that are left."""

    likely: float
    low: float | None = None
    high: float | None = None


Forecaster = Callable[[Story, Sequence[float]], list[Said | None]]
"""What is said at each of the moments, which are in rising order; None = nothing yet."""


def ours(story: Story, moments: Sequence[float]) -> list[Said | None]:
    """As an agent of the SDK records it: each item, and a forecast a second or so."""
    estimator, said = Estimator(_profile(story)), list[Said | None]()
    weights = story.weights
    passed, done = 0, 0.0
    for moment in moments:
        upto = story.done_by(moment)
        for number in range(passed, upto):
            done += 1.0 if weights is None else weights[number]
            estimator.record(done, story.done_at[number], number + 1)
        passed = upto
        whole = float(story.total_at(moment) - story.resumed) if weights is None else sum(weights)
        estimate = estimator.forecast(max(0.0, whole - done), moment, story.workers)
        said.append(None if estimate is None else Said(estimate.likely, estimate.low, estimate.high))
    return said


def _profile(story: Story) -> Profile | None:
    """What the earlier run has left, if there was one."""
    if story.before is None:
        return None
    earlier, done = Estimator(), 0.0
    for number, time in enumerate(story.before):
        done += 1.0 if story.weights is None else story.weights[number]
        earlier.record(done, time, number + 1)
    return earlier.profile()


def tqdm(story: Story, moments: Sequence[float]) -> list[Said | None]:
    """A bar over all items, as one wraps it around a loop that passes over what is done."""
    from tqdm import tqdm as Bar

    clock = _Clock()
    bar = Bar(total=story.total_at(0.0), file=io.StringIO(), mininterval=0.1, miniters=1, ascii=True)
    bar._time = clock
    bar.start_t = bar.last_print_t = 0.0
    said = list[Said | None]()
    bar.update(story.resumed)
    passed = 0
    for moment in moments:
        upto = story.done_by(moment)
        for number in range(passed, upto):
            clock.now = story.wall(story.done_at[number])
            bar.update(1)
        passed, clock.now = upto, story.wall(moment)
        bar.total = story.total_at(moment)
        shown = bar.format_dict
        rate = shown["rate"] or (shown["n"] / shown["elapsed"] if shown["elapsed"] else None)
        said.append(Said(max(0.0, (bar.total - bar.n) / rate)) if rate else None)
    bar.close()
    return said


def rich(story: Story, moments: Sequence[float]) -> list[Said | None]:
    """Its own forecast from the last 30 seconds."""
    from rich.console import Console
    from rich.progress import Progress

    clock = _Clock()
    progress = Progress(console=Console(file=io.StringIO()), get_time=clock, auto_refresh=False, disable=True)
    bar = progress.add_task("", total=story.total_at(0.0))
    task = progress.tasks[0]
    progress.advance(bar, story.resumed)
    said = list[Said | None]()
    passed = 0
    for moment in moments:
        upto = story.done_by(moment)
        for number in range(passed, upto):
            clock.now = story.wall(story.done_at[number])
            progress.advance(bar)
        passed, clock.now = upto, story.wall(moment)
        progress.update(bar, total=story.total_at(moment))
        left = task.time_remaining
        said.append(None if left is None else Said(float(left)))
    return said


FORECASTERS: Mapping[str, Forecaster] = {"overnight": ours, "tqdm": tqdm, "rich": rich}


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
