"""The terminal as something that can vanish: who notices, and how the process then ends without harm.

An interface whose terminal is gone must neither spin nor hang: agents do not need it, and nobody sees it.
"""

import asyncio
import os
import select
import signal
import sys
import termios
from collections.abc import Callable
from functools import partial
from threading import Event, Thread, Timer
from typing import Any

HUNG_UP, TERMINATED, INTERRUPTED = 129, 143, 130
"""128 + SIGHUP, SIGTERM, SIGINT, as shells say it."""
PATIENCE = 2.0
"""Seconds for a clean end; then a hard one."""
SIGNALS = {signal.SIGHUP: HUNG_UP, signal.SIGTERM: TERMINATED, signal.SIGINT: INTERRUPTED}
RESTORING = b"\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[?7h\x1b[?1049l\x1b[?25h"
"""Keyboard protocol, mouse, paste and focus reports off, wrapping on, the ordinary screen, the cursor."""


class Guard:
    """Calls `leave(code)` in the event loop when the process shall end, and ends it itself if that does not."""

    def __init__(self, leave: Callable[[int], None], ending: bytes = b"") -> None:
        """`ending`: what takes back all else that was told the terminal, where it has to end hard."""
        self._leave, self._ending = leave, ending
        self._over = Event()
        self._attributes = _attributes()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen to the signals and to the terminal. In the main thread, inside of the loop."""
        for number, code in SIGNALS.items():
            loop.add_signal_handler(number, self._leave, code)
            # What the loop is to do it does not while it is stuck.
            _and_also(number, partial(self._insist, code))
        Thread(target=self._watch_terminal, args=(loop,), name="terminal-watch", daemon=True).start()

    def stop(self) -> None:
        """The end has come by itself."""
        self._over.set()

    def _watch_terminal(self, loop: asyncio.AbstractEventLoop) -> None:
        poll = select.poll()
        for descriptor in {sys.__stdin__, sys.__stderr__}:
            if descriptor is not None:
                # Only hang-ups and errors, which are told of without being asked for.
                poll.register(descriptor.fileno(), 0)
        while not self._over.is_set():
            if poll.poll(500) and not self._over.is_set():
                self._insist(HUNG_UP)
                try:
                    loop.call_soon_threadsafe(self._leave, HUNG_UP)
                except RuntimeError:  # the loop is closed: the end has come by itself
                    return
                return

    def _insist(self, code: int) -> None:
        timer = Timer(PATIENCE, self._end_hard, (code,))
        timer.daemon = True
        timer.start()

    def _end_hard(self, code: int) -> None:
        if self._over.is_set():
            return
        restore(self._attributes, self._ending)
        os._exit(code)


def _and_also(number: signal.Signals, act: Callable[[], object]) -> None:
    """Keep the loop's handler and call `act` too, from the interpreter's main thread as soon as it runs any code."""
    before: Any = signal.getsignal(number)

    def handle(caught: int, frame: Any) -> None:
        act()
        if callable(before):
            before(caught, frame)

    signal.signal(number, handle)
    signal.siginterrupt(number, False)


def _attributes() -> list[Any] | None:
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def restore(attributes: list[Any] | None, ending: bytes) -> None:
    """Give the terminal back, as far as it takes anything without waiting."""
    try:
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
    except termios.error:
        return
    write_at_once(RESTORING + ending)


def write_at_once(codes: bytes) -> None:
    """What the terminal takes of it without waiting; one that is gone takes nothing."""
    poll = select.poll()
    poll.register(2, select.POLLOUT)
    try:
        if codes and any(happened & select.POLLOUT for _, happened in poll.poll(0)):
            os.write(2, codes)
    except OSError:
        return


def switch_mouse(driver: Any) -> bool:
    """Give the mouse to the interface, or back to the terminal; whether the interface has it now."""
    on = not driver._mouse
    # Both of Textual's own do nothing where it is off.
    driver._mouse = True
    switch = getattr(driver, "_enable_mouse_support" if on else "_disable_mouse_support", None)
    if switch is not None:
        switch()
    driver._mouse = on
    driver.flush()
    return on
