"""What is over the list, and closes."""

from typing import TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import Screen

T = TypeVar("T")


class Window(Screen[T]):
    """Closes once: keys that came in one piece with the one that closed it are for whatever is there then."""

    _is_dismissed = False

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self._is_dismissed:
            # Textual would close what is below it, and say the answer again.
            return AwaitComplete()
        self._is_dismissed = True
        return super().dismiss(result)

    async def on_event(self, event: events.Event) -> None:
        if self._is_dismissed and isinstance(event, events.Key):
            self.app.post_message(events.Key(event.key, event.character))
        else:
            await super().on_event(event)
