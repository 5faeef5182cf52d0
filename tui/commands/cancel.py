"""Stop runs: they checkpoint and end; what has not ended after its grace is ended by force."""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import LIVE, Status
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

CANCEL = Wish("cancel", "cancelled", operate.one_by_one(operate.cancel), frozenset({Status.CANCELLED}), LIVE)


def run(options: Namespace) -> int:
    return ask_each(options, CANCEL)
