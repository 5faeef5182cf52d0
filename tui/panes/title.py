"""The rule above a pane: which run, its process, and the names of the panes."""

from overnight.tui import numbers, view
from overnight.tui.detail import TABS, Tab
from overnight.tui.keys import USUAL_KEYS, Keymap
from overnight.tui.lines import Line, Span, cells, middle
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.view import Row

WITH_NUMBERS = 100
"""Columns from which the names of the panes have room for their keys beside the name of the run."""


def title(row: Row, frame: Frame, more: str = "", *, entered: bool, tabs: Tab | None) -> Line:
    """The rule above a pane: which run, and its process.

    `more`: what of the pane is out of sight. `tabs`: the open one, where they stand on the same line.
    """
    glyphs = frame.glyphs
    facts = [fact for fact in (view.attempt_text(row), _pid(row), _up(row)) if fact]
    ends = tab_spans(tabs, frame, row.keys) if tabs is not None else ()
    if more:
        ends = ((f"{more} ", "accent"), *(((f"{glyphs.rule} ", "rule"),) if ends else ()), *ends)
    room = frame.width - sum(cells(text) for text, _ in ends) - 4
    name = middle(row.summary.name, max(8, room - 4), glyphs)
    while facts and cells(name) + sum(cells(fact) + 3 for fact in facts) + 4 > room:
        facts.pop(0)
    spans: list[Span] = [(f"{glyphs.rule} ", "rule"), (name, "accent" if entered else "strong")]
    for fact in facts:
        spans += [(f" {glyphs.rule} ", "rule"), (fact, "dim")]
    used = sum(cells(text) for text, _ in (*spans, *ends))
    fill = max(0, frame.width - used - 2)
    return Line((*spans, (f" {glyphs.rule * fill} ", "rule"), *ends))


def tab_spans(chosen: Tab, frame: Frame, keys: Keymap = USUAL_KEYS) -> tuple[Span, ...]:
    """The names of the panes with their keys, the open one standing out."""
    spans: list[Span] = []
    for tab in TABS:
        if frame.width >= WITH_NUMBERS or frame.height >= TALL:
            spans.append((keys.sign(f"tab.{tab.lower()}"), "key"))
        spans.append((f"{tab} ", "accent" if tab is chosen else "dim"))
    return tuple(spans)


def _pid(row: Row) -> str:
    return f"pid {row.summary.pid}" if row.summary.pid is not None else ""


def _up(row: Row) -> str:
    if row.summary.pid is not None:
        return f"up {numbers.duration(view.uptime(row))}"
    return view.row_word(row)
