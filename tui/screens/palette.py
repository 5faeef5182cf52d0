"""The palette: everything by its name; what is typed names keys, themes, `VERB RUN` and groups."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import line, more_words, right, wrapped
from overnight.tui.offers import Offer, Offering, offer_lines, offers_of
from overnight.tui.screens.window import Window
from overnight.tui.unoffered import reason_of
from overnight.tui.widgets.lines import Lines, LineView
from overnight.tui.widgets.typed_line import TypedLine


class PaletteScreen(Window[Offer | None], ModalScreen[Offer | None]):
    """Closes with what was chosen, or with None."""

    CSS_PATH = "palette.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", id="palette.back", show=False),
        Binding("down", "move(1)", "down", id="palette.down", show=False),
        Binding("up", "move(-1)", "up", id="palette.up", show=False),
        Binding("pagedown", "page(1)", "page down", id="palette.page_down", show=False),
        Binding("pageup", "page(-1)", "page up", id="palette.page_up", show=False),
    ]
    AUTO_FOCUS = "#typed"

    def __init__(self, offering: Offering, glyphs: Glyphs) -> None:
        super().__init__()
        self._offering, self._glyphs = offering, glyphs
        self._offers = offers_of(offering, "")
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield TypedLine("a key, a theme, or a verb and a run: pause crawl", id="typed")
            yield Lines(id="more")
            yield Lines(id="offers")

    @on(LineView.Fitted)
    def _draw(self) -> None:
        shown = self.query_one("#offers", Lines)
        width = shown.size.width
        lines = offer_lines(self._offering.fleet, self._offers, self._at, width, self._glyphs)
        if not lines:
            reason = reason_of(self._offering, self.query_one(TypedLine).value)
            lines = [line((f" {piece}", "dim")) for piece in wrapped(reason, width - 2)]
        shown.show(*lines)
        shown.show_line(self._at)
        more = more_words(shown.above, shown.below, self._glyphs)
        self.query_one("#more", Lines).show_fitting(lambda width: [line((right(f"{more} ", width), "dim"))])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """At once: what enter does belongs to what is typed."""
        self._offers, self._at = offers_of(self._offering, event.value), 0
        self._draw()

    def action_move(self, by: int) -> None:
        if self._offers:
            self._at = (self._at + by) % len(self._offers)
            self._draw()

    def action_page(self, pages: int) -> None:
        if self._offers:
            to = self._at + pages * max(1, self.query_one("#offers", Lines).size.height - 1)
            self._at = max(0, min(to, len(self._offers) - 1))
            self._draw()

    def on_click(self, event: events.Click) -> None:
        offers = self.query_one("#offers", Lines)
        place = offers.scroll_offset.y + event.y
        if event.widget is offers and place < len(self._offers):
            self.dismiss(self._offers[place])

    @on(TypedLine.Closed)
    def _end(self, event: TypedLine.Closed) -> None:
        if not event.kept:
            self.dismiss(None)
        elif self._offers:
            self.dismiss(self._offers[self._at])
        else:
            self.set_focus(event.line)
