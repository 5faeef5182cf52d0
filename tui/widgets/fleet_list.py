"""The list of runs: a line for each, drawn only while it is seen."""

from textual import events
from textual.message import Message

from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.listing import Layout, empty_lines, layout_for, run_line
from overnight.tui.model import Fleet, cursor_index, row_at
from overnight.tui.widgets.lines import LineView


class FleetList(LineView):
    """Shows a fleet. Posts what the mouse does; keys are the screen's."""

    class Picked(Message):
        """A row was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Wheeled(Message):
        """The wheel was turned over the list: rows down, negative = up."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._fleet = Fleet(now=0.0)
        self._layout = layout_for(80)
        self._empty: tuple[Line, ...] = ()
        self._made: dict[int, Line] = {}
        """Lines of this fleet, each made once: it is compared with what stands there, and drawn."""

    def show(self, fleet: Fleet, layout: Layout) -> None:
        self._fleet, self._layout = fleet, layout
        self._empty = () if fleet.shown else empty_lines(fleet)
        self._made = {}
        self.refresh_changed()
        self.show_line(cursor_index(fleet))

    def line_count(self) -> int:
        return len(self._fleet.shown) or len(self._empty)

    def line_at(self, y: int) -> Line:
        if self._empty:
            return self._empty[y]
        if y not in self._made:
            self._made[y] = self._line_of(self._fleet.shown[y])
        return self._made[y]

    def _line_of(self, run_id: str) -> Line:
        fleet = self._fleet
        return run_line(
            row_at(fleet, run_id),
            self._layout,
            self._glyphs,
            cursor=run_id == fleet.cursor,
            marked=run_id in fleet.marks,
        )

    def listed(self) -> frozenset[str]:
        """Ids of the rows that are seen."""
        top = self.scroll_offset.y
        return frozenset(self._fleet.shown[top : top + self.size.height])

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < len(self._fleet.shown):
            self.post_message(self.Picked(index))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Wheeled(1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Wheeled(-1))
