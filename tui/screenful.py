"""Lines that are drawn again in the same place; where stdout draws nothing, again below whenever they have changed."""

import os
import sys
from collections.abc import Sequence

from overnight.tui import console

HOME, TO_END_OF_LINE, TO_END = "\x1b[H", "\x1b[K", "\x1b[J"
CLEARED = "\x1b[2J"


class Screenful:
    """What stands on stdout."""

    def __init__(self) -> None:
        self._drawn = console.is_drawn(sys.stdout)
        self._shown: Sequence[str] | None = None

    def show(self, lines: Sequence[str]) -> None:
        """In the place of what was shown before."""
        if not self._drawn:
            if lines != self._shown:
                sys.stdout.write("".join(f"{line}\n" for line in [*([""] if self._shown else []), *lines]))
        else:
            kept = fitted(lines, os.get_terminal_size(sys.stdout.fileno()).lines)
            start = CLEARED if self._shown is None else ""
            drawn = "".join(f"{line}{TO_END_OF_LINE}\n" for line in kept)
            sys.stdout.write(f"{start}{HOME}{drawn}{TO_END}")
        self._shown = lines
        console.finish()


def fitted(lines: Sequence[str], height: int) -> Sequence[str]:
    """As many as there is room for, and how many are left out. The newest are the last: the first give way."""
    if not height or len(lines) < height:
        return lines
    left = len(lines) - height + 2
    return [lines[0], f"{left} more above: `overnight ls` prints all", *lines[left + 1 :]]
