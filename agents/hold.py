"""Standing still where that is asked or needed: a pause, ctrl+z, a wait, a full disk. A stop ends each of them."""

import errno
import os
import signal
import time
from collections.abc import Callable

from overnight.agents.heartbeat import BEAT_EVERY, Beat
from overnight.agents.orders import LOOK_AFTER, Orders, Stopped
from overnight.agents.report import Report
from overnight.state.records import AgentStatus, Waiting

ROOM_EVERY = 1.0
"""Seconds between two tries to write to a disk that was full."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class Hold:
    """Obeys what is asked, in the main thread, at an item edge or inside of `run.check()`."""

    def __init__(self, orders: Orders, report: Report, beat: Beat, checkpoint: Callable[[], None]) -> None:
        """`checkpoint` makes what is finished safe: head written, everything synced."""
        self._orders, self._report, self._beat, self._checkpoint = orders, report, beat, checkpoint
        self._clock = report.clock

    def obey(self) -> None:
        """Do what is asked now. Returns when the run shall work. Raises Stopped."""
        self._orders.look()
        if self._orders.wish.pause:
            self._checkpoint()
            self._clock.pause()
            try:
                self._stand_still()
            finally:
                self._clock.go_on()
        self._stop_if_asked()
        if self._report.status is AgentStatus.PAUSED or self._report.acknowledged != self._orders.wish.number:
            self._say(AgentStatus.RUNNING)

    def check(self) -> None:
        """`obey` if anything was heard."""
        if self._orders.pending:
            self.obey()

    def _stand_still(self) -> None:
        while self._orders.wish.pause and not self._orders.stopping:
            self._say(AgentStatus.PAUSED)
            if self._orders.by_terminal:
                # Whoever pressed ctrl+z wants the shell back; `fg` sends SIGCONT, which ends the wish.
                os.kill(os.getpid(), signal.SIGSTOP)
            self._orders.wait(LOOK_AFTER)
            self._orders.look()

    def _say(self, status: AgentStatus) -> None:
        self._report.status, self._report.acknowledged = status, self._orders.wish.number
        self._beat.write_progress()

    def _stop_if_asked(self) -> None:
        if self._orders.stopping:
            raise Stopped

    def wait(self, seconds: float, reason: str | None) -> None:
        """So many seconds of active time. With a reason, a wait that is longer than a beat is announced."""
        until = self._clock.active() + seconds
        if reason is not None and seconds > BEAT_EVERY:
            self._announce(Waiting(reason, time.time() + seconds))
        try:
            while (left := until - self._clock.active()) > 0:
                self._orders.wait(min(left, LOOK_AFTER))
                self.check()
        finally:
            if self._report.waiting is not None:
                self._announce(None)

    def _announce(self, waiting: Waiting | None) -> None:
        self._report.waiting = waiting
        self._beat.write_heartbeat()

    def keep(self, write: Callable[[], None]) -> None:
        """Do `write`, which does all or nothing; where the disk is full, wait until there is room.

        Raises Stopped; any other OSError than a full disk.
        """
        try:
            write()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._wait_for_room(write, error)

    def _wait_for_room(self, write: Callable[[], None], full: OSError) -> None:
        status, message = self._report.status, self._report.message
        self._report.status = AgentStatus.PAUSED
        self._report.message = f"waiting for room: {full.strerror}"
        self._clock.pause()
        try:
            while not self._wrote(write):
                self._beat.write_progress()
                self._orders.wait(ROOM_EVERY)
                if self._orders.pending:
                    self._orders.look()
                self._stop_if_asked()
        finally:
            self._clock.go_on()
            self._report.status, self._report.message = status, message
            # A pause that was heard meanwhile is obeyed at the item edge.
            self._orders.pending = True

    def skip_when_full(self, write: Callable[[], None]) -> None:
        """Do `write` if there is room: for what is made again later."""
        self._wrote(write)

    def _wrote(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return False
        return True
