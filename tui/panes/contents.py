"""Which pane says what."""

from collections.abc import Callable, Mapping

from overnight.tui.detail import Detail, Tab
from overnight.tui.lines import Line, clipped
from overnight.tui.panes.config import config
from overnight.tui.panes.errors import errors
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.history import history
from overnight.tui.panes.progress import progress
from overnight.tui.view import Row

PANES: Mapping[Tab, Callable[[Row, Detail, Frame], list[Line]]] = {
    Tab.PROGRESS: progress,
    Tab.ERRORS: errors,
    Tab.HISTORY: history,
    Tab.CONFIG: config,
}


def lines_of(tab: Tab, row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """The whole pane, of any length; that of the log, which has a cursor, is a sheet."""
    return [clipped(each, frame.width) for each in PANES[tab](row, detail, frame)]
