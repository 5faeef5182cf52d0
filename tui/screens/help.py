"""The help: every key that works, and nothing else; what is typed narrows it, and enter does what was found."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from overnight.tui.glyphs import Glyphs
from overnight.tui.help import INTRO, found_keys, found_lines, help_lines, ways_line
from overnight.tui.keys import Key, Keymap
from overnight.tui.lines import Line, line, more_words, wrapped
from overnight.tui.screens.window import Scrolled, moving
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.typed_line import TypedLine

WIDE_FROM = 119
"""Columns that the window takes where there are as many."""
TIGHT_TO, AIRY_FROM = 23, 30
"""Lines of the terminal up to which there is none free; from which there is room between the sections."""
FRAME = 3
"""Lines of the window beside the introduction and the keys: its border, and what can be done."""


class HelpScreen(Scrolled[Key | None], ModalScreen[Key | None]):
    """Any of the usual keys closes it. Closes with the binding that was chosen, or with None."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", "back", id="help.back", show=False),
        Binding("enter", "choose", "do it", id="help.choose", show=False),
        Binding("slash", "find", "find a key", id="help.find", show=False),
        *moving("help"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, keys: Keymap, glyphs: Glyphs) -> None:
        super().__init__()
        self._keys, self._glyphs = keys, glyphs
        self._found: list[Key] | None = None
        """What fits; None = nothing is looked for."""
        self._at = 0
        """Place of the chosen one of them."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="intro")
            yield Lines(id="help")
            yield Lines(id="ways")
            yield TypedLine("what it does, or a key", id="find-key")

    # -- showing

    def body(self) -> LineView:
        return self.query_one("#help", Lines)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE_FROM, "-wide")
        self.set_class(event.size.height <= TIGHT_TO, "-tight")

    @on(LineView.Fitted)
    def _draw(self) -> None:
        width = self.query_one("#intro", Lines).size.width
        if not width:
            return
        introduction = [line((text, "dim")) for text in wrapped(INTRO, width)]
        self._show("intro", introduction)
        self.query_one("#intro").styles.height = len(introduction)
        every = help_lines(self._keys, width, airy=self.size.height >= AIRY_FROM)
        # As high as all of it: the window stays where it is while somebody types.
        air = 0 if self.has_class("-tight") else 2
        self.query_one("#box").styles.height = len(introduction) + len(every) + FRAME + air
        if self._found is None:
            self._show("help", every)
        else:
            self._show("help", found_lines(self._found, self._at, width, self._glyphs))
            self.query_one("#help", Lines).show_line(self._at)
        self.moved()

    def _show(self, name: str, lines: list[Line]) -> None:
        self.query_one(f"#{name}", Lines).show(*lines)

    def moved(self) -> None:
        ways, body = self.query_one("#ways", Lines), self.body()
        more = more_words(body.above, body.below, self._glyphs)
        ways.show_fitting(lambda width: [ways_line(self._keys, more, looking=self._found is not None, width=width)])

    # -- choosing

    def action_move(self, by: int) -> None:
        if self._found is None:
            super().action_move(by)
        elif self._found:
            self._at = (self._at + by) % len(self._found)
            self._draw()

    def action_choose(self) -> None:
        if self._found is None:
            self.dismiss(None)
        elif self._found:
            self.dismiss(self._found[self._at])

    def action_find(self) -> None:
        typed = self.query_one(TypedLine)
        typed.value = ""
        self.query_one("#ways", Lines).display, typed.display = False, True
        self.set_focus(typed)
        self._look_for("")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if self._found is not None:
            self._look_for(event.value)

    def _look_for(self, text: str) -> None:
        self._found, self._at = found_keys(self._keys, text, len(self._keys.keys)), 0
        self._draw()

    @on(TypedLine.Closed)
    def _end_finding(self, event: TypedLine.Closed) -> None:
        if event.kept and self._found:
            self.action_choose()
            return
        self.query_one("#ways", Lines).display, event.line.display = True, False
        self._found = None
        self._draw()
