"""Logs: the part of what it has printed that is looked at, in the agent's own colours."""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import NamedTuple

from overnight.tui import numbers
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, breaks, cells, cut, cut_spans, line, part_of, wrapped
from overnight.tui.page import LogLine, Page
from overnight.tui.panes.frame import Frame
from overnight.tui.pieces import REACH
from overnight.tui.place import Reading, line_at
from overnight.tui.sought import with_found

SILENT = "It has printed nothing so far. What it writes to stdout and stderr stands here."


class Sheet(NamedTuple):
    """The lines of a pane that has a cursor."""

    lines: tuple[Line, ...]
    places: tuple[int, ...] = ()
    """Of each line, in rising order: the byte of the log where its line begins."""
    cursor: tuple[int, int] | None = None
    """The first of the lines under the cursor, and the one behind the last."""


def logs(detail: Detail, reading: Reading, frame: Frame) -> Sheet:
    page = detail.page
    if page is None and detail.log_problem:
        return Sheet((line((f" It cannot be read: {detail.log_problem}.", "warn")),))
    if page is None or not page.lines:
        return Sheet(tuple(line((f" {piece}", "dim")) for piece in wrapped(SILENT, frame.width - 2)))
    sheet = _sheet(page, _Look(frame.width, frame.wrap, frame.glyphs.ellipsis, reading.sought))
    at = line_at(reading, page)
    if at is None:
        return sheet
    return sheet._replace(cursor=(bisect_left(sheet.places, at), bisect_right(sheet.places, at)))


class _Look(NamedTuple):
    """What of a frame the lines of a log depend on."""

    width: int
    wrap: bool
    ellipsis: str
    sought: str
    """Stands out; "" = nothing does."""


# The same page is drawn again with each movement in it.
@lru_cache(maxsize=2)
def _sheet(page: Page, look: _Look) -> Sheet:
    lines: list[Line] = []
    places: list[int] = []
    if page.is_first and page.begin:
        lines.append(_begin_line(page, look))
        places.append(page.begin)
    for each in page.lines:
        shown = _lines_of(each, look)
        lines += shown
        places += [each.at] * len(shown)
    return Sheet(tuple(lines), tuple(places))


def _begin_line(page: Page, look: _Look) -> Line:
    gone = f" begins here: the {numbers.size(page.begin)} before were given back, as --log-limit says"
    return Line(cut_spans(((gone, "dim"),), look.width, look.ellipsis))


def _lines_of(each: LogLine, look: _Look) -> list[Line]:
    spans, width = _with_role(each), look.width - 2
    if look.sought:
        spans = with_found(spans, look.sought)
    before: Span = (look.ellipsis if each.continues else " ", "dim")
    if not look.wrap:
        spans = _from_found(spans, width, look)
        return [Line((before, *cut_spans(spans, width, look.ellipsis)))]
    parts = [part_of(spans, start, end) for start, end in breaks(each.text, width)]
    return [Line((before if number == 0 else (" ", ""), *part)) for number, part in enumerate(parts)]


def _from_found(spans: tuple[Span, ...], width: int, look: _Look) -> tuple[Span, ...]:
    """Without its beginning where what was found would be cut away."""
    before = ""
    for text, role in spans:
        if role == "found":
            beyond = cells(before + text) >= width
            start = len(before) - min(len(before), width // 3)
            return ((look.ellipsis, "dim"), *part_of(spans, start, start + REACH)) if beyond else spans
        before += text
    return spans


def _with_role(each: LogLine) -> tuple[Span, ...]:
    """In the agent's colours; where it gave none, a level of trouble has ours."""
    if any(role for _, role in each.spans):
        return each.spans
    return tuple((text, _log_role(text)) for text, _ in each.spans)


def log_line(text: str, frame: Frame) -> Line:
    return line((f" {cut(text, frame.width - 2, frame.glyphs)}", _log_role(text)))


def _log_role(text: str) -> str:
    start = text[:80]
    if "ERROR" in start or "CRITICAL" in start or start.startswith("Traceback "):
        return "trouble"
    return "warn" if "WARN" in start else ""
