"""The part of the main screen that shows the open run: its title, its panes' names, the pane that is chosen.

It is loaded behind the first picture, which is not to wait for it.
"""

from collections.abc import Callable
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from overnight.tui.detail import Detail, Tab
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, more_words
from overnight.tui.model import Depth, Fleet, reading_of, row_at
from overnight.tui.page import Page
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
        self._titled: Callable[[str], Line] | None = None
        """The title, with what of the pane is out of sight."""
        self._page: Page | None = None
        """What is loaded of the log that is shown."""

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
        self._titled = partial(title, row, frame, entered=entered, tabs=None if beside else tab)
        self._tabs.show(Line((("  ", ""), *tab_spans(tab, frame, fleet.keys))))
        known = fleet.detail is not None and fleet.detail.run_id == run_id
        detail = fleet.detail if known and fleet.detail is not None else Detail(run_id)
        self._page = detail.page if tab is Tab.LOGS else None
        if tab is Tab.LOGS:
            self._show_log(fleet, detail, frame)
        else:
            lines = lines_of(tab, row, detail, frame)
            pane.show(lines, subject=(run_id, tab), newest_last=tab is Tab.HISTORY)
        self._draw_title()

    def _show_log(self, fleet: Fleet, detail: Detail, frame: Frame) -> None:
        reading = reading_of(fleet)
        sheet = logs(detail, reading, frame)
        self.pane.show(
            sheet.lines,
            subject=(fleet.cursor, fleet.tab),
            places=sheet.places,
            cursor=sheet.cursor,
            marked=fleet.depth is Depth.ENTERED,
            at_end=reading.at is None,
        )

    @on(Pane.Moved)
    def _draw_title(self) -> None:
        if self._titled is None:
            return
        above: int | None = self.pane.above
        below: int | None = self.pane.below
        if self._page is not None:
            # Of a log only a part is loaded, and where it is followed a number would change with every line.
            above = None if above or not self._page.is_first else 0
            below = below if self._page.is_last else None
        self._title.show(self._titled(more_words(above, below, self._glyphs)))
