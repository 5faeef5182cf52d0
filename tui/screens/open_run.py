"""The part of the main screen that shows the open run: its title, its panes' names, the pane that is chosen.

It is loaded when a run is first opened.
"""

from textual.app import ComposeResult
from textual.containers import Vertical

from overnight.tui.detail import Detail, Tab
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.model import Depth, Fleet, reading_of, row_at
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.logs import logs
from overnight.tui.panes.title import tab_spans, title
from overnight.tui.widgets.lines import Lines
from overnight.tui.widgets.pane import Pane


class OpenRun(Vertical):
    """Shows the run under the cursor of a fleet."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._title, self._tabs, self.pane = Lines(id="title"), Lines(id="tabs"), Pane(id="pane")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._tabs
        yield self.pane

    def show(self, fleet: Fleet, *, beside: bool) -> None:
        """`beside`: it stands beside the list, with room for the names of the panes."""
        pane = self.pane
        if not pane.size.width or fleet.cursor is None:
            return
        run_id, tab = fleet.cursor, fleet.tab
        entered = fleet.depth is Depth.ENTERED
        frame = Frame(pane.size.width, pane.size.height, self._glyphs, Mode.WRAP in fleet.modes)
        row = row_at(fleet, run_id)
        self._title.show(title(row, frame, entered=entered, tabs=None if beside else tab))
        self._tabs.show(Line((("  ", ""), *tab_spans(tab, frame, fleet.keys))))
        known = fleet.detail is not None and fleet.detail.run_id == run_id
        detail = fleet.detail if known and fleet.detail is not None else Detail(run_id)
        subject = (run_id, tab)
        if tab is not Tab.LOGS:
            pane.show(lines_of(tab, row, detail, frame), subject=subject)
            return
        reading = reading_of(fleet)
        sheet = logs(detail, reading, frame)
        pane.show(
            sheet.lines,
            subject=subject,
            places=sheet.places,
            cursor=sheet.cursor,
            marked=entered,
            at_end=reading.at is None,
        )
