"""Going slowly on purpose: at most one item in so many seconds. A pause or a stop is heard meanwhile."""

import argparse
import time

from overnight.agents import Run


class Pace:
    """Call `keep` at the start of each item."""

    def __init__(self, run: Run, seconds: float) -> None:
        self._run, self._seconds = run, seconds
        self._next = 0.0

    def keep(self) -> None:
        early = self._next - time.monotonic()
        if early > 0:
            self._run.sleep(early, "pace")
        self._next = time.monotonic() + self._seconds


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pace",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="do at most one item in SECONDS (default: no limit)",
    )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds
