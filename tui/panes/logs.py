"""Logs: the newest lines of what it has printed."""

from overnight.tui import view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, cut, line, wrapped
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def logs(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if detail.log_size is None:
        return [line((" It has written nothing yet.", "dim"))]
    lines: list[Line] = []
    if not detail.log_is_whole:
        older = f" older lines: overnight logs {row.summary.id}  ({view.size(detail.log_size)})"
        lines.append(line((cut(older, frame.width, frame.glyphs), "dim")))
    if not detail.log:
        return [*lines, line((" Empty.", "dim"))]
    for text in detail.log:
        if frame.wrap:
            lines += [log_line(piece, frame) for piece in wrapped(text, frame.width - 2)]
        else:
            lines.append(log_line(text, frame))
    return lines


def log_line(text: str, frame: Frame) -> Line:
    return line((f" {cut(text, frame.width - 2, frame.glyphs)}", _log_role(text)))


def _log_role(text: str) -> str:
    start = text[:80]
    if "ERROR" in start or "CRITICAL" in start or start.startswith("Traceback "):
        return "trouble"
    return "warn" if "WARN" in start else ""
