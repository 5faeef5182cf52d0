"""A question before something is lost. Only `y` says yes; Enter says nothing."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from overnight.tui.lines import Line, cells
from overnight.tui.screens.window import Window
from overnight.tui.widgets.lines import Lines


class QuestionScreen(Window[bool], ModalScreen[bool]):
    """Closes with the answer."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes", id="question.yes", show=False),
        Binding("n,escape,q", "answer(False)", "no", id="question.no", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self, question: Sequence[Line], answers: Line) -> None:
        super().__init__()
        self._lines = (*question, Line(), answers)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Lines(id="question")

    def on_mount(self) -> None:
        question = self.query_one(Lines)
        question.styles.height = len(self._lines)
        question.styles.width = min(self.app.size.width - 10, max(cells(line.text) for line in self._lines))
        question.show(*self._lines)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
