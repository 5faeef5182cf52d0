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
from overnight.tui.lines import Line, line, wrapped
from overnight.tui.screens.window import Window
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.typed_line import TypedLine

WIDE_FROM = 119
"""Columns that the window takes where there are as many."""
AIRY_FROM = 30
"""Lines of the terminal from which there is room between the sections."""


class HelpScreen(Window[Key | None], ModalScreen[Key | None]):
    """Any of the usual keys closes it. Closes with the binding that was chosen, or with None."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", "back", id="help.back", show=False),
        Binding("enter", "choose", "do it", id="help.choose", show=False),
        Binding("j,down", "move(1)", "down", id="help.down", show=False),
        Binding("k,up", "move(-1)", "up", id="help.up", show=False),
        Binding("slash", "find", "find a key", id="help.find", show=False),
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

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= WIDE_FROM, "-wide")

    @on(LineView.Fitted)
    def _draw(self) -> None:
        width = self.query_one("#intro", Lines).size.width
        if not width:
            return
        introduction = [line((text, "dim")) for text in wrapped(INTRO, width)]
        self._show("intro", introduction)
        self._show("ways", [ways_line(self._keys, looking=self._found is not None, width=width)])
        every = help_lines(self._keys, width, airy=self.size.height >= AIRY_FROM)
        if self._found is None:
            self._show("help", every)
        else:
            # As high as all of it: the window stays where it is while somebody types.
            lines = found_lines(self._found, self._at, width, self._glyphs)
            self._show("help", lines + [line()] * (len(every) - len(lines)))
            self.query_one("#help", Lines).show_line(self._at)

    def _show(self, name: str, lines: list[Line]) -> None:
        shown = self.query_one(f"#{name}", Lines)
        shown.styles.height = len(lines)
        shown.show(*lines)

    # -- choosing

    def action_move(self, by: int) -> None:
        if self._found is None:
            self.query_one("#help", Lines).scroll_by(by)
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
