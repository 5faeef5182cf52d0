"""Standing still where that is asked or needed: a pause, ctrl+z, a wait, a disk that refuses. A stop ends each."""

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple, TypeVar

from overnight.agents.aside import Aside
from overnight.agents.hand import Hand, Hands
from overnight.agents.heartbeat import BEAT_EVERY, NO_FILES, Beat
from overnight.agents.orders import LOOK_AFTER, Orders, Stopped
from overnight.agents.report import Expected, Report
from overnight.state.errors import OvernightError
from overnight.state.records import AgentStatus, Waiting

T = TypeVar("T")

TRY_EVERY = 1.0
"""Seconds between two tries to write where the disk refused."""
LOOK_BESIDE = 0.1
"""Seconds between two looks of a thread that is not the loop's."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
PASSING = NO_ROOM | NO_FILES | {errno.EIO, errno.EROFS, errno.ENOMEM, errno.EAGAIN}
"""What may be over later: no room, a failing or read-only disk, too many open files."""


class OwnPause(NamedTuple):
    """A pause that nobody asked for: a limit of the run's own does."""

    why: str
    grant: Callable[[], None]
    """What a resume then does."""


class Announced(NamedTuple):
    """Why nothing may be finished for a while."""

    waiting: Waiting
    waits: bool
    """It is stood still for that; else something is only expected to take long. The former is shown first."""
    expected: Expected


class Hold:
    """Obeys what is asked, in the main thread, at an item edge or inside of `run.check()`."""

    def __init__(
        self, orders: Orders, report: Report, beat: Beat, hands: Hands, checkpoint: Callable[[], None]
    ) -> None:
        """`checkpoint` makes what is finished safe: head written, everything synced."""
        self.own_wish: Callable[[], OwnPause | OvernightError | None] = lambda: None
        """Why the run pauses by its own wish now, or what ends it; None = neither."""
        self._orders, self._report, self._beat, self._checkpoint = orders, report, beat, checkpoint
        self._clock, self._hands = report.clock, hands
        self._main = threading.get_ident()
        self._critical = 0
        """How many `critical` sections of the loop itself are open."""
        self.aside = Aside(orders, self._is_to_pause)
        self._announced: dict[Hashable, Announced] = {}
        """By whom; the newest last."""
        self._announcing = threading.Lock()

    def look_at_edge(self) -> None:
        """The run has a wish of its own: it is obeyed at the next item edge."""
        self._orders.note()

    def must_rest(self) -> bool:
        """Whether the loop shall begin nothing more: a pause or a stop is asked, or its own wish. What is heard and
        asks for neither is obeyed.
        """
        if self._critical:
            return False
        if self._orders.pending:
            self._orders.look()
            if not self._rests():
                self._end()
            self.aside.tell()
        return self._rests()

    def _rests(self) -> bool:
        return self._orders.stopping or self._orders.wish.pause or self.own_wish() is not None

    def obey(self) -> None:
        """Do what is asked now. Returns when the run shall work. Raises Stopped."""
        if self._begin():
            try:
                while self._stands_still():
                    self._orders.wait(LOOK_AFTER)
                    self._hear()
            finally:
                self._go_on()
        self._end()

    async def obey_async(self) -> None:
        """`obey`, while other tasks go on."""
        if self._begin():
            try:
                while self._stands_still():
                    await self._orders.wait_async(LOOK_AFTER)
                    self._hear()
            finally:
                self._go_on()
        self._end()

    def _begin(self) -> bool:
        """Whether it is to stand still. What is finished is safe then."""
        if self._critical:
            return False
        self._orders.look()
        if self._orders.stopping or not self._is_to_pause():
            return False
        self._checkpoint()
        self._clock.pause()
        return True

    def _is_to_pause(self) -> bool:
        return self._orders.wish.pause or isinstance(self.own_wish(), OwnPause)

    def _hear(self) -> None:
        """While it stands still. What is heard before it does so is no answer to its own wish."""
        self._orders.look()
        own = self.own_wish()
        if self._orders.resumed and isinstance(own, OwnPause):
            own.grant()

    def _go_on(self) -> None:
        self._report.notices.pop(OwnPause, None)
        self._clock.go_on()

    def _stands_still(self) -> bool:
        if self._orders.stopping or not self._is_to_pause():
            return False
        own = self.own_wish()
        self._report.notices.pop(OwnPause, None)
        if isinstance(own, OwnPause):
            self._report.notices[OwnPause] = own.why
        self._say(AgentStatus.PAUSED)
        if self._orders.by_terminal:
            # Whoever pressed ctrl+z wants the shell back; `fg` sends SIGCONT, which ends the wish.
            os.kill(os.getpid(), signal.SIGSTOP)
        return True

    def _end(self) -> None:
        if self._critical:
            return
        self.aside.tell()
        self._stop_if_asked()
        own = self.own_wish()
        if isinstance(own, OvernightError):
            raise own
        if self._report.status is AgentStatus.PAUSED or self._report.acknowledged != self._orders.wish.number:
            # First: whoever reads that it runs must not take the pause for silence.
            self._beat.write_heartbeat()
            self._say(AgentStatus.RUNNING)

    def check(self) -> None:
        """`obey` if anything was heard. What works beside the loop stands still by itself, and the loop with the last.

        In a thread of the author's own only a stop counts.
        """
        hand = self._hands.beside()
        if hand is not None:
            self.aside.check(hand)
        elif not self._orders.pending:
            return
        elif threading.get_ident() == self._main:
            self.obey()
        elif not self._critical:
            self._stop_if_asked()

    async def check_async(self) -> None:
        """`check`, while other tasks go on."""
        hand = self._hands.beside()
        if hand is not None:
            await self.aside.check_async(hand)
        elif self._orders.pending:
            await self.obey_async()

    @contextmanager
    def critical(self) -> Iterator[None]:
        """No pause and no stop inside; what was asked meanwhile is obeyed at the next edge."""
        hand = self._hands.beside()
        with self._orders.insistence_deferred(), nullcontext() if hand is None else self.aside.critical(hand):
            self._critical += hand is None
            try:
                yield
            finally:
                self._critical -= hand is None

    def _say(self, status: AgentStatus) -> None:
        self._report.status, self._report.acknowledged = status, self._orders.wish.number
        self._beat.write_progress()

    def _stop_if_asked(self) -> None:
        if self._orders.stopping:
            raise Stopped

    def wait(self, seconds: float, reason: str | None) -> None:
        """So many seconds, pauses not counted. With a reason, a wait that is longer than a beat is announced."""
        until, hand = self._clock.awake() + seconds, self._hands.beside()
        with self._announced_while(seconds, reason, hand) as token:
            while (left := until - self._clock.awake()) > 0:
                self._keep_true(token, left)
                if hand is not None:
                    self.aside.sleep(hand, left)
                else:
                    self._wait_on(left)
                    self.check()

    def _wait_on(self, left: float) -> None:
        if threading.get_ident() != self._main:
            # The loop alone hears what is asked.
            time.sleep(min(left, LOOK_BESIDE))
        elif self._critical:
            # What was heard is not obeyed now: it must not keep this awake.
            self._orders.poll(left)
        else:
            self._orders.wait(min(left, LOOK_AFTER))
            self._look_by_itself(left)

    def _look_by_itself(self, left: float) -> None:
        """After a long wait: a signal may have been lost."""
        if left > LOOK_AFTER:
            self._orders.ask()

    async def wait_async(self, seconds: float, reason: str | None) -> None:
        """`wait`, while other tasks go on."""
        until, hand = self._clock.awake() + seconds, self._hands.beside()
        with self._announced_while(seconds, reason, hand) as token:
            while (left := until - self._clock.awake()) > 0:
                self._keep_true(token, left)
                if hand is not None:
                    await self.aside.sleep_async(hand, left)
                else:
                    await self._wait_on_async(left)
                    await self.check_async()

    async def _wait_on_async(self, left: float) -> None:
        if self._critical:
            await self._orders.poll_async(left)
        else:
            await self._orders.wait_async(min(left, LOOK_AFTER))
            self._look_by_itself(left)

    @contextmanager
    def _announced_while(self, seconds: float, reason: str | None, hand: Hand | None) -> Iterator[object]:
        if reason is None or seconds <= BEAT_EVERY:
            yield None
            return
        token, began = object(), self._clock.awake()
        self.announce(token, seconds, reason)
        try:
            yield token
        finally:
            self.withdraw(token)
            if hand is not None:
                hand.waited += self._clock.awake() - began

    def _keep_true(self, who: object, left: float) -> None:
        """A pause has put off the end of the wait."""
        announced = self._announced.get(who)
        if announced is not None and abs((announced.waiting.until or 0.0) - time.time() - left) > BEAT_EVERY:
            self.announce(who, left, announced.waiting.for_)

    def announce(self, who: Hashable, seconds: float, reason: str, *, waits: bool = True) -> None:
        """Nothing may be finished for so long: that is no stall. In any thread."""
        with self._announcing:
            before = self._announced.pop(who, None)
            until = Waiting(reason, time.time() + seconds)
            self._announced[who] = Announced(until, waits, Expected(self._clock.active(), seconds))
            if waits:
                self._report.notices[who] = reason
            if waits and before is None:
                self._clock.begin_wait()
            self._publish()

    def withdraw(self, who: Hashable) -> None:
        """What it has announced is over. In any thread."""
        if who in self._announced:
            with self._announcing:
                over = self._announced.pop(who, None)
                self._report.notices.pop(who, None)
                if over is not None and over.waits:
                    self._clock.end_wait()
                self._publish()

    def _publish(self) -> None:
        newest = next((each for each in reversed(self._announced.values()) if each.waits), None)
        longest = max(self._announced.values(), key=lambda each: each.waiting.until or 0.0, default=None)
        shown = newest or longest
        self._report.waiting = None if shown is None else shown.waiting
        expected = [each.expected for each in self._announced.values() if not each.waits]
        self._report.expected = max(expected, key=lambda each: each.since + each.seconds, default=None)
        self._beat.write_heartbeat()

    def keep(self, write: Callable[[], T], can_wait: Callable[[OSError], bool] = lambda refused: True) -> T:
        """Do `write`, which does all or nothing; where the disk refuses, pause and wait until it takes it.

        `can_wait` is asked before each wait. Raises Stopped; the OSError that does not pass with time, or that must
        not be waited for.
        """
        try:
            return write()
        except OSError as error:
            if error.errno not in PASSING:
                raise
            refused = error
        with self._paused_by_disk() if threading.get_ident() == self._main else nullcontext():
            return self._tried_again(write, refused, can_wait)

    def _tried_again(self, write: Callable[[], T], refused: OSError, can_wait: Callable[[OSError], bool]) -> T:
        notice = object()
        try:
            while True:
                self._report.notices[notice] = _words_for(refused)
                if not can_wait(refused):
                    raise refused
                self._until_next_try()
                try:
                    return write()
                except OSError as error:
                    if error.errno not in PASSING:
                        raise
                    refused = error
        finally:
            del self._report.notices[notice]

    @contextmanager
    def _paused_by_disk(self) -> Iterator[None]:
        before, self._report.status = self._report.status, AgentStatus.PAUSED
        self._clock.pause()
        try:
            yield
        finally:
            self._clock.go_on()
            self._beat.write_heartbeat()
            self._report.status = before
            # A pause that was heard meanwhile is obeyed at the item edge.
            self._orders.pending = True

    def _until_next_try(self) -> None:
        if threading.get_ident() != self._main:
            time.sleep(TRY_EVERY)
            self.check()
            return
        if not self._critical:
            self._orders.look()
            self._stop_if_asked()
        self._beat.write_progress()
        self._orders.poll(TRY_EVERY)

    def skip_when_full(self, write: Callable[[], None]) -> None:
        """Do `write` if the disk takes it: for what is made again later."""
        self._wrote(write)

    def _wrote(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except OSError as error:
            if error.errno not in PASSING:
                raise
            return False
        return True


def _words_for(refused: OSError) -> str:
    if refused.errno in NO_ROOM:
        what = "waiting for room"
    elif refused.errno in NO_FILES:
        what = "waiting until files can be opened"
    else:
        what = "waiting until the disk takes writes"
    return f"{what}: {refused.strerror}"
