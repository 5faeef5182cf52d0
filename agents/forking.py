"""A forked child of an agent hears signals as any process does, and does not note them for a loop that is not its.

The signals are blocked over the fork. One that comes before the child's handlers are gone would be lost: the
interpreter forgets in a child what had arrived.
"""

import os
import signal
import threading

HEARD = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT, signal.SIGURG})


_mask = threading.local()
"""What each forking thread had blocked before."""


def spare_children() -> None:
    """From now on, for the life of this process."""
    os.register_at_fork(before=_block, after_in_parent=_unblock, after_in_child=_restore)


def _block() -> None:
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)


def _restore() -> None:
    # What a child hears is no news for its parent.
    signal.set_wakeup_fd(-1)
    for number in HEARD:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    _unblock()
