"""The main screen: the header, the list, the pane of the open run, the keys. Shows a fleet."""

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from overnight.tui import listing
from overnight.tui.detail import Detail, Tab
from overnight.tui.events import (
    Mode,
)
from overnight.tui.footer import footer
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line
from overnight.tui.looker import Sight
from overnight.tui.model import Depth, Fleet, reading_of, row_at
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.logs import logs
from overnight.tui.panes.title import tab_spans, title
from overnight.tui.screens.fleet_keys import KeyedScreen
from overnight.tui.screens.wishes import (
    Looked,
)
from overnight.tui.widgets.fleet_list import FleetList
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.pane import Pane
from overnight.tui.widgets.typed_line import TypedLine

BESIDE_FROM = 120
"""Columns from which the pane stands beside the list."""


class FleetScreen(KeyedScreen):
    """The fleet. What it shows is given by `show`; it holds nothing that is not in the fleet."""

    def __init__(self, fleet: Fleet, glyphs: Glyphs, columns: Sequence[str] = listing.COLUMNS) -> None:
        super().__init__(fleet)
        self._glyphs, self._columns = glyphs, columns
        self._sight = Sight()

    def compose(self) -> ComposeResult:
        yield Lines(id="small")
        yield Lines(id="header")
        with Container(id="body"):
            with Vertical(id="list-side"):
                yield Lines(id="heading")
                yield FleetList(self._glyphs, id="list")
            with Vertical(id="pane-side"):
                yield Lines(id="title")
                yield Lines(id="tabs")
                yield Pane(id="pane")
        yield Lines(id="footer")
        yield TypedLine("find by name, group or label", id="find")
        yield TypedLine("find in the log", id="find-log")
        yield TypedLine("state:failed,stalled group:gpu err>0 -name:test", id="filter")

    # -- showing

    def show(self, fleet: Fleet) -> None:
        """Draw what differs from what stands there."""
        before, self._fleet = self._fleet, fleet
        if not self._is_there:
            return
        if (before.depth, before.modes, bool(before.shown)) != (fleet.depth, fleet.modes, bool(fleet.shown)):
            self._arrange()
        self._draw()

    @property
    def _is_there(self) -> bool:
        """Neither not mounted yet, nor on its way out: the source does not know of that, nor what has a new size."""
        return self.is_mounted and self.is_attached and self.app.is_running

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    @on(LineView.Fitted)
    def _draw_fitted(self) -> None:
        if self._is_there:
            self._draw()

    def _arrange(self) -> None:
        """Which parts are there, and where."""
        width, height = self.size
        small = width < listing.LEAST_WIDTH or height < listing.LEAST_HEIGHT
        open_ = self._fleet.depth is not Depth.LIST and bool(self._fleet.shown)
        self.set_class(small, "-small")
        self.set_class(width >= BESIDE_FROM, "-beside")
        self.set_class(open_, "-open")
        self.set_class(open_ and Mode.MAXIMISED in self._fleet.modes, "-maximised")

    def _draw(self) -> None:
        fleet, glyphs, width = self._fleet, self._glyphs, self.size.width
        if self.has_class("-small"):
            self._lines("small").show(listing.too_small(fleet, width, glyphs))
            return
        self._lines("header").show(listing.header(fleet, width, glyphs))
        self._lines("footer").show(footer(fleet, width, glyphs))
        fleet_list = self.query_one(FleetList)
        if fleet_list.size.width:
            layout = listing.layout_for(fleet_list.size.width, self._columns)
            self._lines("heading").show(listing.heading(layout, fleet_list.size.width, glyphs))
            fleet_list.show(fleet, layout)
        if self.has_class("-open") and fleet.cursor is not None:
            self._draw_pane(fleet.cursor)
        self._look()

    def _draw_pane(self, run_id: str) -> None:
        fleet, pane = self._fleet, self.query_one(Pane)
        if not pane.size.width:
            return
        row = row_at(fleet, run_id)
        entered = fleet.depth is Depth.ENTERED
        frame = Frame(pane.size.width, pane.size.height, self._glyphs, Mode.WRAP in fleet.modes)
        beside = self.has_class("-beside")
        self._lines("title").show(title(row, frame, entered=entered, tabs=None if beside else fleet.tab))
        self._lines("tabs").show(Line((("  ", ""), *tab_spans(fleet.tab, frame, fleet.keys))))
        known = fleet.detail is not None and fleet.detail.run_id == run_id
        detail = fleet.detail if known and fleet.detail is not None else Detail(run_id)
        subject = (run_id, fleet.tab)
        if fleet.tab is not Tab.LOGS:
            pane.show(lines_of(fleet.tab, row, detail, frame), subject=subject)
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

    def _look(self) -> None:
        """Say what is seen now: only that is read."""
        open_ = self.has_class("-open")
        listed = self.query_one(FleetList).listed()
        reading = reading_of(self._fleet)
        run_id = self._fleet.cursor if open_ else None
        sight = Sight(run_id, self._fleet.tab, listed, reading.around, reading.search)
        if sight != self._sight:
            self._sight = sight
            self.post_message(Looked(sight))

    def _lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)
