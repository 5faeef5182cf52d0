"""Sleeping until something happens: a signal, a descriptor, a deadline. No tick, and no signal is missed."""

import os
import select
import signal
from collections.abc import Collection

HEARD = (signal.SIGURG, signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""The doorbell; a child has ended; stop; and two that are caught so that they do nothing."""


def hold_back_signals() -> None:
    """From now on these wait for a bell: here, and in whatever is forked from here."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    for each in HEARD:
        # Caught, not ignored: an exec would pass on an ignored one.
        signal.signal(each, _heard)


class Bell:
    """One for a process: it hears what was held back, and what comes."""

    def __init__(self) -> None:
        self._reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)

    def wait(self, timeout: float, descriptors: Collection[int]) -> set[int]:
        """Sleep at most `timeout` seconds. The signals that came; descriptors that are ready end it, too."""
        poll = select.poll()
        for each in (self._reader, *descriptors):
            poll.register(each, select.POLLIN)
        # Rounded up: a deadline must have passed when it is looked at.
        poll.poll(int(timeout * 1000) + (timeout > 0))
        try:
            return set(os.read(self._reader, 4096))
        except BlockingIOError:
            return set()


def _heard(*_: object) -> None:
    """The wake-up descriptor has the number already."""
