"""What has to be done for runs by whoever comes next: they lost their supervisor, or it is their turn in the queue."""

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from overnight.state.errors import DamagedRecord, OvernightError
from overnight.state.home import Home
from overnight.state.rundir import LASTING, RunDir

Refused = Mapping[str, OSError]
"""Runs that were to get a supervisor, by id, and why they did not."""


class Helped(NamedTuple):
    """Ids of runs."""

    adopted: tuple[str, ...] = ()
    """They had lost their supervisor, and have a new one."""
    started: tuple[str, ...] = ()
    """It was their turn in the queue."""


def adopt_orphans(home: Home, tell: Callable[[Refused], None] = lambda refused: None) -> Helped:
    """Give every run that goes on without a supervisor a new one, and start what may start of the queue.

    `tell` hears of those that could not be helped, if there are any. A run whose process has vanished without a word is
    not touched: `resume` or `cancel` decides about it. Where groups.json cannot be read, nothing of the queue starts:
    whoever asks for that is told. Raises HomeUnusable.
    """
    if not any(map(_may_be_orphan, home.runs())):
        return Helped()
    # All that launches: loaded where there is something to do, and not by all that look.
    from overnight.agents.dispatch import adopt, dispatch

    try:
        try:
            done = dispatch(home.path)
        except DamagedRecord:
            done = adopt(home.path)
    except OSError as error:
        raise home.unusable(error) from None
    if done.refused:
        tell(done.refused)
    return Helped(tuple(done.adopted), tuple(done.started))


def _may_be_orphan(run: RunDir) -> bool:
    """Raises OSError."""
    if os.path.exists(run.exit_path):
        return False
    try:
        return not run.is_supervised()
    except OSError as error:
        if error.errno not in LASTING:
            raise
        # Nobody is let in, perhaps: others must not suffer from that.
        return True


def unsupervised(refused: Refused) -> OvernightError:
    """What to tell of them, in one line: of the first, and how many more there are."""
    run_id, error = next(iter(refused.items()))
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    return OvernightError(
        f"{run_id}{more}: no supervisor could be started: {error.strerror or error}",
        hint="It keeps its place; the next `overnight` command tries again.",
    )
