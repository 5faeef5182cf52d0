"""The file in which an agent shows its stacks: only the newest ones are read, though it keeps them all."""

import os

from overnight.state.records import Attempt
from overnight.state.rundir import RunDir, open_to_read
from overnight.tui.clean import clean_lines
from overnight.tui.stacks import Stacks, stacks_in

WINDOW = 128 * 1024
"""Bytes from the end that are read."""


def stacks_of(run: RunDir) -> Stacks | None:
    """What the newest attempt has shown last; None = nothing."""
    try:
        attempt = run.attempt(run.last_attempt_number())
        with open_to_read(run.stacks_path) as file:
            found = os.fstat(file.fileno())
            data = os.pread(file.fileno(), WINDOW, max(0, found.st_size - WINDOW))
    except OSError:
        return None
    if not isinstance(attempt, Attempt) or found.st_mtime < attempt.started_at:
        return None
    return stacks_in(found.st_mtime, clean_lines(data.decode("utf-8", "replace")))
