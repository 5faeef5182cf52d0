"""Launch real agents on real files of this machine and open the interface; they are ordinary runs.

Without a terminal: lines of progress until all have ended, then the list. The exit code is 0 when all completed.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace

from overnight.agents.launchers.local import launch_all
from overnight.state.errors import HomeUnusable, OvernightError, WrongUsage
from overnight.state.home import Home
from overnight.state.rundir import RunDir
from overnight.tui import arguments, console, demo, selection
from overnight.tui.clean import clean
from overnight.tui.ending import Ends, wait_for
from overnight.tui.interface import open_interface, why_not
from overnight.tui.reading import records_of, row_now, show_list
from overnight.tui.table import progress_line

SECONDS = 60.0
LINES_AFTER = 5.0
"""Seconds between two lines of progress of a run."""


def declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        type=arguments.span,
        default=SECONDS,
        metavar="SPAN",
        help=f"how long there shall be something to watch, about ({SECONDS:g})",
    )
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")


def run(options: Namespace) -> int:
    home = selection.open_home()
    why = why_not(os.environ)
    if why is None:
        from overnight.tui.config_file import read_config

        # Before anything is launched that could not be shown.
        if read_config(os.environ) is None:
            return WrongUsage.exit_code
    home.prepare()
    runs = _launch_all(home, options.seconds)
    console.warn_of_logout()
    if why is None:
        return open_interface(home, ascii=options.ascii)
    console.say(f"Lines of progress instead of the interface: {why}. ctrl+c leaves, the agents go on.")
    code = _follow(home, runs)
    show_list(home.path, records_of(runs))
    console.say(f"`overnight errors {runs[0].id}` shows what went wrong, `overnight rm --group demo` removes all.")
    return code


def _launch_all(home: Home, seconds: float) -> list[RunDir]:
    try:
        orders = demo.orders(home, seconds)
    except OSError as error:
        raise HomeUnusable(f"{error.filename}: {error.strerror}", hint="The demo writes a file there.") from None
    launched = launch_all(home, orders)
    for each in launched:
        if isinstance(each, OvernightError):
            raise each
    return [each for each in launched if isinstance(each, RunDir)]


def _follow(home: Home, runs: list[RunDir]) -> int:
    """Until all have ended: the worst exit code."""
    ends = Ends(home, runs)
    lines = _Lines(ends)
    code = wait_for(ends, lambda run_id, end: console.data(f"{run_id}  {clean(str(end))}"), meanwhile=lines.write)
    console.data("")
    return code


class _Lines:
    """A line for each run that goes on, now and then."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self._next_at = time.monotonic()

    def write(self) -> None:
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + LINES_AFTER
        style = console.style(sys.stdout)
        for run in self._ends.left.values():
            console.data(progress_line(row_now(run), style))
        console.finish()
