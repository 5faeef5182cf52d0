"""Stop the attempts of runs as a cancel does, and start the next ones from their checkpoints.

A paused run is stopped, too; its next attempt begins when it is resumed. What has ended is started by `retry`.
"""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import LIVE, WAITING, Status
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

# What is started may have ended again before one looks.
RESTART = Wish(
    "restart",
    "restarted",
    operate.one_by_one(operate.restart),
    frozenset(Status),
    LIVE - WAITING - {Status.STOPPING},
    next_attempt=True,
)


def run(options: Namespace) -> int:
    return ask_each(options, RESTART)
