"""What of the application is given to its parts that act."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from textual.screen import Screen
from textual.theme import Theme

from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.tui.events import Event
from overnight.tui.feed import Source
from overnight.tui.glyphs import Glyphs
from overnight.tui.model import Fleet

T = TypeVar("T")


class Desk(Protocol):
    """Where the fleet is, and how it is changed, shown and spoken of."""

    home: Home
    source: Source
    glyphs: Glyphs
    fleet: Fleet

    def change(self, *events: Event) -> None:
        """Fold events into the fleet, and show what became of it."""

    def tell(self, text: str, severity: str) -> None:
        """Say it for some seconds."""

    def complain(self, error: OvernightError) -> None:
        """Say what went wrong, and what can be done."""

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Do it beside everything else; what goes wrong ends it, and is said."""

    def act(self, action: str) -> None:
        """What a key of the main screen does."""

    def use_theme(self, theme: Theme) -> None:
        """Show everything in its colours."""

    def open(self, screen: Screen[T], closed: Callable[[T | None], None] | None = None) -> None:
        """Show it over the list; `closed` is called with what it ended with."""
