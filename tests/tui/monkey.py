"""Somebody who presses any keys at all, as fast as the terminal takes them."""

import random

from tests.terminal import Terminal

KEYS = (
    *"jkgGFwmdypxXrRnIv*/N&sf?Mleh12345 uo",
    *(
        "\r",
        "\t",
        "\x1b[Z",
        "\x1b[A",
        "\x1b[B",
        "\x1b[H",
        "\x1b[F",
        "\x1b[5~",
        "\x1b[6~",
        "\x04",
        "\x15",
        "\x0c",
        "\x0e",
    ),
)
"""All that mean something, but for those that leave; yes is said by `y` alone."""
JUNK = (
    *("\x00", "\x01", "\x1c", "\x1f", "\x7f", "é", "日", "👩", "\x1bOP", "\x1b[99~", "\x1b[1;5A", "\x1b[1;3B", "\x1bx"),
    *(
        "\x1b]0;x\x07",
        "\x1b[?1;2c",
        "\x1b[?2026;2$y",
        "\x1b[I",
        "\x1b[O",
        "\x1b[8;24;80t",
        "\x1b[",
        "\x1b]52;c;eA==\x07",
    ),
)
BROKEN = (b"\xff\xfe", b"\xe2\x96", b"\xc3", b"\x80\x80")
SIZES = ((80, 24), (120, 40), (60, 15), (50, 10), (160, 50), (20, 3))


class Monkey:
    """`says_yes`: whether it ever presses `y`. What it did is in `done`, for a test that fails."""

    def __init__(self, terminal: Terminal, seed: int, *, says_yes: bool) -> None:
        self._terminal, self._chance = terminal, random.Random(seed)
        self._keys = [key for key in KEYS if says_yes or key != "y"]
        self.done: list[str] = []

    def press(self, times: int) -> None:
        for number in range(times):
            self._chance.choices([self._key, self._escape, self._junk, self._paste, self._click, self._drag_corner],
                                 [70, 8, 8, 3, 8, 1])[0]()  # fmt: skip
            if number % 10 == 0:
                # What is written has to go somewhere, or it waits.
                self._terminal.read()
            assert self._terminal.child.isalive(), f"{self.done[-40:]}\n{self._terminal.text()}"

    def _send(self, bytes_: str | bytes) -> None:
        self.done.append(repr(bytes_))
        self._terminal.child.send(bytes_)

    def _key(self) -> None:
        self._send(self._chance.choice(self._keys))

    def _escape(self) -> None:
        self._send("\x1b")

    def _junk(self) -> None:
        self._send(self._chance.choice((*JUNK, *BROKEN)))

    def _paste(self) -> None:
        self._send(f"\x1b[200~{self._chance.choice(['xyXy', 'x', 'a b', chr(10) * 3, 'X' * 900])}\x1b[201~")

    def _click(self) -> None:
        x, y, button = (
            self._chance.randrange(1, 130),
            self._chance.randrange(1, 45),
            self._chance.choice([0, 2, 64, 65, 35]),
        )
        self._send(f"\x1b[<{button};{x};{y}M\x1b[<{button};{x};{y}m")

    def _drag_corner(self) -> None:
        size = self._chance.choice(SIZES)
        self.done.append(f"{size}")
        self._terminal.resize(*size)
