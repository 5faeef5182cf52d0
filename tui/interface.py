"""Whether the interface can be opened here; where it cannot, the plain list, and why."""

import gc
import os
import sys
from collections.abc import Mapping

from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.private import exposure_of
from overnight.tui import console
from overnight.tui.reading import records_of, show_list


def open_interface(home: Home, *, ascii: bool = False) -> int:
    """The exit code of the interface; 0 after the plain list; 2 where the configuration file has mistakes."""
    # All that is loaded from here to the first picture stays: to look for garbage in it takes as long as to draw it.
    gc.disable()
    why = why_not(os.environ)
    config = None
    if why is None:
        from overnight.tui.config_file import read_config

        if (config := read_config(os.environ)) is None:
            return WrongUsage.exit_code
    home.prepare()
    if config is not None:
        from overnight.tui.start import run_app

        return run_app(home, ascii=ascii, config=config)
    from overnight.agents.orphans import adopt_orphans

    adopt_orphans(home)
    console.say(f"Plain list: {why}.")
    if (exposed := exposure_of((home.path, home.runs_path))) is not None:
        console.say(exposed)
    every = sorted(records_of(home.runs()), key=lambda records: records.spec.created_at if records.spec else 0.0)
    show_list(home.path, every)
    return 0


def why_not(environ: Mapping[str, str]) -> str | None:
    """Textual paints on stderr and reads keys from stdin: both have to be a terminal. None = they are."""
    if sys.stdin is None or not sys.stdin.isatty():
        return "stdin is not a terminal, so there are no keys"
    if not sys.stderr.isatty():
        return "stderr is not a terminal, and that is where the interface is drawn"
    if environ.get("TERM", "") in {"", "dumb"}:
        return f"TERM={environ.get('TERM', '')} cannot be drawn on"
    return None
