"""The list of runs: a line for each, drawn only while it is seen."""

from collections.abc import Sequence

from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.listing import Layout, empty_lines, layout_for, run_line
from overnight.tui.model import Fleet, cursor_index, row_at
from overnight.tui.widgets.choice_list import ChoiceList


class FleetList(ChoiceList):
    """Shows a fleet, in as many of these columns as there is room for."""

    def __init__(self, glyphs: Glyphs, columns: Sequence[str], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs, self._columns = glyphs, columns
        self._fleet = Fleet(now=0.0)
        self._layout: tuple[int, Layout] | None = None
        """For which width, and what."""
        self._empty: tuple[Line, ...] = ()
        self._made: dict[int, Line] = {}
        """Lines of this fleet, each made once: it is compared with what stands there, and drawn."""

    def show(self, fleet: Fleet) -> None:
        self._fleet = fleet
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
        layout = self._fitting_layout()
        if y not in self._made:
            self._made[y] = self._line_of(self._fleet.shown[y], layout)
        return self._made[y]

    def _fitting_layout(self) -> Layout:
        width = self.size.width
        if self._layout is None or self._layout[0] != width:
            self._layout, self._made = (width, layout_for(width, self._columns)), {}
        return self._layout[1]

    def _line_of(self, run_id: str, layout: Layout) -> Line:
        fleet = self._fleet
        return run_line(
            row_at(fleet, run_id),
            layout,
            self._glyphs,
            cursor=run_id == fleet.cursor,
            marked=run_id in fleet.marks,
        )

    def listed(self) -> frozenset[str]:
        """Ids of the rows that are seen."""
        top = self.scroll_offset.y
        return frozenset(self._fleet.shown[top : top + self.size.height])
