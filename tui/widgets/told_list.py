"""The list of events: a line for each, made only while it is seen."""

from collections.abc import Sequence

from overnight.state.told import Told
from overnight.tui.event_list import told_line
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.model import Fleet
from overnight.tui.widgets.choice_list import ChoiceList


class ToldList(ChoiceList):
    """Shows events."""

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

    def choice_count(self) -> int:
        return len(self._told)

    def line_count(self) -> int:
        return self.choice_count() or len(self._instead)

    def line_at(self, y: int) -> Line:
        if not self._told:
            return self._instead[y]
        return told_line(self._fleet, self._told[y], self.size.width, self._glyphs, chosen=y == self._at)
