"""A label and what stands beside it, as the panes say single things. Pure."""

from collections.abc import Iterable, Sequence

from overnight.tui.lines import Line, Span, cells, cut_spans, left, line, wrapped
from overnight.tui.panes.frame import Frame

LABEL = 10
"""Cells of a label."""


def fact(label: str, spans: Sequence[Span], frame: Frame) -> Line:
    """One line; what has no room is cut away."""
    room = max(8, frame.width - LABEL - 3)
    head = (f" {left(label, LABEL, frame.glyphs)} ", "dim")
    return line(head, *cut_spans(spans, room, frame.glyphs.ellipsis))


def long_fact(label: str, text: str, role: str, frame: Frame) -> list[Line]:
    """As many lines as it takes."""
    first, *rest = wrapped(text, max(8, frame.width - LABEL - 3))
    return [fact(label, ((first, role),), frame), *(fact("", ((piece, role),), frame) for piece in rest)]


def within(height: int, texts: Iterable[tuple[Sequence[Line], Line]]) -> list[Line]:
    """Of each text its lines as long as there is room for them, the first of them first; else one that is cut."""
    texts = list(texts)
    room = height - len(texts)
    lines: list[Line] = []
    for whole, short in texts:
        more = len(whole) - 1
        lines += whole if more <= room else [short]
        room -= more if more <= room else 0
    return lines


def fitting(parts: Iterable[Sequence[Span]], frame: Frame) -> Line:
    """Parts beside each other, as many of the first as there is room for; a later one that is short may still fit."""
    spans: list[Span] = []
    room = frame.width - 1
    for part in parts:
        taken = sum(cells(text) for text, _ in part) + (2 if spans else 1)
        if taken <= room:
            spans += [("  " if spans else " ", ""), *part]
            room -= taken
    return line(*spans)
