"""The main screen: the header, the list, the pane of the open run, the keys. Shows a fleet; posts what happened."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Input

from overnight.tui import listing
from overnight.tui.detail import Detail, Tab
from overnight.tui.events import (
    Backed,
    CursorMoved,
    CursorPut,
    Filtered,
    FoundNext,
    KeyEvent,
    LogFoundNext,
    LogMoved,
    LogPut,
    LogSought,
    Marked,
    Marking,
    Mode,
    Opened,
    Sought,
    Switched,
    TabChosen,
    TabStepped,
)
from overnight.tui.feed import Sight
from overnight.tui.filtering import EVERY_RUN, BadFilter, filter_of
from overnight.tui.footer import footer
from overnight.tui.glyphs import Glyphs
from overnight.tui.keys import KEYS
from overnight.tui.lines import Line
from overnight.tui.model import Depth, Fleet, cursor_index, is_in_log, reading_of, row_at
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.logs import logs
from overnight.tui.panes.title import tab_spans, title
from overnight.tui.screens.wishes import (
    Asked,
    CopyAsked,
    Happened,
    HelpAsked,
    Kept,
    LaunchAsked,
    Looked,
    PagerAsked,
    Refused,
    SortAsked,
    Wish,
)
from overnight.tui.widgets.fleet_list import FleetList
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.pane import Pane
from overnight.tui.widgets.typed_line import TypedLine

BESIDE_FROM = 120
"""Columns from which the pane stands beside the list."""


class FleetScreen(Screen[None]):
    """The fleet. What it shows is given by `show`; it holds nothing that is not in the fleet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.words, id=key.id, show=False) for key in KEYS
    ]
    AUTO_FOCUS = ""

    def __init__(self, fleet: Fleet, glyphs: Glyphs, columns: Sequence[str] = listing.COLUMNS) -> None:
        super().__init__()
        self._fleet, self._glyphs, self._columns = fleet, glyphs, columns
        self._sight = Sight()
        self._filter_before = EVERY_RUN

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
        if not (self.is_mounted and self.is_attached):
            # Not there yet, or on its way out: the source does not know of that.
            return
        if (before.depth, before.modes, bool(before.shown)) != (fleet.depth, fleet.modes, bool(fleet.shown)):
            self._arrange()
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    @on(LineView.Fitted)
    def _draw_fitted(self) -> None:
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

    # -- keys

    def _happened(self, event: KeyEvent) -> None:
        self.post_message(Happened(event))

    @property
    def _in_pane(self) -> bool:
        return self._fleet.depth is Depth.ENTERED and bool(self._fleet.shown)

    @property
    def _in_log(self) -> bool:
        return is_in_log(self._fleet)

    def action_move(self, by: int) -> None:
        if not self._in_pane:
            self._happened(CursorMoved(by))
        elif not self._in_log:
            self.query_one(Pane).scroll_by(by)
        elif not self.query_one(Pane).scroll_within(by):
            self._happened(LogMoved(by))

    def action_page(self, pages: int) -> None:
        view = self.query_one(Pane) if self._in_pane else self.query_one(FleetList)
        self.action_move(pages * max(1, view.size.height // 2))

    def action_top(self) -> None:
        if not self._in_pane:
            self._happened(CursorPut(0))
        elif self._in_log:
            self._happened(LogPut(0))
        else:
            self.query_one(Pane).show_from(0)

    def action_bottom(self) -> None:
        if not self._in_pane:
            self._happened(CursorPut(-1))
        elif self._in_log:
            self._happened(LogPut(None))
        else:
            pane = self.query_one(Pane)
            pane.show_from(pane.max_scroll_y)

    def action_open(self) -> None:
        self._happened(Opened())

    def action_back(self) -> None:
        self._happened(Backed())

    def action_tab(self, name: str) -> None:
        self._happened(TabChosen(Tab(name)))

    def action_step_tab(self, by: int) -> None:
        self._happened(TabStepped(by))

    def action_follow(self) -> None:
        self._happened(TabChosen(Tab.LOGS))
        self._happened(LogPut(None))

    def action_switch(self, mode: str) -> None:
        self._happened(Switched(Mode(mode)))

    def action_mark(self, marking: str) -> None:
        self._happened(Marked(Marking(marking)))

    def action_find_next(self, by: int) -> None:
        self._happened(LogFoundNext(by) if self._in_log else FoundNext(by))

    def action_find_next_or_new(self) -> None:
        """As long as something is sought, its next place."""
        if reading_of(self._fleet).sought if self._in_log else self._fleet.sought:
            self.action_find_next(1)
        else:
            self.action_new()

    def action_pause(self) -> None:
        self.post_message(Asked(Wish.PAUSE_OR_RESUME))

    def action_cancel(self) -> None:
        self.post_message(Asked(Wish.CANCEL))

    def action_kill(self) -> None:
        self.post_message(Asked(Wish.KILL))

    def action_retry(self) -> None:
        self.post_message(Asked(Wish.RETRY))

    def action_new(self) -> None:
        self.post_message(LaunchAsked(edited=False))

    def action_edit(self) -> None:
        self.post_message(LaunchAsked(edited=True))

    def action_resume_all(self) -> None:
        self.post_message(Asked(Wish.RESUME_ALL))

    def action_stacks(self) -> None:
        self.post_message(Asked(Wish.STACKS))

    def action_pager(self) -> None:
        self.post_message(PagerAsked())

    def action_copy(self) -> None:
        self.post_message(CopyAsked())

    def action_help(self) -> None:
        self.post_message(HelpAsked())

    # -- finding

    def action_find(self) -> None:
        self._open(self.query_one("#find-log" if self._in_log else "#find", TypedLine), "")

    @on(Input.Changed, "#find")
    def _seek(self, event: Input.Changed) -> None:
        self._happened(Sought(event.value))

    @on(TypedLine.Closed, "#find")
    def _end_finding(self, event: TypedLine.Closed) -> None:
        self._close(event.line)
        if event.kept:
            self.post_message(Kept())
        else:
            self._happened(Sought(""))

    @on(TypedLine.Closed, "#find-log")
    def _end_finding_in_log(self, event: TypedLine.Closed) -> None:
        self._close(event.line)
        if event.kept:
            self._happened(LogSought(event.line.value))

    def _open(self, line: TypedLine, text: str) -> None:
        """At once, not with the next layout: what is typed behind the key belongs to it."""
        line.value = text
        line.cursor_position = len(text)
        self._lines("footer").display, line.display = False, True
        self.set_focus(line)

    def _close(self, line: TypedLine) -> None:
        self._lines("footer").display, line.display = True, False

    # -- showing a part

    def action_filter(self) -> None:
        self._filter_before = self._fleet.filter
        self._open(self.query_one("#filter", TypedLine), self._fleet.filter.text)

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        """What is shown follows each key; what means nothing, or nothing yet, shows as it was."""
        try:
            chosen = filter_of(event.value)
        except BadFilter:
            event.input.add_class("-wrong")
            return
        event.input.remove_class("-wrong")
        if chosen.text != self._fleet.filter.text:
            self._happened(Filtered(chosen))

    @on(TypedLine.Closed, "#filter")
    def _end_filtering(self, event: TypedLine.Closed) -> None:
        try:
            chosen = filter_of(event.line.value) if event.kept else self._filter_before
        except BadFilter as problem:
            self.post_message(Refused(str(problem)))
            self.set_focus(event.line)
            return
        self._close(event.line)
        self._happened(Filtered(chosen))

    def action_sort(self) -> None:
        self.post_message(SortAsked())

    # -- the mouse

    @on(FleetList.Picked)
    def _pick(self, event: FleetList.Picked) -> None:
        if event.index == cursor_index(self._fleet):
            self._happened(Opened())
        else:
            self._happened(CursorPut(event.index))

    @on(FleetList.Wheeled)
    def _wheel(self, event: FleetList.Wheeled) -> None:
        self._happened(CursorMoved(event.by))

    @on(Pane.Dragged)
    def _drag(self, event: Pane.Dragged) -> None:
        self._happened(LogPut(event.place))
