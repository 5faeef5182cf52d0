"""The list of runs: a line for each, drawn only while it is seen."""

from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.listing import Layout, empty_lines, layout_for, run_line
from overnight.tui.model import Fleet, cursor_index, row_at
from overnight.tui.widgets.choice_list import ChoiceList


class FleetList(ChoiceList):
    """Shows a fleet."""

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

    def choice_count(self) -> int:
        return len(self._fleet.shown)

    def line_count(self) -> int:
        return self.choice_count() or len(self._empty)

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
