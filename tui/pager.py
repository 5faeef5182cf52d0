"""A log in a program that was made for reading: which one, from where on, and how it gets the terminal's keys."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping

from overnight.state.rundir import open_to_read
from overnight.tui.desk import Desk
from overnight.tui.model import reading_of

LESS = "less"
OTHERS = (LESS, "more")
"""In this order, where $PAGER names none that is there."""


def find_pager(environ: Mapping[str, str]) -> list[str] | None:
    """The words of its command; None = there is none."""
    try:
        named = shlex.split(environ.get("PAGER", ""))
    except ValueError:
        # A quote is open.
        named = []
    candidates = [named, *([each] for each in OTHERS)]
    return next((each for each in candidates if each and shutil.which(each[0], path=environ.get("PATH"))), None)


def command_for(pager: list[str], path: str, at: int | None) -> list[str]:
    """To read the log from byte `at` on, None = its end, as far as the pager can be told."""
    if os.path.basename(pager[0]) != LESS:
        return [*pager, path]
    # Colours as colours; every other code is shown, not obeyed. A log whose head was given back begins with zeros,
    # which less would ask about.
    return [*pager, "-R", "-f", "+G" if at is None else f"+{at}P", path]


def log_command(desk: Desk, environ: Mapping[str, str]) -> list[str] | None:
    """What shows the log of the run under the cursor, from where it is read; None = nothing can, and that is said."""
    run_id, pager = desk.fleet.cursor, find_pager(environ)
    if run_id is None:
        desk.tell("There is no run whose log could be read.", "warning")
        return None
    path = desk.home.run(run_id).output_path
    if pager is None:
        desk.tell(f"There is no pager: install less, or name one in PAGER. The log is {path}.", "warning")
        return None
    try:
        open_to_read(path).close()
    except FileNotFoundError:
        desk.tell("It has written nothing yet.", "information")
        return None
    except OSError as error:
        desk.tell(f"Its log cannot be read: {error.strerror}.", "warning")
        return None
    return command_for(pager, path, reading_of(desk.fleet).at)


def show(command: list[str]) -> int:
    """Run it until it is left; its exit code. In the main thread, while nobody else reads the keys. Raises OSError."""
    # ctrl+c is the pager's: neither the loop nor the handler that ends the interface hears of it.
    woken = signal.set_wakeup_fd(-1)
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.call(command)
    finally:
        signal.signal(signal.SIGINT, before)
        signal.siginterrupt(signal.SIGINT, False)
        signal.set_wakeup_fd(woken)
