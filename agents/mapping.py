"""`run.map` and `run.amap`: a call for each item, several beside each other, in a bounded window.

An item is committed when the loop that got its result asks for the next one. At a pause what is tried is finished and
given out first; at a stop it has some seconds for that, then it goes back and is done by the next attempt.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from overnight.agents.clock import ActiveClock
from overnight.agents.flight import Entry, Flight, Landed
from overnight.agents.hand import Hand
from overnight.agents.loops import Loops
from overnight.agents.orders import LOOK_AFTER, Orders, Stopped
from overnight.agents.retrying import Attempted, Retry, attempt_async
from overnight.agents.walk import Options, Walk
from overnight.agents.workers.pool import HandedBack
from overnight.state.standing import key_of

if TYPE_CHECKING:
    import asyncio

    from overnight.agents.workers import Call, Pool

FINISH_WITHIN = 8.0
"""Seconds that what is in flight has after a stop was asked: less than the default grace."""
SLOTS = 4
"""Marks for each worker: items in flight, done and waiting for their turn."""
GRACE_SHARE = 0.4
"""Of a shorter grace, so much."""


class How(NamedTuple):
    """What an author says of the calls."""

    workers: int
    processes: bool
    policy: Retry
    timeout: float | None
    ordered: bool


class Mapping:
    """The loops with many items in hand."""

    def __init__(self, loops: Loops, stop_grace: Callable[[], float]) -> None:
        """`stop_grace`: seconds from a stop signal to SIGKILL."""
        self._loops, self._commits, self._orders, self._hold = loops, loops.commits, loops.orders, loops.hold
        self._report, self._marks, self._stop_grace = loops.report, loops.marks, stop_grace

    def map(self, fn: Callable[[Any], Any], source: Iterable[Any], options: Options, how: How) -> Iterator[Any]:
        """(item, result) of each call that did not fail."""
        walk, flight = self._loops.enter(source, options), Flight(how.workers, ordered=how.ordered)
        self._marks.widen(how.workers * SLOTS)
        pool = self._pool(how)
        try:
            walk.begin(self._commits.checkpoint, self._report)
            self._loops.begun(walk)
            todo = _Todo(walk.todo(self._report))
            while True:
                resting = self._must_rest()
                if resting:
                    pool.interrupt()
                while not resting and (begun := self._begin(walk, flight, todo)) is not None:
                    ticket, entry = begun
                    pool.submit(ticket, self._call(fn, entry, how), how.timeout)
                for ended in pool.taken():
                    flight.land(ended.ticket, ended.attempted, ended.seconds)
                if (landed := flight.next_out()) is not None:
                    yield from self._given_out(walk, landed)
                elif resting and not flight.up:
                    self._hold.obey()
                elif resting:
                    self._wait_for_landing(pool, flight)
                elif todo.ended and flight.empty:
                    break
                else:
                    self._wait(pool, resting=False)
            self._loops.ended(walk)
        finally:
            pool.close()
            flight.give_up(self._release)
            self._loops.leave()

    def _pool(self, how: How) -> "Pool":
        from overnight.agents import workers

        kind = workers.Processes if how.processes else workers.Threads
        clock = self._report.clock
        return kind(how.workers, self._orders.wake, lambda: clock.monotonic() - clock.excluded)

    def _must_rest(self) -> bool:
        """Whether nothing more is to begin. What was heard and asks for neither rest nor stop is obeyed now."""
        heard = self._orders.pending
        if self._hold.must_rest():
            return True
        if heard:
            self._hold.obey()
        return False

    def _call(self, fn: Callable[[Any], Any], entry: Entry, how: How) -> "Call":
        from overnight.agents.workers import Call

        if how.processes:
            return Call(fn, (entry.item,), {}, how.policy)
        return Call(partial(self._in_hand, fn, entry), (), {}, how.policy)

    def _in_hand(self, fn: Callable[[Any], Any], entry: Entry) -> Any:
        """In a thread: what `fn` writes and counts belongs to its item; what an earlier try did is gone."""
        with self._commits.hands.at_work(entry.renew()):
            return fn(entry.item)

    def _begin(self, walk: Walk[Any], flight: Flight, todo: "_Todo | _AsyncTodo") -> tuple[int, Entry] | None:
        """The next item that begins, and its ticket; None = there is none, or no room."""
        while flight.may_begin():
            if (again := flight.begin_again()) is not None:
                self._marks.mark(again[1].slot, walk.loop.index, again[1].hand.identity)
                return again
            if (each := todo.next()) is None:
                return None
            position, item, identity = each
            alone = self._loops.suspected(walk, identity)
            if alone and not flight.may_begin_alone():
                todo.put_back(each)
                return None
            key = identity if walk.options.version is None else key_of(identity)
            hand = Hand(walk.loop, position, key, identity)
            problem = self._loops.refused(walk, item, identity)
            if problem is not None:
                flight.land(flight.begin(Entry(item, hand, -1, alone=False)), Attempted(None, problem, 1), 0.0)
                continue
            entry = Entry(item, hand, self._marks.take(), alone=alone)
            self._marks.mark(entry.slot, walk.loop.index, identity)
            self._report.current = key
            return flight.begin(entry), entry
        return None

    def _given_out(self, walk: Walk[Any], landed: Landed) -> Iterator[Any]:
        """The result goes to the loop's body, and the item is committed when that is done with it."""
        entry, error, hands = landed.entry, landed.attempted.error, self._commits.hands
        hand = entry.hand if error is None else entry.renew()
        hand.tries = landed.attempted.tries
        try:
            if error is None:
                hands.attended = hand
                yield entry.item, landed.attempted.result
                hands.attended = None
            elif walk.options.guard:
                self._commits.fail(hand, error)
            else:
                hands.attended = hand
                raise error
            failed = hand.error is not None
            began = self._report.clock.monotonic() - self._report.clock.excluded - landed.seconds
            self._commits.commit(hand, walk.loop, began, walk.weight_of(entry.item, hand.position))
            walk.committed += 1
            self._loops.settled(walk, hand.identity, failed=failed)
        finally:
            self._release(entry)

    def _release(self, entry: Entry) -> None:
        self._marks.give(entry.slot)
        # What a thread that was left behind still writes belongs to nothing.
        entry.hand.loop = None

    def _wait(self, pool: "Pool", *, resting: bool, longest: float = LOOK_AFTER) -> None:
        """Until something has landed or was heard."""
        left, waits = pool.seconds_left(), pool.waiting()
        if waits is not None and not resting:
            self._hold.expect(waits[1], waits[0])
        self._orders.poll(longest if left is None else min(longest, left))

    def _wait_for_landing(self, pool: "Pool", flight: Flight) -> None:
        """Nothing begins; at a stop what is in flight is given up after a while."""
        if not self._orders.stopping:
            self._wait(pool, resting=True)
            return
        left = self._seconds_to_finish()
        if left <= 0:
            raise Stopped
        self._wait(pool, resting=True, longest=left)

    def _seconds_to_finish(self) -> float:
        asked = self._orders.stop_asked_at
        within = min(FINISH_WITHIN, GRACE_SHARE * self._stop_grace())
        return within if asked is None else asked + within - self._report.clock.monotonic()

    async def amap(
        self,
        afn: Callable[[Any], Awaitable[Any]],
        source: Iterable[Any] | AsyncIterable[Any],
        options: Options,
        how: How,
    ) -> AsyncIterator[Any]:
        """(item, result) of each call that did not fail."""
        walk, flight = self._loops.enter(source, options), Flight(how.workers, ordered=how.ordered)
        self._marks.widen(how.workers * SLOTS)
        tasks = _Tasks(self._report.clock)
        todo: _Todo | _AsyncTodo | None = None
        try:
            await walk.begin_async(self._commits.checkpoint, self._report)
            self._loops.begun(walk)
            if isinstance(source, AsyncIterable):
                todo = _AsyncTodo(walk.todo_async(self._report))
            else:
                todo = _Todo(walk.todo(self._report))
            while True:
                resting = await self._must_rest_async()
                tasks.call_back(resting)
                while not resting and (begun := self._begin(walk, flight, todo)) is not None:
                    tasks.begin(begun[0], self._tried(afn, begun[1], how), how.policy, self._announce)
                for ticket, attempted, seconds in tasks.taken():
                    flight.land(ticket, attempted, seconds)
                if (landed := flight.next_out()) is not None:
                    for each in self._given_out(walk, landed):
                        yield each
                elif resting and not flight.up:
                    await self._hold.obey_async()
                elif todo.ended and flight.empty:
                    break
                else:
                    await tasks.wait(self._orders, todo.fetching, self._longest_wait(resting))
            self._loops.ended(walk)
        finally:
            await tasks.cancel(todo.fetching if todo is not None else None)
            flight.give_up(self._release)
            self._loops.leave()

    def _tried(self, afn: Callable[[Any], Awaitable[Any]], entry: Entry, how: How) -> Callable[[], Awaitable[Any]]:
        """One try of an item, in a task."""

        async def tried() -> Any:
            import asyncio

            with self._commits.hands.at_work(entry.renew()):
                async with asyncio.timeout(how.timeout):
                    return await afn(entry.item)

        return tried

    def _announce(self, seconds: float, reason: str) -> None:
        self._hold.expect(seconds, reason)

    async def _must_rest_async(self) -> bool:
        heard = self._orders.pending
        if self._hold.must_rest():
            return True
        if heard:
            await self._hold.obey_async()
        return False

    def _longest_wait(self, resting: bool) -> float:
        """Seconds. Raises Stopped when what is in flight has had its time after a stop."""
        if not (resting and self._orders.stopping):
            return LOOK_AFTER
        left = self._seconds_to_finish()
        if left <= 0:
            raise Stopped
        return left


class _Todo:
    """What is left of a source, one by one."""

    fetching: "asyncio.Task[Any] | None" = None

    def __init__(self, items: Iterator[tuple[int, Any, str]]) -> None:
        self._items = items
        self._back: list[tuple[int, Any, str]] = []
        self._exhausted = False

    def next(self) -> tuple[int, Any, str] | None:
        """None = there is none, or none yet."""
        if self._back:
            return self._back.pop()
        each = next(self._items, None)
        self._exhausted = each is None
        return each

    def put_back(self, each: tuple[int, Any, str]) -> None:
        """It cannot begin yet."""
        self._back.append(each)

    @property
    def ended(self) -> bool:
        return self._exhausted and not self._back


class _AsyncTodo:
    """The same of a source that is asynchronous: the next item is fetched ahead, in a task."""

    def __init__(self, items: AsyncIterator[tuple[int, Any, str]]) -> None:
        self._items = items
        self._back: list[tuple[int, Any, str]] = []
        self._exhausted = False
        self.fetching: asyncio.Task[Any] | None = None
        """The next item is on its way; None = nobody has asked for it."""

    def next(self) -> tuple[int, Any, str] | None:
        """None = there is none, or none yet."""
        import asyncio

        if self._back:
            return self._back.pop()
        if self._exhausted:
            return None
        if self.fetching is None:
            self.fetching = asyncio.create_task(self._fetch())
        if not self.fetching.done():
            return None
        each: tuple[int, Any, str] | None = self.fetching.result()
        self.fetching, self._exhausted = None, each is None
        return each

    async def _fetch(self) -> tuple[int, Any, str] | None:
        return await anext(self._items, None)

    def put_back(self, each: tuple[int, Any, str]) -> None:
        """It cannot begin yet."""
        self._back.append(each)

    @property
    def ended(self) -> bool:
        return self._exhausted and not self._back


class _Tasks:
    """The calls of `amap` that are in flight, each a task."""

    def __init__(self, clock: ActiveClock) -> None:
        import asyncio

        self._clock = clock
        self._tickets: dict[asyncio.Task[tuple[Attempted | None, float]], int] = {}
        self._called_back = asyncio.Event()

    def begin(
        self,
        ticket: int,
        tried: Callable[[], Awaitable[Any]],
        policy: Retry,
        announce: Callable[[float, str], None],
    ) -> None:
        import asyncio

        self._tickets[asyncio.create_task(self._perform(tried, policy, announce))] = ticket

    async def _perform(
        self, tried: Callable[[], Awaitable[Any]], policy: Retry, announce: Callable[[float, str], None]
    ) -> tuple[Attempted | None, float]:
        import asyncio

        began, waited = self._now(), 0.0

        async def sleep(seconds: float, reason: str) -> None:
            nonlocal waited
            since = self._now()
            announce(seconds, reason)
            try:
                await asyncio.wait_for(self._called_back.wait(), seconds)
            except TimeoutError:
                waited += self._now() - since
                return
            raise HandedBack

        try:
            attempted = await attempt_async(tried, (), {}, policy, sleep)
        except (HandedBack, Stopped):
            return None, 0.0
        return attempted, self._now() - began - waited

    def _now(self) -> float:
        return self._clock.monotonic() - self._clock.excluded

    def call_back(self, resting: bool) -> None:
        """While resting, nothing waits for another try: it is handed back."""
        if resting:
            self._called_back.set()
        else:
            self._called_back.clear()

    def taken(self) -> list[tuple[int, Attempted | None, float]]:
        """Those that are over: ticket, outcome (None = handed back), seconds of work."""
        over = [task for task in self._tickets if task.done()]
        return [(self._tickets.pop(task), *task.result()) for task in over]

    async def wait(self, orders: Orders, fetching: "asyncio.Task[Any] | None", longest: float) -> None:
        """Until one is over, the next item is there, or something was heard."""
        import asyncio

        heard = asyncio.create_task(orders.poll_async(longest))
        others = set(self._tickets) | ({fetching} if fetching is not None else set())
        try:
            await asyncio.wait({heard, *others}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
            await asyncio.wait({heard})

    async def cancel(self, fetching: "asyncio.Task[Any] | None") -> None:
        """The loop ends: nothing is in flight when this returns."""
        import asyncio

        tasks = set(self._tickets) | ({fetching} if fetching is not None else set())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            # Asked for, so that nobody complains that it was not.
            if not task.cancelled():
                task.exception()
