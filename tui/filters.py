"""What is drawn on terminals that know only ASCII, whoever drew it."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_NEAREST = str.maketrans(
    dict.fromkeys("─━▔", "-")
    | dict.fromkeys("│┃▌▐▊▎", "|")
    | dict.fromkeys("┌┐└┘╭╮╰╯├┤┬┴┼", "+")
    | {
        "█": "#",
        "▁": "_",
        "●": "*",
        "✔": "+",
        "✖": "x",
        "○": "o",
        "■": "#",
        "…": "~",
        "–": "-",
        "↑": "^",
        "↓": "v",
        "▲": "^",
        "▼": "v",
    }
)


class AsciiOnly(LineFilter):
    """Every character becomes one that is ASCII, of the same width."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(to_ascii(text), style, control) if not text.isascii() else Segment(text, style, control)
            for text, style, control in segments
        ]


def to_ascii(text: str) -> str:
    """With the nearest sign where there is one, else a question mark a cell."""
    near = text.translate(_NEAREST)
    return near if near.isascii() else "".join(c if c.isascii() else "?" * cell_len(c) for c in near)
