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
from overnight.tui.lines import Line, cut, left, line, more_words, spread, wrapped
from overnight.tui.screens.window import Window
from overnight.tui.screens.wishes import LaunchWanted
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.typed_line import BurstLine

LABEL_WIDTH = 9
KEYS = (
    *(("enter", "key"), (" Launch  ", "dim"), ("↑ ↓", "key"), (" Recent  ", "dim")),
    *(("tab", "key"), (" Next field  ", "dim"), ("esc", "key"), (" Back", "dim")),
)
FRAME, AIR, MOST_RECENT, LEAST_VERDICT = 4, 4, 8, 2
"""Lines of the window beside fields, recent launches and verdict; free ones where there is room; of the last two."""


class Field(BurstLine):
    """Of what is pasted it takes the first, and says so where there were more."""

    class Shortened(Message):
        """`lines`: so many had been pasted."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def on_key(self, event: events.Key) -> None:
        if not self._give_back(event) and event.key == "escape":
            # Which closes the window.
            self.screen.set_focus(None)

    def on_paste(self, event: events.Paste) -> None:
        if not self._give_back(event) and (lines := len(event.text.splitlines())) > 1:
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
        self._refusal: OvernightError | None = None
        """Why it could not be launched as it stands there."""

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

    # -- showing

    @on(LineView.Fitted)
    def _draw(self) -> None:
        width = max(20, self.query_one("#recent", Lines).size.width)
        self._lines("subject").show(line((cut(self._title, width, self._glyphs), "strong")))
        for field in Form._fields:
            self._lines(f"label-{field}").show(line((left(field, LABEL_WIDTH), "dim")))
        recent = draft_lines(self._recent, self._chosen, width, self._glyphs.cursor)
        self._lines("recent").show(*recent)
        if self._chosen is not None:
            self._lines("recent").show_line(self._chosen)
        self._show_verdict(self._verdict(width))

    def _show_verdict(self, verdict: tuple[Line, ...]) -> None:
        """Whole: what was launched lately gives way to it."""
        height = FRAME + len(Form._fields) + min(MOST_RECENT, len(self._recent)) + max(LEAST_VERDICT, len(verdict))
        is_tight = height + AIR > self.app.size.height
        self.set_class(is_tight, "-tight")
        self.query_one("#box").styles.height = height + (0 if is_tight else AIR)
        self._lines("verdict").styles.height = max(LEAST_VERDICT, len(verdict))
        self._lines("verdict").show(*verdict)
        more = more_words(self._lines("recent").above, self._lines("recent").below, self._glyphs)
        self._lines("keys").show_fitting(lambda width: [spread(KEYS, [(more, "dim")], width)])

    def _verdict(self, width: int) -> tuple[Line, ...]:
        if self._waits:
            return (line(("launching…", "dim")),)
        if self._remark:
            hint = "A shell takes several: sh -c 'FIRST; SECOND'."
            return (line((cut(self._remark, width), "warn")), line((cut(hint, width), "dim")))
        if self._refusal is not None:
            return self._complaint(self._refusal, width)
        try:
            return preview(order_of(self._draft), width)
        except OvernightError as error:
            return self._complaint(error, width)

    def _complaint(self, error: OvernightError, width: int) -> tuple[Line, ...]:
        said = ((str(error), "warn"), (error.hint, "dim"))
        return tuple(line((piece, role)) for text, role in said if text for piece in wrapped(clean(text), width))

    def refused(self, error: OvernightError) -> None:
        """It could not be launched; what was typed is still there."""
        self._waits, self._refusal = False, error
        self._draw()

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
        self._refusal = None
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
        self._refusal = None
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
        self._waits, self._refusal = True, None
        self._draw()
        self.post_message(LaunchWanted(self, order))
