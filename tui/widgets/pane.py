"""The pane of the open run: its lines, and how far they are scrolled."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from overnight.tui.lines import Line
from overnight.tui.widgets.lines import LineView


class Pane(LineView):
    """Shows lines; stays at their end while it follows."""

    class LeftEnd(Message):
        """Somebody scrolled back: it shall not follow any more."""

    class ReachedEnd(Message):
        """Somebody scrolled to the end: it shall follow again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._subject: object = None

    def show(self, lines: Sequence[Line], *, subject: object, at_end: bool) -> None:
        """`subject`: what they are about; where it is another than before, they are shown from their beginning."""
        self._lines = lines
        self.refresh_changed()
        if at_end:
            self.show_from(self.max_scroll_y)
        elif subject != self._subject:
            self.show_from(0)
        self._subject = subject

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, y: int) -> Line:
        return self._lines[y]

    def move(self, by: int) -> None:
        """Scroll, and say when the end is left or reached."""
        self.scroll_by(by)
        self.post_message(self.ReachedEnd() if self.scroll_offset.y >= self.max_scroll_y else self.LeftEnd())

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move(2)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move(-2)
