"""End runs by force, now. What was done since the last checkpoint is done again on a retry."""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import LIVE, Status
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

KILL = Wish("kill", "killed", operate.one_by_one(operate.kill), frozenset({Status.CANCELLED}), LIVE)


def run(options: Namespace) -> int:
    return ask_each(options, KILL)
