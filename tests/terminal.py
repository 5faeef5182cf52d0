"""A real terminal for tests: a pty whose screen is kept by an emulator, typed into as a person would."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pexpect
import pyte

from tests.waiting import eventually

QUIET = 0.05
"""Seconds for which one read waits for more bytes."""


class Screen(pyte.Screen):
    """One that answers, as every terminal does, when it is asked where its cursor is."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.answers: list[str] = []

    def write_process_input(self, data: str) -> None:
        self.answers.append(data)


class Terminal:
    """A program in a pty of `columns` x `rows`. `raw` keeps every byte that it wrote."""

    def __init__(self, command: list[str], columns: int, rows: int, environment: dict[str, str]) -> None:
        self.screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0], command[1:], dimensions=(rows, columns), env=environment, timeout=None
        )

    def text(self) -> str:
        """What the screen shows now."""
        self.read()
        # Not its own `display`, which fails where one half of a wide character was written over.
        lines = ([self.screen.buffer[y][x].data for x in range(self.screen.columns)] for y in range(self.screen.lines))
        return "\n".join("".join(line).rstrip() for line in lines)

    def read(self) -> None:
        """Take in what was written since the last time."""
        while True:
            try:
                some = self.child.read_nonblocking(65536, timeout=QUIET)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
            self.feed(some)

    def feed(self, some: bytes) -> None:
        """Take in what somebody else has read."""
        self.raw += some
        self._stream.feed(some)
        while self.screen.answers:
            # At once, not as somebody types; it may have ended meanwhile.
            with suppress(OSError):
                os.write(self.child.child_fd, self.screen.answers.pop(0).encode())

    def type(self, keys: str) -> None:
        self.child.send(keys)

    def resize(self, columns: int, rows: int) -> None:
        """As somebody does who drags the window's corner; what it showed is gone."""
        self.screen.resize(rows, columns)
        self.screen.erase_in_display(2)
        self.child.setwinsize(rows, columns)

    def shows(self, *words: str, timeout: float = 20) -> str:
        """The screen's text as soon as it holds all of the words."""
        seen = ""

        def all_there() -> bool:
            nonlocal seen
            seen = self.text()
            return all(word in seen for word in words)

        try:
            eventually(all_there, timeout=timeout)
        except AssertionError:
            raise AssertionError(f"never showed {words}:\n{seen}") from None
        return seen

    def ends(self, timeout: float = 10) -> int:
        """The exit code, or minus the signal, once the program has ended."""

        def ended() -> bool:
            self.read()
            return not self.child.isalive()

        eventually(ended, timeout=timeout, message="the program ends")
        if self.child.exitstatus is not None:
            return int(self.child.exitstatus)
        return -int(self.child.signalstatus or 0)

    def hang_up(self) -> None:
        """Close the terminal's side of the pty, as a dropped line does."""
        line: Any = vars(self.child)["ptyproc"]
        # Not the descriptor by itself: the object would close it again, when its number is another one's by then.
        line.fileobj.close()
        line.closed, line.fd = True, -1
        self.child.closed, self.child.child_fd = True, -1


@contextmanager
def a_terminal(command: list[str], columns: int = 80, rows: int = 24, **changes: Any) -> Iterator[Terminal]:
    """Start `command` in a pty; it is killed at the end if it still runs."""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **changes}
    for name in ("SSH_CONNECTION", "NO_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    terminal = Terminal(command, columns, rows, environment)
    try:
        yield terminal
    finally:
        if terminal.child.isalive():
            terminal.child.kill(9)
            terminal.child.wait()
        if not terminal.child.closed:
            terminal.child.close()
