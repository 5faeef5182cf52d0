"""When all that works or waits will be over, under the slots of groups and what comes after what. Pure.

The queue is played through to its end: whoever works ends when that is expected, whoever waits takes as long as is
usual, and every run completes. What nobody can foretell (a run of unknown length, a pause) holds its slot for ever.
"""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from overnight.state.queue import FREE, Queue, Waiter, dependency, in_line
from overnight.state.records import Outcome, Records
from overnight.state.status import HELD, Status
from overnight.state.summary import estimate_of, worked_of

UNFORESEEN = HELD | {Status.STALLED, Status.STALE, Status.UNKNOWN}
"""Nobody knows when these go on, whatever they foretold when they did."""


class Outlook(NamedTuple):
    """What is to be expected of a queue."""

    left: float | None
    """Seconds until the last of all ends and beginnings that can be foretold; None = there is none."""
    open: int
    """Runs whose end nobody can foretell."""
    starts: Mapping[str, float] = {}
    """Seconds until each that waits begins, by id; one that is missing may never."""


def outlook_of(queue: Queue, left: Mapping[str, float], usual: Mapping[str, float]) -> Outlook:
    """`left`: seconds that runs which hold a slot still take. `usual`: seconds that those which wait will take.

    One that is in neither takes nobody knows how long.
    """
    played = _Play(queue, usual)
    for group, ids in queue.busy.items():
        for run_id in ids:
            played.work(run_id, group, 0.0, left.get(run_id))
    played.line_up()
    played.to_the_end()
    working = sum(map(len, queue.busy.values()))
    return Outlook(played.last, working + len(queue.waiters) - played.over, played.starts)


def left_of(every: Mapping[str, Records], statuses: Mapping[str, Status], now: float) -> dict[str, float]:
    """Seconds that each still takes by its own forecast."""
    foreseen = (run_id for run_id in every if statuses[run_id] not in UNFORESEEN)
    estimates = {run_id: estimate_of(every[run_id], now) for run_id in foreseen}
    return {run_id: estimate.likely for run_id, estimate in estimates.items() if estimate is not None}


def usual_of(
    waiting: Iterable[str], every: Mapping[str, Records], left: Mapping[str, float], newest_first: Iterable[Records]
) -> dict[str, float]:
    """Seconds that each that waits will take: what it has left, else what the newest of its name took."""
    took = usual_by_name(newest_first)
    usual = {run_id: left.get(run_id, took.get(name_of(every[run_id]))) for run_id in waiting}
    return {run_id: seconds for run_id, seconds in usual.items() if seconds is not None}


def usual_by_name(newest_first: Iterable[Records]) -> Mapping[str, float]:
    """Seconds that the newest that completed of each name has worked: how long it was held says nothing of others."""
    took: dict[str, float] = {}
    for records in newest_first:
        ended = records.exit
        worked = None if ended is None or ended.outcome is not Outcome.COMPLETED else worked_of(ended)
        if worked is not None:
            took.setdefault(name_of(records), max(0.0, worked))
    return took


def name_of(records: Records) -> str:
    return records.spec.name if records.spec is not None else records.id


class _Play:
    """A queue on its way to its end."""

    def __init__(self, queue: Queue, usual: Mapping[str, float]) -> None:
        self._queue, self._usual = queue, usual
        self._events: list[tuple[float, str, str]] = []
        """Ends and beginnings of waits for a time, the next first: when, of which run, in which group."""
        self._used: dict[str, int] = {}
        self._line: dict[str, list[tuple[tuple[int, float, str], str]]] = {}
        """Those that only wait for a slot, by group, the next first."""
        self._waiters: dict[str, Waiter] = {}
        self._needs: dict[str, int] = {}
        """How many things each that waits still waits for before it stands in line."""
        self._behind: dict[str, list[str]] = {}
        """Who comes after whom."""
        self.starts: dict[str, float] = {}
        self.last: float | None = None
        self.over = 0

    def work(self, run_id: str, group: str, now: float, seconds: float | None) -> None:
        self._used[group] = self._used.get(group, 0) + 1
        if seconds is not None:
            heappush(self._events, (now + max(0.0, seconds), run_id, group))

    def line_up(self) -> None:
        """Whoever waits, each for what it waits for."""
        queue = self._queue
        ends = {*(run_id for ids in queue.busy.values() for run_id in ids), *(waiter.id for waiter in queue.waiters)}
        for waiter in self._queue.waiters:
            group = self._queue.groups.get(waiter.group, FREE)
            if waiter.paused or group.paused:
                continue
            self._waiters[waiter.id], needs = waiter, 0
            for run_id, completed in map(dependency, waiter.after):
                if self._is_met(run_id, completed=completed):
                    continue
                needs += 1
                if run_id in ends:
                    self._behind.setdefault(run_id, []).append(waiter.id)
            if waiter.start_at is not None and waiter.start_at > self._queue.now:
                needs += 1
                heappush(self._events, (waiter.start_at - self._queue.now, "", waiter.id))
            self._needs[waiter.id] = needs
            if not needs:
                self._stand(waiter)
        for name in tuple(self._line):
            self._admit(name, 0.0)

    def _is_met(self, run_id: str, *, completed: bool) -> bool:
        outcomes = self._queue.outcomes
        outcome = outcomes.get(run_id)
        return outcome is Outcome.COMPLETED if completed else outcome is not None or run_id not in outcomes

    def to_the_end(self) -> None:
        while self._events:
            now, touched = self._events[0][0], set[str]()
            while self._events and self._events[0][0] == now:
                _, run_id, where = heappop(self._events)
                freed = [where]
                if run_id:
                    self.last, self.over = now, self.over + 1
                    self._used[where] -= 1
                    touched.add(where)
                    freed = self._behind.pop(run_id, [])
                touched.update(filter(None, map(self._need_less, freed)))
            for group in touched:
                self._admit(group, now)

    def _need_less(self, waiter_id: str) -> str:
        """Its group, if it stands in line now."""
        self._needs[waiter_id] -= 1
        waiter = self._waiters[waiter_id]
        if self._needs[waiter_id]:
            return ""
        self._stand(waiter)
        return waiter.group

    def _stand(self, waiter: Waiter) -> None:
        heappush(self._line.setdefault(waiter.group, []), (in_line(waiter), waiter.id))

    def _admit(self, name: str, now: float) -> None:
        line, slots = self._line.get(name, []), self._queue.groups.get(name, FREE).slots
        while line and (slots is None or self._used.get(name, 0) < slots):
            run_id = heappop(line)[1]
            self.starts[run_id] = now
            # One that begins at once, for nobody knows how long, tells of no end.
            self.last = now or self.last
            self.work(run_id, name, now, self._usual.get(run_id))
