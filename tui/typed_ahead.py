"""What is typed in one piece with the key that opens a window: it belongs to the window, which is not there yet.

Over a slow line that is how keys arrive, and Textual hands out all of them before the first is acted upon. Until the
window is there, they wait here: those that the main screen was given already before those that nobody was. What is
pasted waits with them.
"""

from typing import Any

from textual.events import Key, Paste
from textual.message import Message
from textual.screen import Screen

from overnight.tui.keys import OPENING, Keymap

Typed = Key | Paste


def anew(typed: Typed) -> Typed:
    """The same, as if it were typed now."""
    return Key(typed.key, typed.character) if isinstance(typed, Key) else Paste(typed.text)


class Settled(Message):
    """Everything that a screen was given before has come back, and what that asked for was done."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self.screen = screen


class TypedAhead:
    """What waits."""

    def __init__(self, keys: Keymap) -> None:
        self._opening = frozenset(each for key in keys.keys if key.id in OPENING for each in key.keys.split(","))
        self.waits = False
        self._handed_out: list[Typed] = []
        self._new: list[Typed] = []

    def opens(self, key: Key) -> bool:
        """Whether a window may come of it."""
        return key.key in self._opening or key.character in self._opening

    def keep_new(self, typed: Typed) -> None:
        self._new.append(typed)

    def keep_handed_out(self, typed: Typed) -> None:
        self._handed_out.append(typed)

    def release(self) -> list[Typed]:
        """In the order in which it was typed."""
        kept = [anew(each) for each in (*self._handed_out, *self._new)]
        self.waits, self._handed_out, self._new = False, [], []
        return kept
