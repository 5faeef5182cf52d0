"""The list of events: a line for each, made only while it is seen."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from overnight.state.told import Told
from overnight.tui.event_list import told_line
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.model import Fleet
from overnight.tui.widgets.lines import LineView


class ToldList(LineView):
    """Shows events. Posts what the mouse does; keys are the screen's."""

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Wheeled(Message):
        """The wheel was turned over the list: lines down, negative = up."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._fleet = Fleet(now=0.0)
        self._told: Sequence[Told] = ()
        self._at = 0
        self._instead: Sequence[Line] = ()
        """What stands there where there is no event."""

    def show(self, fleet: Fleet, told: Sequence[Told], at: int, instead: Sequence[Line]) -> None:
        """With the cursor on number `at`."""
        self._fleet, self._told, self._at, self._instead = fleet, told, at, instead
        self.refresh_changed()
        self.show_line(at)

    def line_count(self) -> int:
        return len(self._told) or len(self._instead)

    def line_at(self, y: int) -> Line:
        if not self._told:
            return self._instead[y]
        return told_line(self._fleet, self._told[y], self.size.width, self._glyphs, chosen=y == self._at)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < len(self._told):
            self.post_message(self.Picked(index))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(-1))
