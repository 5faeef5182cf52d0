"""Who waits in the queue of which group, for what, and who may start. Pure: no clock, no disk.

A run that is queued waits for the first of these that holds: its own pause, its time, a run it comes after, the pause
of its group, a slot. Who waits for a slot only stands in line: by priority, then as launched.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from overnight.state.current import pause_wanted
from overnight.state.records import Outcome, Records, Request, Spec
from overnight.state.status import LIVE, Status

HOWEVER = ":ended"
"""Behind an id in `after`: however that run ended."""


class Group(NamedTuple):
    """What was said of one group."""

    slots: int | None = None
    """How many of its runs work at once; None = no limit."""
    paused: bool = False
    """Nothing new starts in it."""
    by: str = ""
    """Who paused it."""
    at: float | None = None
    """When, seconds since the epoch."""


FREE = Group()
"""Any group of which nothing was said."""


class Waiter(NamedTuple):
    """A run that is queued."""

    id: str
    group: str
    priority: int = 0
    created_at: float = 0.0
    after: tuple[str, ...] = ()
    """As in its spec; of a run that has begun once, nothing."""
    start_at: float | None = None
    """The same."""
    paused: bool = False
    """An operator wants it paused."""
    supervised: bool = False
    """It has a supervisor, which looks when something changes."""


class Queue(NamedTuple):
    """Every queued run of a home, and what they wait for, at one moment."""

    now: float
    waiters: tuple[Waiter, ...] = ()
    busy: Mapping[str, tuple[str, ...]] = {}
    """Group -> ids of the runs that hold its slots."""
    groups: Mapping[str, Group] = {}
    outcomes: Mapping[str, Outcome | None] = {}
    """Of the runs that others come after; None = not over. One that is missing was removed."""


class Plan(NamedTuple):
    """What somebody has to do now so that the queue goes on."""

    start: tuple[str, ...] = ()
    """These may begin."""
    watch: tuple[str, ...] = ()
    """These need a supervisor that waits: nobody else would look when something changes."""


class Cause(StrEnum):
    """What a queued run waits for."""

    PAUSE = "pause"
    TIME = "time"
    AFTER = "after"
    GROUP = "group"
    """Its group is paused."""
    SLOT = "slot"
    TURN = "turn"
    """Nothing: it may begin, and is about to."""


class Stand(NamedTuple):
    """Where a queued run stands."""

    cause: Cause
    place: int | None = None
    """In the line of its group, 1 = the next; None = it waits for something else than a slot."""
    others: tuple[str, ...] = ()
    """The runs that it waits for: those it comes after, or those that hold the slots."""
    outcomes: tuple[Outcome | None, ...] = ()
    """Of each of these, if it comes after them; None = not over."""
    gone: bool = False
    """The first of these was removed."""
    group: Group = FREE
    until: float | None = None
    """When its time has come."""

    @property
    def is_hopeless(self) -> bool:
        """Whether it waits for what will not come by itself."""
        return self.gone or self.failed is not None

    @property
    def failed(self) -> tuple[str, Outcome] | None:
        """The first that it comes after and that has ended, but not as it must have; and how. None = none has."""
        # Runs that hold slots have no outcomes.
        ended = zip(self.others, self.outcomes, strict=False)
        return next(((run_id, outcome) for run_id, outcome in ended if outcome is not None), None)


def dependency(word: str) -> tuple[str, bool]:
    """The id in a word of `after`, and whether that run must have completed."""
    return (word.removesuffix(HOWEVER), False) if word.endswith(HOWEVER) else (word, True)


def is_open(spec: Spec, groups: Mapping[str, Group], *, begun: bool = False) -> bool:
    """Whether a run starts at once: there is nothing that it could wait for. `begun`: it has had an attempt."""
    group = groups.get(spec.group, FREE)
    unlimited = group.slots is None and not group.paused
    return unlimited and (begun or not (spec.after or spec.start_at))


def plan_of(queue: Queue) -> Plan:
    """Who starts now, and who has to keep watch. Asked again after that was done, it is empty."""
    start = who_may_start(queue)
    rest = sorted((each for each in queue.waiters if each.id not in start), key=in_line)
    early = frozenset(each.id for each in rest if _is_early(each, queue.now))
    watched = {each.group for each in rest if each.supervised and each.id not in early}
    watch: list[str] = []
    for each in rest:
        if each.supervised or each.paused:
            # Whoever lets a paused run go on looks for itself.
            continue
        if each.id in early or each.group not in watched:
            watch.append(each.id)
        if each.id not in early:
            watched.add(each.group)
    return Plan(start, tuple(watch))


def who_may_start(queue: Queue) -> tuple[str, ...]:
    """In the order in which they start."""
    turn = {run_id for run_id, stand in stands_of(queue).items() if stand.cause is Cause.TURN}
    return tuple(each.id for each in sorted((each for each in queue.waiters if each.id in turn), key=in_line))


def stands_of(queue: Queue) -> Mapping[str, Stand]:
    """Where each queued run stands, by id."""
    stands, lines = dict[str, Stand](), dict[str, list[Waiter]]()
    for waiter in queue.waiters:
        if (held := _held(waiter, queue)) is not None:
            stands[waiter.id] = held
        else:
            lines.setdefault(waiter.group, []).append(waiter)
    for name, line in lines.items():
        group, busy = queue.groups.get(name, FREE), queue.busy.get(name, ())
        free = len(line) if group.slots is None else group.slots - len(busy)
        for place, waiter in enumerate(sorted(line, key=in_line), 1):
            cause, others = (Cause.TURN, ()) if place <= free else (Cause.SLOT, busy)
            stands[waiter.id] = Stand(cause, place, others, group=group)
    return stands


def _held(waiter: Waiter, queue: Queue) -> Stand | None:
    """What keeps it from standing in line."""
    group = queue.groups.get(waiter.group, FREE)
    if waiter.paused:
        return Stand(Cause.PAUSE)
    if _is_early(waiter, queue.now):
        return Stand(Cause.TIME, until=waiter.start_at)
    if unmet := list(_unmet(waiter, queue.outcomes)):
        outcomes = tuple(queue.outcomes.get(run_id) for run_id in unmet)
        return Stand(Cause.AFTER, others=tuple(unmet), outcomes=outcomes, gone=unmet[0] not in queue.outcomes)
    return Stand(Cause.GROUP, group=group) if group.paused else None


def _unmet(waiter: Waiter, outcomes: Mapping[str, Outcome | None]) -> Iterable[str]:
    """The runs that it still comes after: what was removed has ended, but nobody knows any more how."""
    for run_id, completed in map(dependency, waiter.after):
        outcome = outcomes.get(run_id)
        met = outcome is Outcome.COMPLETED if completed else outcome is not None or run_id not in outcomes
        if not met:
            yield run_id


def _is_early(waiter: Waiter, now: float) -> bool:
    return waiter.start_at is not None and waiter.start_at > now


def in_line(waiter: Waiter) -> tuple[int, float, str]:
    """The least stands first."""
    return -waiter.priority, waiter.created_at, waiter.id


# -- from records


def waiter_of(spec: Spec, run_id: str, requests: tuple[Request, ...], *, begun: bool, supervised: bool) -> Waiter:
    """`begun`: it has had an attempt."""
    return Waiter(
        id=run_id,
        group=spec.group,
        priority=spec.priority,
        created_at=spec.created_at,
        after=() if begun else spec.after,
        start_at=None if begun else spec.start_at,
        paused=bool(requests) and pause_wanted(requests),
        supervised=supervised,
    )


def queue_of(
    every: Mapping[str, Records], statuses: Mapping[str, Status], groups: Mapping[str, Group], now: float
) -> Queue:
    """As the records of all runs tell. `every` and `statuses`: by id."""
    waiters, busy = list[Waiter](), dict[str, list[str]]()
    for run_id, status in statuses.items():
        records = every[run_id]
        spec, supervised = records.spec, records.supervised
        if spec is None or (records.damaged and any(each.path.endswith("/exit.json") for each in records.damaged)):
            # Nobody can start it; or it is over, and nobody knows how.
            continue
        if status is Status.QUEUED:
            waiters.append(waiter_of(spec, run_id, records.requests, begun=records.begun, supervised=supervised))
        elif status in LIVE:
            busy.setdefault(spec.group, []).append(run_id)
    named = {dependency(word)[0] for waiter in waiters for word in waiter.after}
    outcomes = {run_id: ended.outcome if (ended := every[run_id].exit) else None for run_id in named & every.keys()}
    return Queue(now, tuple(waiters), {group: tuple(ids) for group, ids in busy.items()}, groups, outcomes)
