"""The menu of orders: what the list is sorted by, and what enter would do: turn that round, or sort by another."""

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from overnight.tui.glyphs import Glyphs
from overnight.tui.keys import Keymap
from overnight.tui.lines import Line, Span, left, line
from overnight.tui.screens.window import Window
from overnight.tui.sorting import By, Sort
from overnight.tui.widgets.lines import Lines, LineView

WIDTH = 30
CHOICES = tuple(By)
WORDS = {
    By.ARRIVAL: ("newest first", "oldest first"),
    By.NAME: ("a to z", "z to a"),
    By.GROUP: ("a to z", "z to a"),
    By.STATE: ("trouble first", "ended first"),
    By.PROGRESS: ("most first", "least first"),
    By.LEFT: ("soonest first", "latest first"),
    By.RATE: ("fastest first", "slowest first"),
    By.ERRORS: ("most first", "fewest first"),
    By.AGE: ("youngest first", "oldest first"),
}
"""What comes first, and what does where it is turned round."""


class SortScreen(Window[Sort | None], ModalScreen[Sort | None]):
    """Closes with the order, or with None."""

    CSS_PATH = "sort.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "down", id="sort.down", show=False),
        Binding("k,up", "move(-1)", "up", id="sort.up", show=False),
        Binding("enter", "choose", "sort by this", id="sort.choose", show=False),
        Binding("escape,q,s", "dismiss(None)", "back", id="sort.back", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, sort: Sort, keys: Keymap, glyphs: Glyphs) -> None:
        super().__init__()
        self._sort, self._keys, self._glyphs = sort, keys, glyphs
        self._at = CHOICES.index(sort.by)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="choices")
            yield Lines(id="then")

    @on(LineView.Fitted)
    def _draw(self) -> None:
        lines = (line(("Sort by", "strong")), *(self._choice(place) for place in range(len(CHOICES))))
        choices = self.query_one("#choices", Lines)
        choices.show(*lines)
        choices.show_line(self._at + 1)
        by = CHOICES[self._at]
        then = f" {by}, {WORDS[by][self._turned(by)]}"
        self.query_one("#then", Lines).show(line((self._keys.sign("open"), "key"), (then, "dim")))

    def _choice(self, place: int) -> Line:
        by = CHOICES[place]
        mark = self._glyphs.cursor if place == self._at else " "
        is_now = by is self._sort.by
        order: Span = (f"now {WORDS[by][self._sort.turned]}", "") if is_now else (WORDS[by][False], "dim")
        return line((f"{mark} ", "accent"), (f"{place + 1} ", "key"), left(by, 12), order)

    def _turned(self, by: By) -> bool:
        """Whether choosing it means the other way round."""
        return by is self._sort.by and not self._sort.turned

    def action_move(self, by: int) -> None:
        self._at = (self._at + by) % len(CHOICES)
        self._draw()

    def action_choose(self) -> None:
        by = CHOICES[self._at]
        self.dismiss(Sort(by, self._turned(by)))

    def on_key(self, event: events.Key) -> None:
        if event.character is not None and event.character in "123456789"[: len(CHOICES)]:
            event.stop()
            self._at = int(event.character) - 1
            self.action_choose()
