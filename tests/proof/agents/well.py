"""Works as agents do that are well, in a way that might be taken for a hang. `WAY SECONDS`: no item takes longer."""

import ctypes
import random
import sys
import time
from collections.abc import Callable

from overnight.agents import Retry, Run, Transient, start

LONGEST = float(sys.argv[2])
CHANCE = random.Random(sys.argv[1])


def even(run: Run) -> None:
    time.sleep(LONGEST / 20)


def heavy(run: Run) -> None:
    """Most items are short, and some hundreds of times as long."""
    time.sleep(min(LONGEST, 0.001 * CHANCE.paretovariate(0.7)))


def held(run: Run) -> None:
    """A call that holds the interpreter: no beat is possible meanwhile."""
    ctypes.PyDLL(None).usleep(int(1e6 * LONGEST * CHANCE.random()))


def waits(run: Run) -> None:
    run.sleep(3 * LONGEST, "waits for its turn")


def expects(run: Run) -> None:
    run.expect(seconds=4 * LONGEST)
    time.sleep(3 * LONGEST)


def tries(run: Run) -> None:
    """What it calls is down for a while, and each wait before the next try is longer than any item."""
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise Transient("down", retry_after=3 * LONGEST)

    run.retrying(Retry(tries=5))(call)


WAYS: dict[str, Callable[[Run], None]] = {each.__name__: each for each in (even, heavy, held, waits, expects, tries)}


def main(run: Run) -> None:
    work = WAYS[sys.argv[1]]
    for _ in run.each(range(1_000_000)):
        work(run)


if __name__ == "__main__":
    start(main)
