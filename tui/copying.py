"""What somebody copies: always into a file of the home, and as far as it takes it to the terminal's clipboard."""

import asyncio
import os
from collections.abc import Callable

from overnight.state import atomic
from overnight.state.home import Home
from overnight.tui import numbers
from overnight.tui.clean import clean
from overnight.tui.desk import Desk
from overnight.tui.logfile import whole_line
from overnight.tui.model import Fleet, is_in_log, page_of, reading_of, targets
from overnight.tui.place import line_at

NAME = "copied.txt"
MOST = 74_000
"""Bytes that are given to a clipboard: of more, terminals take a part or nothing (OSC 52 carries 100,000 at most)."""


def keep(home: Home, text: str) -> str:
    """Put it into the file of what was copied last, for this user alone; returns its path. Raises HomeUnusable."""
    path = os.path.join(home.path, NAME)
    try:
        atomic.replace(path, text.encode() + b"\n", mode=0o600)
    except OSError as error:
        raise home.unusable(error) from None
    return path


def fits_clipboard(text: str) -> bool:
    return len(text.encode()) <= MOST


def copied_words(what: str, text: str, path: str) -> str:
    """What is told of it."""
    if fits_clipboard(text):
        return f"Copied {what}; it is in {path}, too."
    return f"Copied {what} to {path}: {numbers.size(len(text.encode()))} are too much for the terminal's clipboard."


async def copy(desk: Desk, to_clipboard: Callable[[str], None]) -> None:
    """The line under the cursor in the log, else the ids of the runs that a key means."""
    fleet = desk.fleet
    if not (ids := targets(fleet)):
        desk.tell("There is nothing to copy.", "warning")
        return
    what, text = (ids[0] if len(ids) == 1 else numbers.plural(len(ids), "id")), "\n".join(map(clean, ids))
    if is_in_log(fleet) and fleet.cursor is not None:
        if (at := _line_under_cursor(fleet)) is None:
            desk.tell("There is no line to copy.", "warning")
            return
        whole = await asyncio.to_thread(whole_line, desk.home.run(fleet.cursor).output_path, at)
        if whole is None:
            desk.tell("The line is gone: the log was cut or emptied.", "warning")
            return
        what, text = "the line", whole
    path = await asyncio.to_thread(keep, desk.home, text)
    if fits_clipboard(text):
        to_clipboard(text)
    desk.tell(copied_words(what, text, path), "information")


def _line_under_cursor(fleet: Fleet) -> int | None:
    page = page_of(fleet)
    return line_at(reading_of(fleet), page) if page is not None else None
