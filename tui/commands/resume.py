"""Let runs go on: after a pause, and from their checkpoint after a reboot or where the process was lost."""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import HELD, RESUMABLE, Status
from overnight.tui import console
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

HELD_BACK = HELD | {Status.PAUSING, Status.QUEUED, Status.BACKOFF}
"""What a pause may have done to a run."""
# What is let go may have ended before one looks.
RESUME = Wish(
    "resume",
    "resumed",
    operate.resume_all,
    frozenset(Status) - HELD - {Status.PAUSING, Status.RESUMING},
    HELD_BACK | RESUMABLE,
    operate.is_held_back,
)


def run(options: Namespace) -> int:
    code = ask_each(options, RESUME)
    console.warn_of_logout()
    return code
