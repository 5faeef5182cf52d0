"""A loop with many items in hand: what plain code and coroutines share of `run.map` and `run.amap`.

`flight` decides which item begins and which result is given out; this does it, and keeps marks, hands and commits in
step. How to wait is left to the driver.
"""

from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol

from overnight.agents.flight import AHEAD, Entry, Flight, Landed, Step
from overnight.agents.hand import Hand
from overnight.agents.heartbeat import BEAT_EVERY
from overnight.agents.loops import Died, Loops
from overnight.agents.marks import NOWHERE
from overnight.agents.orders import LOOK_AFTER, Stopped
from overnight.agents.report import MOST_IN_HAND, Begun
from overnight.agents.retrying import Attempted, Retry
from overnight.agents.todo import Next, Todo
from overnight.agents.walk import Options
from overnight.agents.workers.pool import Call, Finished
from overnight.state.standing import key_of

FINISH_WITHIN = 8.0
"""Seconds that what is in flight has after a stop was asked: less than the default grace."""
GRACE_SHARE = 0.4
"""Of a shorter grace, so much."""
FILL_FOR = 0.01
"""Seconds after which a source that is slow no longer keeps a result from being given out."""


class How(NamedTuple):
    """What an author says of the calls."""

    workers: int
    processes: bool
    policy: Retry
    timeout: float | None
    ordered: bool


class Workers(Protocol):
    """A pool of threads or processes, or tasks."""

    def submit(self, ticket: int, call: Call, timeout: float | None = None) -> None: ...

    def taken(self) -> list[Finished]: ...

    def waiting(self) -> tuple[str, float] | None: ...

    def seconds_left(self) -> float | None: ...

    def who(self, ticket: int) -> int | None: ...

    def interrupt(self) -> None: ...


class ParallelLoop:
    """One loop, from its begin until it is left."""

    def __init__(
        self,
        loops: Loops,
        source: Iterable[Any] | AsyncIterable[Any],
        options: Options,
        how: How,
        stop_grace: Callable[[], float],
        opened: ExitStack,
    ) -> None:
        """`opened` closes everything when the loop is left. Raises NotPossibleNow inside of another loop."""
        self._loops, self._commits, self._orders, self._hold = loops, loops.commits, loops.orders, loops.hold
        self._report, self._marks, self._stop_grace = loops.report, loops.marks, stop_grace
        self._how = how
        self._flight = Flight(how.workers, ordered=how.ordered)
        self._todo: Todo
        self._workers: Workers
        self._fn: Callable[[Any], Any]
        self._resting = self._interrupted = False
        self._stop_seen_at: float | None = None
        self.walk = loops.enter(source, options)
        opened.callback(loops.leave)
        self._marks.widen(how.workers * AHEAD + 1)
        self._report.workers = how.workers
        opened.callback(setattr, self._report, "workers", 1)
        opened.callback(self._give_up)

    def begin(self, fn: Callable[[Any], Any], todo: Todo, workers: Workers) -> None:
        """What is left of the source is known."""
        self._fn, self._todo, self._workers = fn, todo, workers
        self._report.side_by_side = self._in_hand
        self._loops.begun(self.walk)

    def next_step(self) -> Step:
        """Begin what may begin, and say what is next. Raises what the pool raises."""
        while True:
            self._rest(self._hold.must_rest())
            # First: where a worker has become free, it gets something to do before the body does.
            for finished in self._workers.taken():
                self._land(finished)
            filled = self._resting or self._filled()
            step = self._flight.next_step(resting=self._resting, ended=self._todo.ended, stands=self._hold.aside.stands)
            if filled or step is not Step.WAIT:
                return step

    def _rest(self, resting: bool) -> None:
        self._resting = resting
        if self._orders.stopping and self._stop_seen_at is None:
            # A request that came without a signal has no other moment.
            self._stop_seen_at = self._orders.stop_asked_at or self._report.clock.monotonic()
        if not resting:
            self._interrupted = False
        elif not self._interrupted and not self._is_worth_waiting():
            self._interrupted = True
            self._workers.interrupt()
            self._hold.withdraw(self)

    def _is_worth_waiting(self) -> bool:
        """Whether a wait between two tries, broken off, would cost results: they are given out in order, behind it."""
        if not (self._orders.stopping and self._how.ordered):
            return False
        waits = self._workers.waiting()
        return waits is None or (self._flight.holds_results and waits[1] < self._left_to_finish())

    def _filled(self) -> bool:
        """Begin items. False = there may be room for more, but the source is slow."""
        monotonic = self._report.clock.monotonic
        until = monotonic() + FILL_FOR
        while (begun := self._begin_next()) is not None:
            ticket, entry = begun
            self._workers.submit(ticket, self._call(entry), self._how.timeout)
            if monotonic() > until:
                return False
        return True

    def _begin_next(self) -> tuple[int, Entry] | None:
        """The next item that begins, and its ticket; None = there is none, or no room."""
        flight, loops, walk = self._flight, self._loops, self.walk
        while flight.may_begin():
            if (again := flight.begin_again()) is not None:
                self._mark(again[1])
                return again
            if (each := self._todo.next()) is None:
                return None
            problem = loops.refused(walk, each.item, each.identity)
            alone = problem is None and loops.suspected(walk, each.identity)
            if alone and not flight.empty:
                self._todo.put_back(each)
                return None
            entry = self._entry_of(each, alone)
            ticket = flight.begin(entry)
            if problem is None:
                entry.slot = self._marks.take()
                self._mark(entry)
                return ticket, entry
            self._land(Finished(ticket, Attempted(None, problem, loops.deaths_of(walk, each.identity) or 1), 0.0))
        return None

    def _entry_of(self, each: Next, alone: bool) -> Entry:
        key = each.identity if self.walk.options.version is None else key_of(each.identity)
        hand = Hand(self.walk.loop, each.position, key, each.identity)
        return Entry(each.item, hand, self._now(), alone=alone)

    def _mark(self, entry: Entry) -> None:
        entry.begun = self._now()
        self._marks.mark(entry.slot, self.walk.loop.index, entry.hand.identity)

    def _now(self) -> float:
        clock = self._report.clock
        return clock.monotonic() - clock.excluded

    def _in_hand(self) -> list[Begun]:
        """Asked by the beating thread."""
        return [
            Begun(entry.hand.key, entry.begun, None if ticket is None else self._workers.who(ticket))
            for ticket, entry in self._flight.in_hand(MOST_IN_HAND)
        ]

    def _call(self, entry: Entry) -> Call:
        """What `fn` writes and counts belongs to its item; what an earlier try did is gone."""
        begins = None if self._how.processes else lambda: self._commits.hands.take_up(entry.renew())
        return Call(self._fn, (entry.item,), {}, self._how.policy, begins)

    def _land(self, finished: Finished) -> None:
        entry = self._flight.land(finished.ticket, finished.attempted, finished.seconds)
        # Until it is its turn nobody works on it: the process cannot die by it.
        self._marks.clear(entry.slot)
        # Before it is committed: what everybody waited for was no work.
        self._hold.withdraw(self)
        self._hold.withdraw(entry.hand.identity)
        if finished.attempted is None or finished.attempted.error is not None:
            entry.renew()

    @contextmanager
    def given_out(self) -> Iterator[tuple[Any, Any]]:
        """After GIVE_OUT: item and result, for the loop's body. Committed when that is done with it."""
        landed = self._flight.give_out()
        entry = landed.entry
        self._mark(entry)
        self._commits.hands.attended = entry.hand
        yield entry.item, landed.attempted.result
        self._settle(landed)

    def fail(self) -> None:
        """After FAIL: keep the item's error. Raises it where that ends the loop."""
        landed = self._flight.give_out()
        hand, error = landed.entry.hand, landed.attempted.error
        assert error is not None
        hand.tries = landed.attempted.tries
        if not (self.walk.options.guard or isinstance(error, Died)):
            self._commits.hands.attended = hand
            raise error
        self._commits.fail(hand, error)
        self._settle(landed)

    def _settle(self, landed: Landed) -> None:
        entry = landed.entry
        hand, walk, clock = entry.hand, self.walk, self._report.clock
        hand.tries = max(hand.tries, landed.attempted.tries)
        failed = hand.error is not None
        began = clock.monotonic() - clock.excluded - landed.seconds + hand.waited
        self._commits.commit(hand, walk.loop, began, walk.weight_of(entry.item, hand.position))
        self._commits.hands.attended = None
        self._let_go(entry)
        walk.committed += 1
        self._loops.settled(walk, hand, failed=failed)

    def _let_go(self, entry: Entry) -> None:
        self._flight.let_go(entry)
        self._marks.give(entry.slot)
        entry.slot = NOWHERE
        # What a thread that was left behind still writes belongs to nothing.
        entry.hand.loop = None

    def wait_at_most(self) -> float:
        """Before WAIT: how many seconds nothing but a word or a landing is to be looked for. What everybody waits for
        is announced. Raises Stopped when what is in flight has had its time after a stop.
        """
        if self._resting:
            return self._until_given_up() if self._orders.stopping else LOOK_AFTER
        self._announce(self._workers.waiting())
        left = self._workers.seconds_left()
        return LOOK_AFTER if left is None else min(left, LOOK_AFTER)

    def _announce(self, waits: tuple[str, float] | None) -> None:
        if waits is not None and waits[1] > BEAT_EVERY:
            self._hold.announce(self, waits[1], waits[0])
        elif waits is None:
            self._hold.withdraw(self)

    def _until_given_up(self) -> float:
        left = self._left_to_finish()
        if left > 0:
            return left
        if any(self._hold.aside.is_critical(entry.hand) for entry in self._flight.in_flight):
            return LOOK_AFTER
        raise Stopped

    def _left_to_finish(self) -> float:
        """Seconds that what is in flight still has after a stop."""
        within = min(FINISH_WITHIN, GRACE_SHARE * self._stop_grace())
        now = self._report.clock.monotonic()
        return (self._stop_seen_at or now) + within - now

    def end(self) -> None:
        """After END. Raises the error by which the source ended."""
        if self._todo.error is not None:
            raise self._todo.error
        self._loops.ended(self.walk)

    def _give_up(self) -> None:
        """The loop is left: everything on its way goes back."""
        self._hold.withdraw(self)
        # Whoever asks later is told what was at work when it was left.
        attended, in_hand = self._commits.hands.attended, self._in_hand()
        self._report.current = attended.key if attended is not None else in_hand[0].key if in_hand else None
        self._report.side_by_side = None
        for entry in self._flight.on_their_way:
            self._let_go(entry)
        self._hold.aside.tell()
