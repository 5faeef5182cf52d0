"""What is asked of this process: a signal says "look", the control directory says what.

Handlers only note what they heard and wake a wait; what it means is decided at the next item edge, where the loop
looks. They hold no lock: they run between any two instructions of the main thread.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

from overnight.agents.forking import spare_children
from overnight.state.control import DOORBELL
from overnight.state.current import LASTING
from overnight.state.records import Request, Verb
from overnight.state.rundir import RunDir

INSIST_AFTER = 1.0
"""Seconds after the first stop signal from which another one means "at once": wrappers pass signals on twice."""
LOOK_AFTER = 5.0
"""Seconds after which a wait looks by itself: a signal may have been lost."""


class Stopped(BaseException):
    """The loop ends here because a stop was asked. Not an Exception: an agent's own `except` must let it pass."""


class Wish(NamedTuple):
    """What the run shall do, and the newest request that says so."""

    pause: bool
    number: int


def wish_of(requests: Sequence[Request], before: Wish, heard: int | None) -> Wish:
    """The newest of pause and resume that is newer than what was obeyed; where there is none, the signal itself."""
    for request in reversed(requests):
        if request.verb in {Verb.PAUSE, Verb.RESUME} and request.number > before.number:
            return Wish(request.verb is Verb.PAUSE, request.number)
    if heard in {signal.SIGTSTP, signal.SIGCONT}:
        return Wish(heard == signal.SIGTSTP, before.number)
    return before


def newest_lasting(requests: Sequence[Request]) -> Request | None:
    return next((each for each in reversed(requests) if each.verb in LASTING), None)


class Orders:
    """The signals of one process, and the requests of its run."""

    def __init__(self, run: RunDir, *, by_hand: bool) -> None:
        self.pending = False
        """Something was heard since the last look. Read in the hot loop."""
        self.stopping = False
        self.wish = Wish(False, 0)
        self.by_terminal = False
        """The wish to pause is ctrl+z at a terminal, and nobody's request."""
        self.resumed = False
        """The newest word heard is to go on, whether or not there was a pause on record."""
        self.at_once: Callable[[], None] = lambda: None
        """Called when a stop is insisted on."""
        self.continued: Callable[[], None] = lambda: None
        """Called when the process goes on after it may have been stopped."""
        self._run, self._by_hand = run, by_hand
        self._heard: int | None = None
        self.stop_asked_at: float | None = None
        """When the first stop signal came, a moment of the monotonic clock."""
        self._insisted = False
        self._deferred = 0
        """So many sections are open in which a second stop signal does not end the process at once."""
        self._deferring = threading.Lock()
        """Never taken by a handler."""
        self._hearing: list[Callable[[], None]] = []
        """Called in the event loop when something is heard."""
        self._reading, self._writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._reading, select.POLLIN)

    def listen(self) -> None:
        """Take over the signals. In the main thread only."""
        # The kernel may give a signal to any thread: only this wakes the main one out of a wait then.
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, self._on_look)
        if self._by_hand:
            signal.signal(DOORBELL, self._on_look)
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
                # The line is gone, and with it whoever watched: what is done is kept.
                signal.signal(signal.SIGHUP, self._on_stop)
        spare_children()

    def begin(self) -> None:
        """What was asked before this start: a paused run starts paused."""
        self.wish = wish_of(self._run.requests()[0], self.wish, None)
        self.pending = self.wish.pause

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.stop_asked_at is not None and now - self.stop_asked_at >= INSIST_AFTER:
            self._insisted = True
            if not self._deferred:
                self.at_once()
        if self.stop_asked_at is None:
            self.stop_asked_at = now
        self.stopping = True
        self.note()

    def _on_look(self, number: int, frame: FrameType | None) -> None:
        self._heard = number
        if number == signal.SIGCONT:
            self.continued()
        self.note()

    @contextmanager
    def insistence_deferred(self) -> Iterator[None]:
        """Inside, a second stop signal does not end the process at once; afterwards it does. In any thread."""
        with self._deferring:
            self._deferred += 1
        try:
            yield
        finally:
            with self._deferring:
                self._deferred -= 1
            if self._insisted and not self._deferred:
                self.at_once()

    def note(self) -> None:
        """Make the main thread look at its next edge. Safe in a handler and in any thread."""
        self.pending = True
        self.wake()

    def ask(self) -> None:
        """Make the loop look at its next edge, without haste: for the beating thread."""
        self.pending = True

    def wake(self) -> None:
        """End a wait. Safe in a handler and in any thread."""
        try:
            os.write(self._writing, b"!")
        except BlockingIOError:
            pass

    def look(self) -> None:
        """Decide what is asked now."""
        # First: what comes while this looks is looked at again. A stop stays.
        self.pending = self.stopping
        heard, self._heard = self._heard, None
        requests = self._run.requests()[0]
        before = self.wish
        self.wish = wish_of(requests, before, heard)
        by_request = self.wish.number > before.number
        # The SIGCONT of `fg` only undoes the ctrl+z before it.
        continued = heard == signal.SIGCONT and not self.by_terminal
        self.resumed = not self.wish.pause and (by_request or continued)
        self.by_terminal = self._by_hand and self.wish.pause and not by_request and heard == signal.SIGTSTP
        if self._by_hand:
            self._obey_cancel(requests, before)

    def _obey_cancel(self, requests: Sequence[Request], before: Wish) -> None:
        newest = newest_lasting(requests)
        if newest is not None and newest.verb is Verb.CANCEL and newest.number > before.number:
            self.stopping = self.pending = True

    def why_stopped(self) -> tuple[bool, int]:
        """Whether the newest of pause, resume and cancel is a cancel, and its number."""
        newest = newest_lasting(self._run.requests()[0])
        if newest is None:
            return False, self.wish.number
        return newest.verb is Verb.CANCEL, newest.number

    def wait(self, seconds: float) -> None:
        """Until something is heard, at most `seconds`."""
        if self.pending:
            self._drain()
        else:
            self.poll(seconds)

    def poll(self, seconds: float) -> None:
        """Until something more is heard, at most `seconds`."""
        self._poll.poll(max(0.0, seconds) * 1000)
        self._drain()

    async def wait_async(self, seconds: float) -> None:
        """`wait`, while other tasks go on; any number of them may wait."""
        import asyncio  # what runs no tasks does not pay for it

        if self.pending:
            await asyncio.sleep(0)
        else:
            await self.poll_async(seconds)

    async def poll_async(self, seconds: float) -> None:
        """`poll`, while other tasks go on."""
        import asyncio

        word = asyncio.Event()
        with self.hearing(word.set):
            try:
                async with asyncio.timeout(max(0.0, seconds)):
                    await word.wait()
            except TimeoutError:
                pass

    @contextmanager
    def hearing(self, heard: Callable[[], None]) -> Iterator[None]:
        """Inside, `heard` is called in the running event loop whenever a wait would end."""
        import asyncio

        loop = asyncio.get_running_loop()
        if not self._hearing:
            loop.add_reader(self._reading, self._pass_on)
        self._hearing.append(heard)
        try:
            yield
        finally:
            self._hearing.remove(heard)
            if not self._hearing:
                loop.remove_reader(self._reading)

    def _pass_on(self) -> None:
        self._drain()
        for heard in self._hearing:
            heard()

    def _drain(self) -> None:
        try:
            os.read(self._reading, 4096)
        except BlockingIOError:
            pass
