"""The main screen: the header, the list, the pane of the open run, the keys. Shows a fleet."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.geometry import Size

from overnight.tui import listing
from overnight.tui.events import Mode
from overnight.tui.footer import footer
from overnight.tui.glyphs import Glyphs
from overnight.tui.header import header, too_small
from overnight.tui.model import Depth, Fleet, reading_of
from overnight.tui.screens.fleet_keys import KeyedScreen
from overnight.tui.screens.wishes import Looked
from overnight.tui.sight import Sight
from overnight.tui.widgets.fleet_list import FleetList
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from overnight.tui.screens.open_run import OpenRun


class FleetScreen(KeyedScreen):
    """The fleet. What it shows is given by `show`; it holds nothing that is not in the fleet."""

    def __init__(self, fleet: Fleet, glyphs: Glyphs, columns: Sequence[str] = listing.COLUMNS) -> None:
        super().__init__(fleet)
        self._glyphs, self._columns = glyphs, columns
        self._sight = Sight()
        self._open_run: OpenRun | None = None
        """None = no run was opened yet."""
        self._out_of_sight: tuple[int, int] | None = None
        """How many runs the heading says are above and below; None = it says nothing yet."""

    def compose(self) -> ComposeResult:
        """What is in the first picture; the rest comes when it is needed."""
        self._arrange(self.app.size)
        yield Lines(id="header")
        with Container(id="body"):
            with Vertical(id="list-side"):
                yield Lines(id="heading")
                yield FleetList(self._glyphs, self._columns, id="list")
            yield Vertical(id="pane-side")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self._draw()

    # -- showing

    def show(self, fleet: Fleet) -> None:
        """Draw what differs from what stands there."""
        before, self._fleet = self._fleet, fleet
        if not self._is_there:
            return
        if (before.depth, before.modes, bool(before.shown)) != (fleet.depth, fleet.modes, bool(fleet.shown)):
            self._arrange(self.size)
        self._draw()

    @property
    def _is_there(self) -> bool:
        """Neither not mounted yet, nor on its way out: the source does not know of that, nor what has a new size."""
        return self.is_mounted and self.is_attached and self.app.is_running

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size)

    @on(LineView.Fitted)
    def _draw_fitted(self) -> None:
        if self._is_there:
            self._draw()

    def _arrange(self, size: Size) -> None:
        """Which parts are there, and where."""
        small = size.width < listing.LEAST_WIDTH or size.height < listing.LEAST_HEIGHT
        open_ = self._fleet.depth is not Depth.LIST and bool(self._fleet.shown)
        self.set_class(small, "-small")
        self.set_class(size.width >= listing.BESIDE_FROM, "-beside")
        self.set_class(open_, "-open")
        self.set_class(open_ and Mode.MAXIMISED in self._fleet.modes, "-maximised")

    def pane(self) -> Pane:
        if self._open_run is None:
            from overnight.tui.screens.open_run import OpenRun

            self._open_run = OpenRun(self._glyphs)
            self.query_one("#pane-side").mount(self._open_run)
        return self._open_run.pane

    def _draw(self) -> None:
        fleet, glyphs, columns = self._fleet, self._glyphs, self._columns
        if self.has_class("-small"):
            self._lines("header").show_fitting(lambda width: [too_small(fleet, width, glyphs)])
            return
        self._lines("header").show_fitting(lambda width: [header(fleet, width, glyphs)])
        self._lines("footer").show_fitting(lambda width: [footer(fleet, width, glyphs)])
        runs = self.query_one(FleetList)
        runs.show(fleet)
        above, below = out_of_sight = runs.above, runs.below
        if out_of_sight != self._out_of_sight:
            self._out_of_sight = out_of_sight
            self._lines("heading").show_fitting(lambda width: [listing.heading(width, columns, glyphs, above, below)])
        self._draw_pane()
        self._look()

    def _draw_pane(self) -> None:
        if not self.has_class("-open"):
            return
        if self._open_run is None:
            # The list need not wait for what the panes are made of.
            self.call_after_refresh(self._make_pane)
        else:
            self._open_run.show(self._fleet, beside=self.has_class("-beside"))

    def _make_pane(self) -> None:
        if self._is_there:
            self.pane()

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
