"""Loops over a source: each item is given to the author's body and committed when the loop asks for the next one."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Sized
from contextlib import ExitStack
from typing import Any

from overnight.agents.commits import Commits
from overnight.agents.guard import Guarded
from overnight.agents.hand import Hand, not_here
from overnight.agents.heartbeat import Beat
from overnight.agents.hold import Hold
from overnight.agents.lines import Unreadable
from overnight.agents.loose import Loose
from overnight.agents.marks import FATAL_DEATHS, Marks, mark_of
from overnight.agents.orders import Orders
from overnight.agents.report import Report
from overnight.agents.walk import Options, Walk
from overnight.state.errors import NotPossibleNow
from overnight.state.standing import Loop, key_of

DEATHS = "deaths"
"""The kept value: items that were in hand when the process died, and how often in a row."""


class Died(Exception):
    """An item ended the process each time it was tried."""


class Loops:
    """The loops of one attempt, one after the other."""

    def __init__(self, commits: Commits, report: Report, beat: Beat, orders: Orders, hold: Hold, marks: Marks) -> None:
        self.commits, self.report, self.orders, self.hold, self.marks = commits, report, orders, hold, marks
        self._dropped = ""
        self._beat = beat
        self._entered, self._inside = 0, False
        self._counted: list[Loop] = list(commits.checkpoint.standing.loops)
        """Those that the totals are of."""
        self.deaths: dict[str, int] = dict(commits.kept(DEATHS) or {})
        self._sum_totals()

    # ---- one item after the other

    def each(self, source: Iterable[Any], options: Options) -> Iterator[Any]:
        """The loop behind `Run.each`."""
        walk, slot = self.enter(source, options), self.marks.take()
        try:
            walk.begin(self.commits.checkpoint, self.report)
            self.begun(walk)
            hand = self._attended(walk)
            orders, hold, clock, guard = self.orders, self.hold, self.report.clock, options.guard
            for position, item, identity in walk.todo(self.report):
                if orders.pending:
                    hold.obey()
                self.report.begun = began = clock.monotonic() - clock.excluded
                if not self._take(walk, hand, slot, position, item, identity):
                    continue
                yield Guarded(item, self._fail) if guard else item
                self._commit(walk, hand, slot, item, began)
                if orders.pending and walk.loop.total is None:
                    # The source may wait long for its next item. Where the end is known, the last item completes.
                    hold.obey()
            self.ended(walk)
        finally:
            self.marks.give(slot)
            self.leave()

    def each_async(self, source: Iterable[Any] | AsyncIterable[Any], options: Options) -> AsyncIterator[Any]:
        """The loop behind `Run.aeach`."""
        opened = ExitStack()
        return Loose(self._each_async(source, options, opened), opened)

    async def _each_async(
        self, source: Iterable[Any] | AsyncIterable[Any], options: Options, opened: ExitStack
    ) -> AsyncGenerator[Any, None]:
        with opened:
            walk, slot = self.enter(source, options), self.marks.take()
            opened.callback(self.leave)
            opened.callback(self.marks.give, slot)
            await walk.begin_async(self.commits.checkpoint, self.report)
            self.begun(walk)
            hand = self._attended(walk)
            async for position, item, identity in walk.todo_async(self.report):
                await self.hold.check_async()
                self.report.begun = began = self._now()
                if not self._take(walk, hand, slot, position, item, identity):
                    continue
                yield Guarded(item, self._fail) if options.guard else item
                self._commit(walk, hand, slot, item, began)
                if walk.loop.total is None:
                    await self.hold.check_async()
            self.ended(walk)

    def light(self, source: Iterable[Any], total: int | None, unit: str | None) -> Iterator[Any]:
        """The loop behind `Run.each(durable=False)`: progress, pause and stop; nothing is committed.

        No clock is looked at for an item: the beating thread asks for the count, through the flag that says that
        there are orders.
        """
        loop, report, orders = Loop(-1), self.report, self.orders
        loop.total = len(source) if total is None and isinstance(source, Sized) else total
        self._counted.append(loop)
        report.phases.enter(loop)
        report.unit = unit or report.unit
        self._sum_totals()
        ask, self._beat.ask = self._beat.ask, orders.ask
        self._beat.wake()
        done = 0
        try:
            for item in source:
                yield item
                done += 1
                if orders.pending:
                    self._count(loop, done)
                    self.hold.obey()
            loop.total = done
        finally:
            self._beat.ask = ask
            self._count(loop, done)
            self._sum_totals()

    def _count(self, loop: Loop, done: int) -> None:
        if done != loop.done:
            self.report.last_commit = self.report.clock.monotonic()
        self.report.processed += done - loop.done
        loop.done = done

    def _attended(self, walk: Walk[Any]) -> Hand:
        hand = Hand(walk.loop)
        hand.attended = True
        return hand

    def _take(self, walk: Walk[Any], hand: Hand, slot: int, position: int, item: Any, identity: str) -> bool:
        """The item is in hand. False = it was not to be done, and is committed as failed."""
        hand.position, hand.identity = position, identity
        hand.key = key = identity if walk.options.version is None else key_of(identity)
        self.commits.hands.attended = hand
        self.report.current = key
        if walk.weighs:
            self.report.in_hand = walk.weight_of(item, position)
        if (self.deaths or walk.lines is not None) and (problem := self.refused(walk, item, identity)) is not None:
            if isinstance(item, Unreadable) and not walk.options.guard:
                raise problem
            hand.tries = max(1, self.deaths_of(walk, identity))
            self.commits.fail(hand, problem)
            self._commit(walk, hand, slot, item, self._now())
            return False
        self.marks.mark(slot, walk.loop.index, identity)
        return True

    def _commit(self, walk: Walk[Any], hand: Hand, slot: int, item: Any, began: float) -> None:
        failed = hand.error is not None
        self.commits.commit(hand, walk.loop, began, self.report.in_hand or 0.0)
        self.report.in_hand = None
        self.commits.hands.attended = None
        self.marks.clear(slot)
        walk.committed += 1
        if failed or self.deaths or self.report.waiting is not None:
            self.settled(walk, hand, failed=failed)

    def _fail(self, error: Exception) -> None:
        hand = self.commits.hands.attended
        if hand is not None:
            self.commits.fail(hand, error)

    def _now(self) -> float:
        clock = self.report.clock
        return clock.monotonic() - clock.excluded

    # ---- what every loop does, one item at a time or many

    def enter(self, source: Iterable[Any] | AsyncIterable[Any], options: Options) -> Walk[Any]:
        """Begin the next loop. Raises NotPossibleNow inside of another one."""
        if self._inside:
            raise NotPossibleNow(
                "a loop over run.each() or run.map() inside of another one",
                hint="Loop over pairs, or use an ordinary loop inside: the outer item is what is committed.",
            )
        if self.commits.hands.here() is not None:
            # Where its result is remembered the loop would not come, and later ones would be taken for it.
            raise not_here(self.commits.hands.here(), "a loop over run.each() or run.map()")
        self._inside = True
        self._entered += 1
        return Walk(self.commits.checkpoint.loop(self._entered - 1), source, options)

    def begun(self, walk: Walk[Any]) -> None:
        """What is left of the source is known."""
        loop = walk.loop
        if loop not in self._counted:
            self._counted.append(loop)
        self.report.phases.enter(loop)
        self.report.unit = walk.options.unit or self.report.unit
        self.commits.mark_cursors = walk.mark_cursor
        self._sum_totals()
        self._beat.wake()

    def refused(self, walk: Walk[Any], item: Any, identity: str) -> Exception | None:
        """Why an item must not be tried; None = it may be."""
        if isinstance(item, Unreadable):
            return item.error
        deaths = self.deaths_of(walk, identity)
        if deaths < FATAL_DEATHS:
            return None
        return Died(f"the process died {deaths} times in a row with this item in hand")

    def suspected(self, walk: Walk[Any], identity: str) -> bool:
        """Whether the process has died with the item in hand: it is tried by itself, to know whose fault it was."""
        return self.deaths_of(walk, identity) > 0

    def deaths_of(self, walk: Walk[Any], identity: str) -> int:
        """How often in a row the process died with the item in hand."""
        return self.deaths.get(self._death_name(walk, identity), 0) if self.deaths else 0

    @staticmethod
    def _death_name(walk: Walk[Any], identity: str) -> str:
        return mark_of(walk.loop.index, identity).decode("utf-8", "surrogateescape")

    def settled(self, walk: Walk[Any], hand: Hand, *, failed: bool) -> None:
        """The item that was committed last may have been a suspect, expected, or failed. Raises TooManyErrors."""
        if self.suspected(walk, hand.identity):
            del self.deaths[self._death_name(walk, hand.identity)]
            self.commits.keep_value(DEATHS, self.deaths)
        self._as_expected(hand)
        if failed:
            walk.note_failure()

    def _as_expected(self, hand: Hand) -> None:
        """However long it was to take: it is over. So is what was expected outside of any item."""
        self.hold.withdraw(hand.identity)
        self.hold.withdraw(None)

    def ended(self, walk: Walk[Any]) -> None:
        """The source has ended."""
        self.report.current = None
        self._sum_totals()

    def leave(self) -> None:
        """Also when the loop was broken off: the item in hand goes back."""
        hand = self.commits.hands.attended
        self._inside, self.report.in_hand = False, None
        # The head that is written last must know how far the source was read.
        self.commits.mark_cursors()
        self.commits.mark_cursors = lambda: None
        self.commits.hands.attended = None
        self._dropped = ""
        if hand is not None:
            self._as_expected(hand)
            self._dropped = hand.key
            hand.error = None
            hand.forget()

    @property
    def dropped(self) -> str:
        """Key of the item that is in hand, or was when a loop was left."""
        hand = self.commits.hands.attended
        return self._dropped if hand is None else hand.key

    def _sum_totals(self) -> None:
        totals = [loop.total for loop in self._counted]
        known = [total for total in totals if total is not None]
        self.report.total = sum(known) if known and len(known) == len(totals) else None
