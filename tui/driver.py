"""The terminal as Textual drives it, but asleep until a key is pressed, and told when its line has carried a picture.
What is pasted comes in clean.

Textual looks ten times a second whether a key was pressed or the end has come. Here one wait in the kernel is for both.
"""

import os
import select
from codecs import getincrementaldecoder
from typing import Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import CursorPosition, Paste
from textual.message import Message

from overnight.tui.clean import clean
from overnight.tui.pace import Pace

ESCAPE_DELAY = 100
"""Milliseconds between two looks whether an escape stays alone, and is a key."""
LAST_ANSWER = 0.5
"""Seconds until the terminal is given back though it has not answered yet: what it says then, the shell reads."""


class Driver(LinuxDriver):
    """For a terminal on stdin and stderr."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.pace = Pace()
        self._awaken, self._awakens = os.pipe()

    def is_busy(self) -> bool:
        """Whether a picture that nobody asked for would make a key wait."""
        writer = self._writer_thread
        return (writer is not None and writer._queue.qsize() > 0) or not self.pace.is_free()

    def start_application_mode(self) -> None:
        if self._key_thread is not None and self._key_thread.is_alive():
            # It goes on without having left: a terminal that hangs up tells it to. There is one reader of keys.
            self._end_reading()
        self.pace.begin_anew()
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def process_message(self, message: Message) -> None:
        if isinstance(message, CursorPosition):
            # Nobody else asks for it.
            self.pace.answered()
        elif isinstance(message, Paste):
            # A web page may have put anything into the clipboard; a field draws what it holds.
            super().process_message(Paste("\n".join(map(clean, message.text.splitlines()))))
        else:
            super().process_message(message)

    def disable_input(self) -> None:
        self.pace.wait(LAST_ANSWER)
        self._end_reading()

    def _end_reading(self) -> None:
        os.write(self._awakens, b"\0")
        super().disable_input()
        os.read(self._awaken, 1)

    def run_input_thread(self) -> None:
        poll = select.poll()
        for descriptor in (self.fileno, self._awaken):
            poll.register(descriptor, select.POLLIN)
        # What is no text, from a noisy line or in another encoding, is a sign that nobody knows.
        parser, decode = XTermParser(self._debug), getincrementaldecoder("utf-8")("replace").decode
        while not self.exit_event.is_set():
            happened = dict(poll.poll(None if parser._timeout_time is None else ESCAPE_DELAY))
            if self.fileno in happened:
                if (typed := read_typed(self.fileno)) is None:
                    # Whoever watches the terminal ends the program.
                    poll.unregister(self.fileno)
                    continue
                # The first half of a sign is nothing yet, which the parser would take for the end.
                for message in parser.feed(text) if (text := decode(typed)) else ():
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)


def read_typed(descriptor: int) -> bytes | None:
    """What was typed; None = the terminal is gone."""
    try:
        return os.read(descriptor, 4096) or None
    except BlockingIOError:
        # Another program that shares the terminal has set it so, and has read what was typed.
        return b""
    except OSError:
        return None
