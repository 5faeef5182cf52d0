"""The dialog of a launch: a few fields, what was launched lately, and what would happen, before it does."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from overnight.state.errors import OvernightError, WrongUsage
from overnight.tui.clean import clean
from overnight.tui.glyphs import Glyphs
from overnight.tui.launching import Draft, Form, draft_lines, order_of, preview
from overnight.tui.lines import Line, cut, left, line
from overnight.tui.screens.window import Window
from overnight.tui.screens.wishes import LaunchWanted
from overnight.tui.widgets.lines import Lines

LABEL_WIDTH = 9
KEYS = line(
    *(("enter", "key"), (" Launch  ", "dim"), ("↑ ↓", "key"), (" Recent  ", "dim")),
    *(("tab", "key"), (" Next field  ", "dim"), ("esc", "key"), (" Back", "dim")),
)


class Field(Input):
    """One line. Of what is pasted it takes the first, and says so where there were more."""

    class Shortened(Message):
        """`lines`: so many had been pasted."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def on_paste(self, event: events.Paste) -> None:
        if (lines := len(event.text.splitlines())) > 1:
            # Behind the change that the paste itself makes.
            self.call_next(self.post_message, self.Shortened(lines))


class LaunchScreen(Window[None], ModalScreen[None]):
    """Asks for a launch, and stays until that has succeeded or was given up."""

    CSS_PATH = "launch.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "back", id="launch.back", show=False),
        Binding("up", "recent(-1)", "the launch before", id="launch.newer", show=False),
        Binding("down", "recent(1)", "an earlier launch", id="launch.older", show=False),
    ]
    AUTO_FOCUS = "#command"

    def __init__(self, title: str, draft: Draft, recent: Sequence[Draft], glyphs: Glyphs) -> None:
        super().__init__()
        self._title, self._draft, self._recent, self._glyphs = title, draft, recent, glyphs
        self._first = draft
        self._chosen: int | None = None
        """Of the recent ones."""
        self._waits = False
        """For what becomes of the launch."""
        self._remark = ""
        """About what was typed last; "" = there is none."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="subject")
            for field in Form._fields:
                with Horizontal(classes="field"):
                    yield Lines(id=f"label-{field}")
                    yield Field(getattr(self._draft.form, field), id=field, compact=True, select_on_focus=False)
            yield Lines(id="recent")
            yield Lines(id="verdict")
            yield Lines(id="keys")

    def on_mount(self) -> None:
        for field in Form._fields:
            self.query_one(f"#{field}", Input).cursor_blink = False
        self.call_after_refresh(self._draw)

    # -- showing

    def _draw(self) -> None:
        width = max(20, self.query_one("#recent", Lines).size.width)
        self._lines("subject").show(line((cut(self._title, width), "strong")))
        for field in Form._fields:
            self._lines(f"label-{field}").show(line((left(field, LABEL_WIDTH), "dim")))
        recent = draft_lines(self._recent, self._chosen, width, self._glyphs.cursor)
        self._lines("recent").styles.height = len(recent)
        self._lines("recent").show(*recent)
        self._lines("verdict").show(*self._verdict(width))
        self._lines("keys").show(KEYS)

    def _verdict(self, width: int) -> tuple[Line, ...]:
        if self._waits:
            return (line(("launching…", "dim")),)
        if self._remark:
            hint = "A shell takes several: sh -c 'FIRST; SECOND'."
            return (line((cut(self._remark, width), "warn")), line((cut(hint, width), "dim")))
        try:
            return preview(order_of(self._draft), width)
        except OvernightError as error:
            return self._complaint(error, width)

    def _complaint(self, error: OvernightError, width: int) -> tuple[Line, ...]:
        return tuple(
            line((cut(clean(text), width), role)) for text, role in ((str(error), "warn"), (error.hint, "dim")) if text
        )

    def refused(self, error: OvernightError) -> None:
        """It could not be launched; what was typed is still there."""
        self._waits = False
        self._lines("verdict").show(*self._complaint(error, max(20, self._lines("recent").size.width)))

    def _lines(self, name: str) -> Lines:
        return self.query_one(f"#{name}", Lines)

    # -- typing

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        field = event.input.id
        assert field is not None, "each has its field's name"
        if getattr(self._draft.form, field) == event.value:
            return
        self._remark = ""
        self._draft = self._draft._replace(form=self._draft.form._replace(**{field: event.value}))
        self._draw()

    @on(Field.Shortened)
    def _shortened(self, event: Field.Shortened) -> None:
        self._remark = f"Only the first of {event.lines} lines was taken: a field holds one."
        self._draw()

    def action_recent(self, by: int) -> None:
        """Take over another launch; above the newest is what was there at first."""
        if not self._recent:
            return
        if self._chosen is None:
            self._first = self._draft
        place = (-1 if self._chosen is None else self._chosen) + by
        self._chosen = None if place < 0 else min(place, len(self._recent) - 1)
        self._draft = self._first if self._chosen is None else self._recent[self._chosen]
        for field in Form._fields:
            given = self.query_one(f"#{field}", Input)
            given.value = getattr(self._draft.form, field)
            given.cursor_position = len(given.value)
        self._draw()

    @on(Input.Submitted)
    def _launch(self) -> None:
        if self._waits:
            return
        try:
            order = order_of(self._draft)
        except WrongUsage:
            # It stands there already.
            self.app.bell()
            return
        self._waits = True
        self._draw()
        self.post_message(LaunchWanted(self, order))
