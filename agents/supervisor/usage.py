"""What a run has used of what its spec allows it: time at work, over all attempts, and memory. Looks, never acts.

Time is counted while an attempt works: not while it is paused or frozen, and not between two attempts. Memory is looked
at every few seconds, and a little sooner when an attempt has begun: it may be past its limit for that long.
"""

from overnight.agents.supervisor import book
from overnight.agents.supervisor.outcome import Limit
from overnight.state.records import Attempt, Event, Spec
from overnight.state.rundir import RunDir

SOONEST, LATEST = 0.25, 5.0
"""Seconds between two looks at the memory; they grow."""
LIMITED = "limited"
"""The event that says that an attempt is stopped because of a limit."""


class Usage:
    """Of one run. `look` after every wake-up; then `limit` says whether one was passed."""

    def __init__(self, run: RunDir, spec: Spec) -> None:
        self._run, self._spec = run, spec
        self.worked = 0.0
        self._working_since: float | None = None
        """When it was last seen at work; None = it was not."""
        self._look_at_memory = 0.0
        self.forget_attempt()

    def forget_attempt(self) -> None:
        self.limit: Limit | None = None
        """The one that the attempt has passed."""
        self.due: float | None = None
        """When something is to be looked at before the next ordinary wake-up; monotonic. None = nothing is."""
        self._working_since = None
        self._pause, self._look_at_memory = SOONEST, 0.0

    def recall(self, attempt: int) -> None:
        """Take up what the records say, of an earlier supervisor's time and of this attempt."""
        if self._spec.time_limit is None and self._spec.memory_limit is None:
            return
        from overnight.agents.supervisor.worked import worked_seconds
        from overnight.state.chronicle import supervisors_events

        events = supervisors_events(self._run)
        self.worked = worked_seconds(self._run, events, book.allowed_from(self._run))
        self.limit = next((limit_of(each) for each in events if is_limit(each, attempt)), None)

    def look(self, attempt: Attempt | None, now: float, *, works: bool) -> None:
        """`attempt`: the one that runs, if any; `works`: it is neither paused nor frozen. `now`: monotonic."""
        if self._working_since is not None:
            self.worked += now - self._working_since
        self._working_since = now if works and attempt is not None else None
        if attempt is not None and self.limit is None:
            self.limit = self._time_passed() or self._memory_passed(attempt, now)
        self.due = self._due(now) if attempt is not None and self.limit is None else None

    def _due(self, now: float) -> float | None:
        dues = [self._look_at_memory] if self._spec.memory_limit is not None and self._pause < LATEST else []
        if self._spec.time_limit is not None and self._working_since is not None:
            dues.append(now + self._spec.time_limit - self.worked)
        return min(dues, default=None)

    def _time_passed(self) -> Limit | None:
        most = self._spec.time_limit
        if most is None or self.worked < most:
            return None
        from overnight.state.amounts import span_words

        return Limit(f"ran longer than its limit of {span_words(most)}")

    def _memory_passed(self, attempt: Attempt, now: float) -> Limit | None:
        most = self._spec.memory_limit
        if most is None or now < self._look_at_memory:
            return None
        self._look_at_memory, self._pause = now + self._pause, min(2 * self._pause, LATEST)
        from overnight.agents.supervisor.family import memory_of  # most runs have no such limit

        held = memory_of(attempt, most)
        if held <= most:
            return None
        from overnight.state.amounts import size_words

        reason = f"held {size_words(held)} of memory, more than its limit of {size_words(most)}"
        return Limit(reason, again=self._spec.on_memory == "restart", of="memory")


def is_limit(event: Event, attempt: int) -> bool:
    return event.event == LIMITED and event.attempt == attempt


def limit_of(event: Event) -> Limit:
    """As an earlier supervisor put it on record."""
    again, of = event.detail.get("restart") is True, str(event.detail.get("limit", "time"))
    return Limit(str(event.detail.get("reason")), again=again, of=of)
