"""Keys that come in one piece with the one that opens a window: they belong to the window, which is not there yet.

Over a slow line that is how keys arrive, and Textual hands out all of them before the first is acted upon. Until the
window is there, they wait here: those that the main screen was given already before those that nobody was.
"""

from typing import Any

from textual.events import Key
from textual.message import Message
from textual.screen import Screen

from overnight.tui.keys import OPENING, Keymap


class Settled(Message):
    """Everything that a screen was given before has come back, and what that asked for was done."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.screen = screen


class TypedAhead:
    """The keys that wait."""

    def __init__(self, keys: Keymap) -> None:
        self._opening = frozenset(each for key in keys.keys if key.id in OPENING for each in key.keys.split(","))
        self.waits = False
        self._handed_out: list[Key] = []
        self._new: list[Key] = []

    def opens(self, key: Key) -> bool:
        """Whether a window may come of it."""
        return key.key in self._opening or key.character in self._opening

    def keep_new(self, key: Key) -> None:
        self._new.append(key)

    def keep_handed_out(self, key: Key) -> None:
        self._handed_out.append(key)

    def release(self) -> list[Key]:
        """In the order in which they were pressed, as if they were pressed now."""
        kept = [Key(key.key, key.character) for key in (*self._handed_out, *self._new)]
        self.waits, self._handed_out, self._new = False, [], []
        return kept
