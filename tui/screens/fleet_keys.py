"""The keys and the mouse of the main screen: what each of them posts. Draws nothing."""

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from overnight.tui.detail import Tab
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
from overnight.tui.filtering import EVERY_RUN, BadFilter, filter_of
from overnight.tui.keys import KEYS
from overnight.tui.model import Depth, Fleet, cursor_index, is_in_log, reading_of
from overnight.tui.screens.wishes import (
    Asked,
    BulkStopped,
    CopyAsked,
    EventsAsked,
    Happened,
    HelpAsked,
    Kept,
    LaunchAsked,
    PagerAsked,
    PaletteAsked,
    Refused,
    SortAsked,
    Wish,
)
from overnight.tui.widgets.fleet_list import FleetList
from overnight.tui.widgets.lines import Lines
from overnight.tui.widgets.pane import Pane
from overnight.tui.widgets.typed_line import TypedLine

TYPED = {
    "find": "find by name, group or label",
    "find-log": "find in the log",
    "filter": "state:failed,stalled group:gpu err>0 -name:test",
}
"""The lines in which something is typed, and what stands there before."""


class KeyedScreen(Screen[None]):
    """What is done on the fleet; what is drawn of it is said by the screen itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, key.action, key.words, id=key.id, show=False) for key in KEYS
    ]
    AUTO_FOCUS = ""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__()
        self._fleet = fleet
        self._filter_before = EVERY_RUN
        self._typed: dict[str, TypedLine] = {}
        """Those that were opened once."""

    def pane(self) -> Pane:
        """The pane of the open run. It is made when it is first asked for."""
        raise NotImplementedError

    def on_screen_suspend(self) -> None:
        """What is said is said by the window that is over it."""
        self.query("ToastRack").set(display=False)

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
            self.pane().scroll_by(by)
        elif not self.pane().scroll_within(by):
            self._happened(LogMoved(by))

    def action_page(self, pages: int) -> None:
        view = self.pane() if self._in_pane else self.query_one(FleetList)
        self.action_move(pages * max(1, view.size.height // 2))

    def action_top(self) -> None:
        if not self._in_pane:
            self._happened(CursorPut(0))
        elif self._in_log:
            self._happened(LogPut(0))
        else:
            self.pane().show_from(0)

    def action_bottom(self) -> None:
        if not self._in_pane:
            self._happened(CursorPut(-1))
        elif self._in_log:
            self._happened(LogPut(None))
        else:
            pane = self.pane()
            pane.show_from(pane.max_scroll_y)

    def action_open(self) -> None:
        self._happened(Opened())

    def action_back(self) -> None:
        if self._fleet.bulk is not None:
            self.post_message(BulkStopped())
        else:
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

    def action_palette(self) -> None:
        self.post_message(PaletteAsked())

    def action_events(self) -> None:
        self.post_message(EventsAsked())

    # -- finding

    def action_find(self) -> None:
        self._open("find-log" if self._in_log else "find", "")

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

    def _open(self, name: str, text: str) -> None:
        """At once, not with the next layout: what is typed behind the key belongs to it."""
        if name not in self._typed:
            self._typed[name] = TypedLine(TYPED[name], id=name)
            self.mount(self._typed[name])
        line = self._typed[name]
        line.value = text
        line.cursor_position = len(text)
        self.query_one("#footer", Lines).display, line.display = False, True
        self.set_focus(line)

    def _close(self, line: TypedLine) -> None:
        self.query_one("#footer", Lines).display, line.display = True, False

    # -- showing a part

    def action_filter(self) -> None:
        self._filter_before = self._fleet.filter
        self._open("filter", self._fleet.filter.text)

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
