"""What an attempt says of itself: filled by the loop item by item, turned into progress.json by the beating thread."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import sqrt
from typing import NamedTuple

from overnight.agents.clock import ActiveClock
from overnight.agents.earlier import Earlier, Measure
from overnight.agents.phases import Done, Phases
from overnight.state.eta import Estimator
from overnight.state.records import AgentStatus, Count, Estimate, InHand, ItemSeconds, Pace, Progress, Waiting
from overnight.state.timeline import Timeline
from overnight.state.waits import with_wait

NEWEST_ERRORS = 20
RECENT_ITEMS = 256
MOST_IN_HAND = 8
"""Items in hand that are told of, the oldest."""
HALVES_AFTER = 3000
"""Items after which the longest one counts half: one in thousands may take hundreds of times as long as others."""
RECURRING = 1.28
"""Standard deviations by which more or fewer waits may come than came before."""


class Expected(NamedTuple):
    """An item that is to take long."""

    since: float
    """Active seconds."""
    seconds: float


class Begun(NamedTuple):
    """An item in hand."""

    key: str
    at: float
    """On the monotonic clock without the pauses."""
    thread: int | None = None
    """As of `InHand`."""


class Report:
    """Plain attributes: the hot loop only adds to them."""

    def __init__(self, attempt: int, clock: ActiveClock) -> None:
        self.attempt = attempt
        self.clock = clock
        self.status = AgentStatus.RUNNING
        self.total: int | None = None
        """Of all loops so far; None = the length of one is unknown."""
        self.processed = 0
        self.resumed = 0
        self.failed = 0
        self.begun = 0.0
        """When the item was begun, on the monotonic clock without the pauses; set before `current`."""
        self.current: str | None = None
        """The item that was taken in hand last."""
        self.holds_current: Callable[[], bool] = lambda: True
        """Whether it is still in hand: a source may wait for long for the next one."""
        self.side_by_side: Callable[[], list[Begun]] | None = None
        """Says what is in hand where that is more than one item, the oldest first, and not all; else `current` is."""
        self.unit: str | None = None
        self.message: str | None = None
        """What was said last."""
        self.notices: dict[object, str] = {}
        """What holds it up, each until it is over: the newest is shown in the place of the message."""
        self.waiting: Waiting | None = None
        self.expected: Expected | None = None
        self.errors: deque[str] = deque(maxlen=NEWEST_ERRORS)
        self.counters: Mapping[str, Count] = {}
        self.workers = 1
        """Items that are worked at side by side."""
        self.in_hand: float | None = None
        """What the item that is worked at weighs, where it is the only one; None = items are counted."""
        self.weight_done = 0.0
        """Of this loop's finished items, resumed ones included."""
        self.steps = 0
        """So many were called, and their results remembered."""
        self.seconds: deque[float] = deque(maxlen=RECENT_ITEMS)
        """How long each of the recent items took."""
        self._longest: tuple[float, int, str] = (0.0, 0, "")
        """How long the longest item took, faded; the items finished then, and their phase."""
        self.last_commit = clock.monotonic()
        self.acknowledged = 0
        self.phases = Phases(clock.active)
        self._earlier: Earlier | None = None
        self._estimator: Estimator | None = None
        """From when it is known what work is counted in; one for each thing that it has been counted in."""
        self._measured: Measure | None = None
        self._timeline = Timeline()
        clock.on_excluded, clock.finished_at = self.excuse, lambda: self.last_commit

    def expect_as_before(self, earlier: Earlier | None) -> None:
        """How the last run of this name in this folder went; before anything is done."""
        self._earlier = earlier
        if earlier is not None:
            self.phases.expect(earlier.phases)

    def for_the_next(self) -> Earlier | None:
        """How this one went; None = that would not tell: others did a part of it, or it is short."""
        if self._estimator is None or self._measured is None or not self.processed or self.resumed:
            return None
        profile = self._estimator.profile()
        return None if profile is None else Earlier(profile, self._measured, self.phases.shares())

    def recall(self, before: Progress) -> None:
        """What the attempt before said last, while nothing is known of it from the checkpoint."""
        self.processed = self.resumed = int(before.processed_items or 0)
        self.total = None if before.total_items is None else int(before.total_items)
        self.failed, self.unit, self.counters = int(before.failed_items), before.unit, before.counters

    def weigh(self, passed: float, total: float | None) -> None:
        """The next loop is of `total` weight, of which `passed` was done before; None = its items are counted."""
        self.phases.weighed(self.weight_done)
        self.phases.weigh(passed, total)
        self.weight_done = passed

    def pass_over(self, weight: float) -> None:
        """So much more of the newest loop was done before, as it turns out."""
        self.weight_done += weight
        self.phases.pass_over(weight)

    def excuse(self, seconds: float) -> None:
        """So many seconds until now were no silence: nothing could be done in them, or a wait was announced."""
        self.last_commit = min(self.clock.monotonic(), self.last_commit + seconds)

    @contextmanager
    def noting(self, text: str) -> Iterator[None]:
        """Inside, this is what holds it up."""
        token = object()
        self.notices[token] = text
        try:
            yield
        finally:
            del self.notices[token]

    def said(self) -> str | None:
        """The newest notice, else the message."""
        return next(reversed(list(self.notices.values())), self.message)

    def _in_hand(self) -> list[Begun]:
        """The oldest first."""
        if self.side_by_side is not None:
            return self.side_by_side()
        # In this order: whoever sees the new item sees its time.
        key = self.current
        return [] if key is None or not self.holds_current() else [Begun(key, self.begun)]

    def counted(self) -> tuple[object, ...]:
        """Differs whenever progress.json should be written again."""
        return (
            self.status,
            self.total,
            self.processed,
            self.failed,
            self.steps,
            self.current,
            self._in_hand(),
            self.phases.current(),
            self.said(),
            self.acknowledged,
        )

    def progress(self, now: float) -> Progress:
        """As it stands. `now`: seconds since the epoch."""
        active = self.clock.active()
        self._timeline.note(active, now)
        self.phases.weighed(self.weight_done)
        done = self.phases.done()
        estimate = self._estimate(done, active)
        in_hand = self._in_hand()
        return Progress(
            status=self.status,
            total_items=self.total,
            processed_items=self.processed,
            resumed_items=self.resumed,
            failed_items=self.failed,
            current_item=in_hand[0].key if in_hand else self.current,
            in_hand=tuple(self._told(each, now) for each in in_hand),
            unit=self.unit,
            phase=self.phases.current(),
            phases=self.phases.listed(),
            message=self.said(),
            errors=tuple(self.errors),
            estimate=estimate,
            pace=None if estimate is None else self._pace(),
            estimated_completion=self._completion(estimate, now),
            percent_complete=self._percent(done),
            active_seconds=round(active, 3),
            counters=dict(self.counters),
            item_seconds=self._item_seconds(),
            acknowledged=self.acknowledged,
            attempt=self.attempt,
            updated_at=now,
        )

    def _told(self, begun: Begun, now: float) -> InHand:
        worked = self.clock.monotonic() - self.clock.excluded - begun.at
        return InHand(begun.key, round(now - max(0.0, worked), 3), begun.thread)

    def _estimate(self, done: Done | None, active: float) -> Estimate | None:
        measure = self._measure(done)
        in_hand = self.in_hand if measure is Measure.WEIGHT else None
        if done is None:
            total = None if self.total is None else float(self.total)
            done = Done(float(self.processed), float(self.resumed), total)
        if done.total is None:
            return None
        # What earlier attempts did is no work of this one.
        work, items = done.done - done.resumed, self.processed - self.resumed
        if self._estimator is None:
            self._estimator = self._begun(measure)
        elif measure is not self._measured:
            self._estimator = self._begun(measure)
            self._estimator.begin(work, active, items)
        self._estimator.record(work, active, items)
        left = max(0.0, done.total - done.done)
        estimate = self._estimator.forecast(left, self._without_expected(active), self.workers, in_hand)
        return None if estimate is None else self._with_recurring_waits(estimate, left / work if work > 0 else 0.0)

    def _without_expected(self, active: float) -> float:
        """That an item is as long as was announced is no news."""
        if self.expected is None or self.workers > 1:
            return active
        return active - max(0.0, min(self.expected.seconds, active - self.expected.since))

    def _with_recurring_waits(self, estimate: Estimate, ratio: float) -> Estimate:
        """With those that are still to come. `ratio`: what is left to what was done.

        What has happened once need not happen again: the longest wait does not count.
        """
        waits = self.clock.waits
        number, ahead = waits.number - 1, (waits.seconds - waits.longest) * ratio
        if number < 1:
            return estimate
        spread = min(1.0, RECURRING / sqrt(number))
        low, likely, high = estimate
        return Estimate(low + ahead * (1 - spread), likely + ahead, high + ahead * (1 + spread))

    def _completion(self, estimate: Estimate | None, now: float) -> float | None:
        """A time of day: with the wait that is under way, which the estimate leaves to whoever reads it."""
        if estimate is None or self.status is not AgentStatus.RUNNING:
            return None
        waiting = self.waiting
        if waiting is None or waiting.until is None or waiting.until <= now:
            return now + estimate.likely
        return now + with_wait(estimate, waiting.until - now, beside=self.workers > 1).likely

    def _begun(self, measure: Measure) -> Estimator:
        self._measured, earlier = measure, self._earlier
        return Estimator(earlier.profile if earlier is not None and earlier.measure is measure else None)

    def _measure(self, done: Done | None) -> Measure:
        if done is None:
            return Measure.ITEMS
        return Measure.SHARES if self.phases.have_shares else Measure.WEIGHT

    def _pace(self) -> Pace | None:
        """What is worth telling of it."""
        change = self._estimator.change() if self._estimator is not None else None
        if change is None:
            return Pace(workers=self.workers) if self.workers > 1 else None
        return Pace(self._timeline.at(change.active_seconds), round(change.factor, 3), self.workers)

    def _percent(self, done: Done | None) -> float | None:
        """By phases, else by weight; None = the items are counted."""
        if done is None:
            return None
        # Shares need not add up: whatever is missing is not left.
        return 100.0 if self.status is AgentStatus.COMPLETED else round(100.0 * done.fraction, 2)

    def _item_seconds(self) -> ItemSeconds | None:
        recent = sorted(self.seconds.copy())
        if not recent:
            return None
        return ItemSeconds(round(self._faded_longest(recent[-1]), 6), round(recent[int(0.95 * (len(recent) - 1))], 6))

    def _faded_longest(self, recent: float) -> float:
        """`recent`: of the recent items. Another phase has other items."""
        before, done, phase = self._longest
        here = self.phases.around_items()
        faded = before * 0.5 ** (max(0, self.processed - done) / HALVES_AFTER) if here == phase else 0.0
        self._longest = (max(recent, faded), self.processed, here)
        return self._longest[0]
