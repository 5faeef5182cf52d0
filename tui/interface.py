"""Whether the interface can be opened here; where it cannot, the plain list, and why."""

import gc
import os
import sys
from collections.abc import Mapping

from overnight.state.errors import WrongUsage
from overnight.state.home import Home

PATIENCE = 0.05
"""Seconds that the interface waits for the first runs before it is loaded: a hundred of them are read in a third."""


def open_interface(home: Home, *, ascii: bool = False) -> int:
    """The exit code of the interface; 0 after the plain list; 2 where the configuration file has mistakes."""
    if (why := why_not(os.environ)) is not None:
        from overnight.tui.plain import show_plain_list

        home.prepare()
        show_plain_list(home, why)
        return 0
    # All that is loaded from here to the first picture stays: to look for garbage in it takes as long as to draw it.
    gc.disable()
    from overnight.tui.config_file import read_config

    if (config := read_config(os.environ)) is None:
        return WrongUsage.exit_code
    home.prepare()
    from overnight.tui.feed import Feed

    feed = Feed(home, _runs_at_first())
    feed.begin(PATIENCE)
    from overnight.tui.lean import load_asyncio

    load_asyncio()
    from overnight.tui.start import run_app

    return run_app(home, feed, ascii=ascii, config=config)


def _runs_at_first() -> int:
    """How many the first picture has room for: the pane of the open run is beside them, or has half of the lines."""
    from overnight.tui.listing import BESIDE_FROM

    try:
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    except OSError:
        columns, lines = 80, 24
    return max(1, lines if columns >= BESIDE_FROM else lines // 2)


def why_not(environ: Mapping[str, str]) -> str | None:
    """Textual paints on stderr and reads keys from stdin: both have to be a terminal. None = they are."""
    if sys.stdin is None or not sys.stdin.isatty():
        return "stdin is not a terminal, so there are no keys"
    if not sys.stderr.isatty():
        return "stderr is not a terminal, and that is where the interface is drawn"
    if environ.get("TERM", "") in {"", "dumb"}:
        return f"TERM={environ.get('TERM', '')} cannot be drawn on"
    return None
