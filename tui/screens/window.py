"""What is over the list, and closes."""

from typing import TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import Screen

from overnight.tui.typed_ahead import Typed, anew

T = TypeVar("T")


class Window(Screen[T]):
    """Closes once: what is typed in one piece with the key that closed it is for whatever is there then."""

    DEFAULT_CLASSES = "-window"
    _is_dismissed = False

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self._is_dismissed:
            # Textual would close what is below it, and say the answer again.
            return AwaitComplete()
        self._is_dismissed = True
        return super().dismiss(result)

    async def on_event(self, event: events.Event) -> None:
        if self._is_dismissed and isinstance(event, Typed):
            self.app.post_message(anew(event))
        else:
            await super().on_event(event)
