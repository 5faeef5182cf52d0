"""Lines in which something is typed: what shall be found, shown or done.

Over a slow line keys arrive in one piece, and Textual hands out all of them before the first is acted upon. So this
takes those that came before it was there, and gives back those that came behind the one that closed it; what is pasted
is typed.
"""

from textual import events
from textual.message import Message
from textual.widgets import Input

from overnight.tui.typed_ahead import anew


class BurstLine(Input):
    """What is typed in one piece with the key that took the focus from it is for whatever is there then."""

    def on_key(self, event: events.Key) -> None:
        self._give_back(event)

    def on_paste(self, event: events.Paste) -> None:
        self._give_back(event)

    def _give_back(self, event: events.Key | events.Paste) -> bool:
        """Whether it was none of this line's."""
        if self.screen.focused is self:
            return False
        event.stop()
        event.prevent_default()
        self.screen.post_message(anew(event))
        return True


class TypedLine(BurstLine):
    """Takes the place of the last line while something is typed; enter and escape take the focus from it."""

    class Closed(Message):
        """`kept`: by enter; else it shall be as before."""

        def __init__(self, line: "TypedLine", *, kept: bool) -> None:
            super().__init__()
            self.line, self.kept = line, kept

        @property
        def control(self) -> "TypedLine":
            return self.line

    def __init__(self, placeholder: str, *, id: str) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._newest: events.Key | None = None

    def on_key(self, event: events.Key) -> None:
        if self._give_back(event):
            return
        if event.key in {"enter", "escape"}:
            event.stop()
            event.prevent_default()
            self.screen.set_focus(None)
            self.post_message(self.Closed(self, kept=event.key == "enter"))
        else:
            self._newest = event

    def take(self, event: events.Key) -> bool:
        """Whether this key came before the line was there, and is typed into it now."""
        if event is self._newest:
            return False
        self.post_message(anew(event))
        return True
