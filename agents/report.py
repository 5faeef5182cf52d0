"""What an attempt says of itself: filled by the loop item by item, turned into progress.json by the beating thread."""

from collections import deque
from collections.abc import Mapping

from overnight.agents.clock import ActiveClock
from overnight.agents.phases import Phases
from overnight.state.eta import Estimator
from overnight.state.records import AgentStatus, Count, Estimate, ItemSeconds, Progress, Waiting

NEWEST_ERRORS = 20
RECENT_ITEMS = 256


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
        self.current: str | None = None
        self.unit: str | None = None
        self.message: str | None = None
        self.waiting: Waiting | None = None
        self.errors: deque[str] = deque(maxlen=NEWEST_ERRORS)
        self.counters: Mapping[str, Count] = {}
        self.weight_done = 0.0
        """Of this loop's finished items, resumed ones included. Counted where `weight_total` is known."""
        self.weight_resumed = 0.0
        self.weight_total: float | None = None
        self.seconds: deque[float] = deque(maxlen=RECENT_ITEMS)
        """How long each of the recent items took."""
        self.last_commit = clock.monotonic()
        self.acknowledged = 0
        self.phases = Phases()
        self._estimator = Estimator()

    def weigh(self, passed: float, total: float | None) -> None:
        """One more loop, of `total` weight, of which `passed` was done before; None = its items are counted."""
        if total is None:
            self.weight_total = None
            return
        self.weight_done += passed
        self.weight_resumed += passed
        self.weight_total = (self.weight_total or 0.0) + total

    def counted(self) -> tuple[object, ...]:
        """Differs whenever progress.json should be written again."""
        phase = self.phases.current()
        return (
            self.status,
            self.total,
            self.processed,
            self.failed,
            self.current,
            phase,
            self.message,
            self.acknowledged,
        )

    def progress(self, now: float) -> Progress:
        """As it stands. `now`: seconds since the epoch."""
        active = self.clock.active()
        estimate = self._estimate(active)
        runs_on = estimate is not None and self.status is AgentStatus.RUNNING
        return Progress(
            status=self.status,
            total_items=self.total,
            processed_items=self.processed,
            resumed_items=self.resumed,
            failed_items=self.failed,
            current_item=self.current,
            unit=self.unit,
            phase=self.phases.current(),
            phases=self.phases.listed(),
            message=self.message,
            errors=tuple(self.errors),
            estimate=estimate,
            estimated_completion=now + estimate.likely if estimate and runs_on else None,
            percent_complete=self._percent(),
            active_seconds=round(active, 3),
            counters=dict(self.counters),
            item_seconds=self._item_seconds(),
            acknowledged=self.acknowledged,
            attempt=self.attempt,
            updated_at=now,
        )

    def _estimate(self, active: float) -> Estimate | None:
        fraction, resumed = self.phases.fraction(), self.phases.fraction(resumed=True)
        if fraction is not None:
            done, left = fraction - (resumed or 0.0), 1.0 - fraction
        elif self.weight_total is not None:
            done, left = self.weight_done - self.weight_resumed, self.weight_total - self.weight_done
        elif self.total is not None:
            done, left = float(self.processed - self.resumed), float(self.total - self.processed)
        else:
            return None
        self._estimator.record(done, active)
        return self._estimator.forecast(max(0.0, left), active)

    def _percent(self) -> float | None:
        """By phases, else by weight; None = the items are counted."""
        fraction = self.phases.fraction()
        if fraction is None and self.weight_total is not None:
            fraction = self.weight_done / self.weight_total if self.weight_total else 1.0
        return None if fraction is None else round(min(100.0, 100.0 * fraction), 2)

    def _item_seconds(self) -> ItemSeconds | None:
        recent = sorted(self.seconds.copy())
        if not recent:
            return None
        return ItemSeconds(round(recent[-1], 6), round(recent[int(0.95 * (len(recent) - 1))], 6))
