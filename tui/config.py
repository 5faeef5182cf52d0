"""How a person wants the interface, and how it is where nobody has said anything."""

from typing import NamedTuple

from overnight.tui.keys import USUAL_KEYS, Keymap
from overnight.tui.listing import COLUMNS
from overnight.tui.notices import Notice


class Config(NamedTuple):
    """How a person wants the interface."""

    theme: str = "dark"
    tick: float = 0.25
    """Seconds between two pictures that no key asked for: agents may write ten times a second, nobody reads as fast."""
    columns: tuple[str, ...] = COLUMNS
    """Of the list, in their order, as far as there is room."""
    notify: tuple[Notice, ...] = ()
    keys: Keymap = USUAL_KEYS


AS_USUAL = Config()
