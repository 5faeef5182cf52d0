"""Pause runs: at their next item, checkpointed, where they can do that; else frozen where they are."""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import HELD, LIVE, WAITING, Status
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

# A run that waits for its next attempt is paused by not being started.
PAUSE = Wish("pause", "paused", operate.one_by_one(operate.pause), HELD | WAITING, LIVE - HELD - {Status.STOPPING})


def run(options: Namespace) -> int:
    return ask_each(options, PAUSE)
