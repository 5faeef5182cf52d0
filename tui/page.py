"""A part of a log as it is shown: its lines around one place. Values only; texts are clean."""

from bisect import bisect_right
from typing import NamedTuple

from overnight.tui.lines import Span


class LogLine(NamedTuple):
    """A line of a log, or a part of a long one."""

    at: int
    """The byte where it begins."""
    spans: tuple[Span, ...]
    """Its text in the agent's own colours."""
    continues: bool = False
    """Whether its line began before it."""

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.spans)


class Page(NamedTuple):
    """Some hundred lines of a log."""

    lines: tuple[LogLine, ...]
    begin: int
    """The byte where what is kept of the log begins."""
    size: int
    """Bytes."""
    is_first: bool
    """Whether nothing older is kept."""
    is_last: bool
    """Whether nothing newer was there."""
    generation: int = 0
    """How often the log was emptied or replaced while somebody looked."""

    # By identity: another reading is another page, and nobody compares hundreds of lines to know it.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def index_of(self, at: int) -> int | None:
        """The line with byte `at`; None = it is on another page."""
        index = bisect_right(self.lines, at, key=lambda line: line.at) - 1
        if index < 0:
            return 0 if self.is_first and self.lines else None
        return index if self.is_last or index < len(self.lines) - 1 or at == self.lines[index].at else None
