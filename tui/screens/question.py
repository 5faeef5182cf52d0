"""A question before something is lost. Only `y` says yes; Enter says nothing."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, cells, folded, line, more_words
from overnight.tui.screens.window import Scrolled, moving
from overnight.tui.widgets.lines import Lines, LineView

BESIDE = 8
"""Cells of a line of the terminal that are none of the question."""
FRAME, AIR = 4, 2
"""Lines of the window that are none of the question: its border, what is out of sight, the answers; around them."""


class QuestionScreen(Scrolled[bool], ModalScreen[bool]):
    """Closes with the answer. A question that has no room scrolls; the answers stay where they are."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="question.yes", show=False),
        Binding("n,escape,q", "answer(False)", "no", id="question.no", show=False),
        *moving("question"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, question: Sequence[Line], answers: Line, glyphs: Glyphs) -> None:
        super().__init__()
        self._question, self._answers, self._glyphs = question, answers, glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="question")
            yield Lines(id="more")
            yield Lines(id="answers")

    def body(self) -> LineView:
        return self.query_one("#question", Lines)

    def on_mount(self) -> None:
        self._draw()

    @on(LineView.Fitted)
    def _draw(self) -> None:
        widest = max(cells(each.text) for each in (*self._question, self._answers))
        width = max(1, min(self.app.size.width - BESIDE, widest))
        lines = [piece for each in self._question for piece in folded(each, width)]
        answers = folded(self._answers, width)
        height = len(lines) + len(answers) - 1 + FRAME
        box, is_tight = self.query_one("#box"), height + AIR > self.app.size.height
        self.set_class(is_tight, "-tight")
        box.styles.width, box.styles.height = width + BESIDE - 2, height + (0 if is_tight else AIR)
        self.query_one("#answers").styles.height = len(answers)
        self.query_one("#question", Lines).show(*lines)
        self.query_one("#answers", Lines).show(*answers)
        self.moved()

    def moved(self) -> None:
        body = self.body()
        self.query_one("#more", Lines).show(line((more_words(body.above, body.below, self._glyphs), "dim")))

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
