"""The interface on this terminal, from its start to the words that stand there afterwards."""

import os
import sys
import time

from overnight.state.home import Home
from overnight.state.operator import host_name
from overnight.state.status import HELD
from overnight.tui.app import OvernightApp
from overnight.tui.config import AS_USUAL, Config
from overnight.tui.feed import Feed
from overnight.tui.glyphs import needs_ascii
from overnight.tui.model import Fleet, live_ids
from overnight.tui.notices import closing
from overnight.tui.numbers import plural
from overnight.tui.terminal import HUNG_UP, Guard, write_at_once


def run_app(home: Home, feed: Feed, *, ascii: bool = False, config: Config = AS_USUAL) -> int:
    """The interface on this terminal until it is left. Its exit code: 0, 129 hung up, 143 terminated, 130 ctrl+c.

    `ascii`: draw with ASCII characters only; False = where the locale or the terminal needs it. Raises
    HomeUnusable when there is nothing that could be shown.
    """
    environ = os.environ
    app = OvernightApp(
        home,
        feed,
        now=time.time(),
        host=host_name(),
        ascii_only=ascii or needs_ascii(environ),
        here=_folder_here(),
        config=config,
    )
    ending = closing(config.notify).encode()
    guard = app.guard = Guard(app.leave, ending)
    try:
        # Over a line, 20 movements of the mouse cost 10 KB; the terminal's own selection is of more use there.
        app.run(mouse="SSH_CONNECTION" not in environ)
    finally:
        guard.stop()
        write_at_once(ending)
    code = app.return_code or 0
    if code != HUNG_UP:
        sys.stdout.write(farewell(app.fleet))
        sys.stdout.flush()
    return code


def _folder_here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        # Somebody has removed it: launches begin somewhere.
        return "/"


def farewell(fleet: Fleet) -> str:
    """What goes on, what stays paused, and how to come back to it."""
    live = [fleet.statuses[run_id] for run_id in live_ids(fleet)]
    held = sum(1 for status in live if status in HELD)
    if not live:
        return "Nothing runs. `overnight` opens the list again.\n"
    go = f"{plural(len(live) - held, 'run')} {'goes' if len(live) - held == 1 else 'go'} on"
    stay = f"{held if held < len(live) else plural(held, 'run')} {'stays' if held == 1 else 'stay'} paused"
    said = ", ".join(([go] if held < len(live) else []) + ([stay] if held else []))
    return f"{said}. `overnight` opens the list again; `overnight ls` prints it.\n"
