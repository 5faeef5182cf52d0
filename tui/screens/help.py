"""The help: every key that works, and nothing else."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from overnight.tui.keys import SECTIONS, Keymap
from overnight.tui.lines import Line, Span, cells, left, line
from overnight.tui.widgets.lines import Lines

KEY_WIDTH, WORDS_WIDTH = 10, 27
LEFT_SECTIONS = SECTIONS[:2]


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss", "back", id="help.back", show=False),
        Binding("j,down", "scroll(1)", "down", id="help.down", show=False),
        Binding("k,up", "scroll(-1)", "up", id="help.up", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, keys: Keymap) -> None:
        super().__init__()
        self._keys = keys

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="help")

    def on_mount(self) -> None:
        lines = help_lines(self._keys)
        self.query_one(Lines).styles.height = len(lines)
        self.query_one(Lines).show(*lines)

    def action_scroll(self, by: int) -> None:
        self.query_one(Lines).scroll_by(by)


def help_lines(keys: Keymap) -> list[Line]:
    """Two columns of keys with their words."""
    one = list(_column(LEFT_SECTIONS, keys))
    two = list(_column(SECTIONS[len(LEFT_SECTIONS) :], keys))
    height = max(len(one), len(two))
    blank: tuple[Span, ...] = ((" " * (KEY_WIDTH + WORDS_WIDTH), ""),)
    one += [blank] * (height - len(one))
    two += [()] * (height - len(two))
    return [Line((*first, *second)) for first, second in zip(one, two, strict=True)] + [
        line(("A key never changes what you see of a run; only the run itself does.", "dim")),
    ]


def _column(sections: Iterable[str], keys: Keymap) -> Iterable[tuple[Span, ...]]:
    for section in sections:
        yield ((left(section, KEY_WIDTH + WORDS_WIDTH), "strong"),)
        for key in keys.keys:
            if key.section == section:
                words = left(key.words, WORDS_WIDTH) if cells(key.words) < WORDS_WIDTH else f"{key.words} "
                yield ((f"{left(key.shown, KEY_WIDTH - 1)} ", "key"), (words, ""))
