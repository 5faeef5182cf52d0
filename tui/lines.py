"""A line of a picture: texts with the names of their colours, and how many cells they take. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from overnight.tui.glyphs import UNICODE, Glyphs

Span = tuple[str, str]
"""A clean text and its role: the name of a colour, "" = the ordinary one."""


class Line(NamedTuple):
    """One line of cells."""

    spans: tuple[Span, ...] = ()
    ground: str = ""
    """The role of its background; "" = the ordinary one."""

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.spans)


ROLES = (
    "run",
    "held",
    "warn",
    "trouble",
    "done",
    "dim",
    "strong",
    "accent",
    "title",
    "bar",
    "rest",
    "rule",
    "key",
    "found",
)
SOLID = frozenset({"title", "found"})
"""The roles that have a background of their own: spaces show it."""
SGR = "sgr"
"""The first word of a role that is a colour of an agent's own."""
GROUNDS = ("cursor", "heading", "band")
JOINED = (("\u1160", "\u11ff"), ("\ud7b0", "\ud7ff"))
"""Parts of Korean syllables, drawn into the part before them."""
WIDE = (
    *(("\u2630", "\u2637"), ("\u268a", "\u268f"), ("\u4dc0", "\u4dff")),
    *(("\U0001d300", "\U0001d356"), ("\U0001d360", "\U0001d376")),
)
"""Signs that take two cells since Unicode 16, which is newer than Python's own tables."""


def line(*spans: Span | str, ground: str = "") -> Line:
    return Line(tuple((span, "") if isinstance(span, str) else span for span in spans), ground)


def cells(text: str) -> int:
    """How many cells a clean text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


@lru_cache(maxsize=4096)
def _cells_of(char: str) -> int:
    """As Rich counts them, which fills and crops lines by its own count. It is not asked: verbs do without it."""
    if char < "\u0300":
        return 1
    import unicodedata

    if unicodedata.category(char) in {"Mn", "Me", "Mc"} or _is_in(JOINED, char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} or _is_in(WIDE, char) else 1


def _is_in(ranges: Iterable[tuple[str, str]], char: str) -> bool:
    return any(first <= char <= last for first, last in ranges)


def left(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Exactly `width` cells: cut at its end, or filled."""
    text = cut(text, width, glyphs)
    return text + " " * (width - cells(text))


def right(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Exactly `width` cells, the text at their end."""
    text = cut(text, width, glyphs)
    return " " * (width - cells(text)) + text


def cut(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """At most `width` cells; what is cut away shows as an ellipsis."""
    if cells(text) <= width:
        return text
    return _head(text, width - 1) + glyphs.ellipsis if width > 0 else ""


def middle(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """At most `width` cells, shortened in its middle: the ends of names tell them apart."""
    if cells(text) <= width:
        return text
    if width < 3:
        return cut(text, width, glyphs)
    tail = _head(text[::-1], (width - 1) // 2)[::-1]
    return _head(text, width - 1 - cells(tail)) + glyphs.ellipsis + tail


def ending(text: str, width: int) -> str:
    """At most `width` cells of its end."""
    return _head(text[::-1], width)[::-1]


def _head(text: str, width: int) -> str:
    """The longest beginning that takes at most `width` cells."""
    taken = 0
    for position, char in enumerate(text):
        taken += _cells_of(char)
        if taken > width:
            return text[:position]
    return text


def clipped(whole: Line, width: int) -> Line:
    """What of it fits into `width` cells."""
    if cells(whole.text) <= width:
        return whole
    spans: list[Span] = []
    for text, role in whole.spans:
        spans.append((_head(text, width), role))
        width -= cells(spans[-1][0])
    return Line(tuple(spans), whole.ground)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same with fewer spans: each costs some 40 bytes on its way to the terminal, and a space has no colour."""
    joined: list[Span] = []
    for text, role in spans:
        before = joined[-1] if joined else ("", "")
        if joined and before[1] not in SOLID and (before[1] == role or (text.isspace() and _spaces_like(role, before))):
            joined[-1] = (before[0] + text, before[1])
        elif joined and before[0].isspace() and _spaces_like(role, before):
            joined[-1] = (before[0] + text, role)
        else:
            joined.append((text, role))
    return joined


def _spaces_like(role: str, before: Span) -> bool:
    """Whether a space looks the same in both roles."""
    return not any(each in SOLID or each.startswith(SGR) for each in (role, before[1]))


def wrapped(text: str, width: int) -> list[str]:
    """Pieces of at most `width` cells."""
    *pieces, last = (text[start:end] for start, end in breaks(text, width))
    return [*(piece.rstrip() for piece in pieces), last]


def folded(whole: Line, width: int) -> list[Line]:
    """The same in lines of at most `width` cells."""
    return [whole._replace(spans=part_of(whole.spans, *piece)) for piece in breaks(whole.text, width)]


def breaks(text: str, width: int) -> list[tuple[int, int]]:
    """Where the pieces of at most `width` cells begin and end: behind a space, if there is one in their second half.

    A character that is wider than `width` is a piece of its own.
    """
    found, start, space, taken = [], 0, 0, 0
    for position, char in enumerate(text):
        taken += _cells_of(char)
        while taken > width > 0 and position > start:
            end = space if space - start > width // 2 + 1 else position
            found.append((start, end))
            start, space, taken = end, 0, cells(text[end : position + 1])
        if char == " ":
            space = position + 1
    return [*found, (start, len(text))]


def part_of(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """The characters from `start` to `end`."""
    parts: list[Span] = []
    for text, role in spans:
        if part := text[max(0, start) : max(0, end)]:
            parts.append((part, role))
        start, end = start - len(text), end - len(text)
    return tuple(parts)


def cut_spans(spans: Sequence[Span], width: int, ellipsis: str) -> tuple[Span, ...]:
    """At most `width` cells; what is cut away shows as an ellipsis."""
    text = "".join(text for text, _ in spans)
    if cells(text) <= width:
        return tuple(spans)
    return (*part_of(spans, 0, len(_head(text, width - 1))), (ellipsis, "dim")) if width > 0 else ()


def more_words(above: int | None, below: int | None, glyphs: Glyphs) -> str:
    """How many lines are out of sight, and where; None = nobody has counted them. "" = there are none."""
    counts = ((glyphs.above, above), (glyphs.below, below))
    parts = [sign if count is None else f"{sign} {count}" for sign, count in counts if count != 0]
    return f"{' '.join(parts)} more" if parts else ""


def spread(first: Iterable[Span], last: Iterable[Span], width: int, ground: str = "") -> Line:
    """Two groups of spans at the two ends of a line; the second gives way where there is no room."""
    first, last = tuple(first), tuple(last)
    gap = width - sum(cells(text) for text, _ in (*first, *last))
    return Line((*first, (" " * gap, ""), *last) if gap >= 1 else first, ground)
