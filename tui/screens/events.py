"""What happens to all runs, newest last, as it happens; enter opens the run of an event. Shows a fleet."""

import operator
from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from overnight.state.told import Told
from overnight.tui.event_list import (
    EVERY_EVENT,
    EventFilter,
    empty_words,
    event_filter_of,
    events_footer,
    events_header,
    passing,
)
from overnight.tui.filtering import BadFilter
from overnight.tui.glyphs import Glyphs
from overnight.tui.keys import IN_EVENTS, KEYS
from overnight.tui.lines import more_words
from overnight.tui.model import Fleet
from overnight.tui.screens.window import Window
from overnight.tui.screens.wishes import Refused
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.told_list import ToldList
from overnight.tui.widgets.typed_line import TypedLine

ACTIONS: Mapping[str, str] = {
    "open": "choose",
    "leave": "dismiss(None)",
    "events": "dismiss(None)",
    "find": "filter",
    "follow": "bottom",
    "only_trouble": "only_trouble",
}
"""What keys of the list do here, where that is something else."""


class EventsScreen(Window[str | None]):
    """Closes with the id of the run that shall be opened, or with None."""

    CSS_PATH = "events.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.keys, ACTIONS.get(key.id, key.action), key.words, id=f"events.{key.id}", show=False)
        for key in KEYS
        if key.id in IN_EVENTS
    ]
    AUTO_FOCUS = ""

    def __init__(self, fleet: Fleet, glyphs: Glyphs) -> None:
        super().__init__()
        self._fleet, self._glyphs = fleet, glyphs
        self._filter = self._filter_before = EVERY_EVENT
        self._told = passing(fleet, EVERY_EVENT)
        self._chosen: Told | None = None
        """The event under the cursor; None = the newest, whichever that is."""

    def compose(self) -> ComposeResult:
        yield Lines(id="header")
        yield ToldList(self._glyphs, id="told")
        yield Lines(id="footer")
        yield TypedLine("event:died,stalled group:gpu, or a text", id="filter")

    # -- showing

    def show(self, fleet: Fleet) -> None:
        before, self._fleet = self._fleet, fleet
        if (before.told, before.statuses) != (fleet.told, fleet.statuses):
            self._told = passing(fleet, self._filter)
        if self.is_mounted and self.is_attached:
            self._draw()

    @on(LineView.Fitted)
    def _draw(self) -> None:
        width = self.size.width
        header = events_header(self._fleet, len(self._told), self._filter, width, self._glyphs)
        self.query_one("#header", Lines).show(header)
        instead, listed = empty_words(self._fleet, self._filter), self.query_one(ToldList)
        listed.show(self._fleet, self._told, self._at, instead)
        more = more_words(listed.above, listed.below, self._glyphs)
        footer = events_footer(self._fleet.keys, more, width, follows=self._chosen is None)
        self.query_one("#footer", Lines).show(footer)

    @property
    def _at(self) -> int:
        """The place of the cursor; of an event that is not listed any more, where it would be."""
        if self._chosen is None:
            return max(0, len(self._told) - 1)
        # The very one: two may say the same. Of a run that was read again there are others, which say the same.
        for same in (operator.is_, operator.eq):
            for place, told in enumerate(self._told):
                if same(told, self._chosen):
                    return place
        earlier = sum(told.event.at < self._chosen.event.at for told in self._told)
        return max(0, min(earlier, len(self._told) - 1))

    def _put(self, place: int) -> None:
        if self._told:
            last = len(self._told) - 1
            self._chosen = None if place >= last else self._told[max(0, place)]
        self._draw()

    # -- keys and the mouse

    def action_move(self, by: int) -> None:
        self._put(self._at + by)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.query_one(ToldList).size.height // 2))

    def action_top(self) -> None:
        self._put(0)

    def action_bottom(self) -> None:
        self._put(len(self._told))

    def action_choose(self) -> None:
        if self._told:
            self.dismiss(self._told[self._at].run_id)

    def action_back(self) -> None:
        """One step out: of the filter, then of the list."""
        if self._filter == EVERY_EVENT:
            self.dismiss(None)
        else:
            self._pass(EVERY_EVENT)

    @on(ToldList.Picked)
    def _pick(self, event: ToldList.Picked) -> None:
        if event.index == self._at:
            self.action_choose()
        else:
            self._put(event.index)

    @on(ToldList.Wheeled)
    def _wheel(self, event: ToldList.Wheeled) -> None:
        self.action_move(event.by)

    # -- showing a part

    def action_only_trouble(self) -> None:
        self._pass(self._filter._replace(only_trouble=not self._filter.only_trouble))

    def _pass(self, chosen: EventFilter) -> None:
        self._filter = chosen
        self._told = passing(self._fleet, chosen)
        self._draw()

    def action_filter(self) -> None:
        self._filter_before = self._filter
        typed = self.query_one(TypedLine)
        typed.value = self._filter.text
        typed.cursor_position = len(typed.value)
        self.query_one("#footer", Lines).display, typed.display = False, True
        self.set_focus(typed)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """What is shown follows each key; what means nothing, or nothing yet, shows as it was."""
        try:
            chosen = event_filter_of(event.value, only_trouble=self._filter.only_trouble)
        except BadFilter:
            event.input.add_class("-wrong")
            return
        event.input.remove_class("-wrong")
        if chosen.text != self._filter.text:
            self._pass(chosen)

    @on(TypedLine.Closed)
    def _end_filtering(self, event: TypedLine.Closed) -> None:
        text = event.line.value if event.kept else self._filter_before.text
        try:
            chosen = event_filter_of(text, only_trouble=self._filter.only_trouble)
        except BadFilter as problem:
            self.post_message(Refused(str(problem)))
            self.set_focus(event.line)
            return
        self.query_one("#footer", Lines).display, event.line.display = True, False
        self._pass(chosen)
