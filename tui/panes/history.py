"""History: what has happened to it, oldest first."""

from overnight.state.records import Event
from overnight.tui.detail import Detail, event_name, event_words
from overnight.tui.event_roles import role_of
from overnight.tui.lines import Line, cut, line
from overnight.tui.moments import short_moment
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def history(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if not detail.history:
        return [line((" Nothing is on record.", "dim"))]
    return [_event_line(event, row.now, frame) for event in detail.history]


def _event_line(event: Event, now: float, frame: Frame) -> Line:
    text = cut(event_words(event), max(0, frame.width - 27), frame.glyphs)
    return line(
        (f" {short_moment(event.at, now)}  ", "dim"),
        (f"{event_name(event):<13}", role_of(event)),
        (text, "dim"),
    )
