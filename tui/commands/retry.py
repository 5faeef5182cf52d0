"""Start ended runs again, from their checkpoint; what was finished is not repeated."""

from argparse import Namespace

from overnight.agents import operate
from overnight.state.status import RETRYABLE, Status
from overnight.tui.asking import Wish, ask_each, declare

__all__ = ["declare", "run"]

# What is started may have ended again before one looks.
RETRY = Wish("retry", "started again:", operate.retry, frozenset(Status), RETRYABLE)


def run(options: Namespace) -> int:
    return ask_each(options, RETRY)
