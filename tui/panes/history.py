"""History: what has happened to it, oldest first."""

import time

from overnight.state.records import Event
from overnight.tui.detail import Detail, event_name, event_words
from overnight.tui.lines import Line, cut, line
from overnight.tui.panes.frame import Frame
from overnight.tui.view import Row


def history(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if not detail.history:
        return [line((" Nothing is on record.", "dim"))]
    return [_event_line(event, row.now, frame) for event in detail.history]


def _event_line(event: Event, now: float, frame: Frame) -> Line:
    text = cut(event_words(event), max(0, frame.width - 27), frame.glyphs)
    return line(
        (f" {_moment(event.at, now)}  ", "dim"),
        (f"{event_name(event):<13}", EVENT_ROLES.get(event.event, "")),
        (text, "dim"),
    )


EVENT_ROLES = {
    "died": "trouble",
    "stalled": "warn",
    "limited": "warn",
    "unbounded": "warn",
    "retrying": "warn",
    "source_changed": "warn",
    "paused": "held",
    "frozen": "held",
}


def _moment(moment: float, now: float) -> str:
    """The time of day, or the date where that is another one."""
    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%d %b  ", then)
