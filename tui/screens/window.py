"""What is over the list, and closes; and how what has no room in it is reached."""

from typing import ClassVar, TypeVar

from textual import events
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import Screen

from overnight.tui.keys import KEYS, MOVING
from overnight.tui.typed_ahead import Typed, anew
from overnight.tui.widgets.lines import LineView

T = TypeVar("T")


class Window(Screen[T]):
    """Closes once: what is typed in one piece with the key that closed it is for whatever is there then."""

    DEFAULT_CLASSES = "-window"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.words, id=key.id, show=False)
        for key in KEYS
        if key.id in {"redraw", "suspend"}
    ]
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


class Scrolled(Window[T]):
    """Scrolls with the keys that move in the list."""

    def body(self) -> LineView:
        """What scrolls."""
        raise NotImplementedError

    def moved(self) -> None:
        """It was scrolled."""

    def action_move(self, by: int) -> None:
        self.body().scroll_by(by)
        self.moved()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.body().size.height // 2))

    def action_top(self) -> None:
        self.action_move(-self.body().above)

    def action_bottom(self) -> None:
        self.action_move(self.body().below)


def moving(window: str) -> list[BindingType]:
    """The keys for it."""
    return [
        Binding(key.keys, key.action, key.words, id=f"{window}.{key.id.removeprefix('move.')}", show=False)
        for key in KEYS
        if key.section == MOVING
    ]
