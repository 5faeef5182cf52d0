"""Something more than COUNT items from a source of KIND, done in two attempts.

The first is LEFT ("stopped" or "killed") when COUNT are done: killed at the worst moment, when the log behind the
head is longest. The second answers what it took to come to the first item that is not done, how much memory that
needed, and what reading the done part of the source and building its keys takes by itself.
"""

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from overnight.agents import Run, start
from tests.benchmarks.programs.workload import OUTPUT, answer, forget_peak, keys, memory

KIND, COUNT, LEFT = sys.argv[1], int(sys.argv[2]), sys.argv[3]
MORE = 100_000
"""Items behind COUNT: within them a moment before the head is written again is sure to come."""


class Tail:
    """How many items lie behind the head, and how many there have been at most."""

    def __init__(self, head: Path) -> None:
        self._head, self._seen = head, 0
        self._length, self._longest = 0, 0

    def about_to_go(self) -> bool:
        """Asked at each item: whether the head was written twice and is due again."""
        written = self._head.stat().st_mtime_ns
        if written != self._seen:
            self._longest = self._length if self._seen else 0
            self._seen, self._length = written, 0
        self._length += 1
        return 0 < self._longest <= self._length + 10


def source() -> Iterable[str]:
    return keys(COUNT + MORE)


def first_attempt(run: Run, items: Iterable[str]) -> None:
    out = run.artifact("out.txt")
    tail = Tail(Path(run.directory, "checkpoint.json"))
    for done, _ in enumerate(run.each(items)):
        out.write(OUTPUT)
        if done >= COUNT and LEFT == "stopped":
            os.kill(os.getpid(), signal.SIGTERM)
        elif done >= COUNT and (tail.about_to_go() or done == COUNT + MORE - 1):
            os.kill(os.getpid(), signal.SIGKILL)


def second_attempt(run: Run, items: Iterable[str], began: float, held: float) -> None:
    item = next(iter(run.each(items)))
    seconds, peak = time.perf_counter() - began, memory()[1]
    done = int(item)
    began = time.perf_counter()
    # Nothing in Python goes through keys faster.
    deque(map(str, islice(items if KIND == "list" else source(), done)), maxlen=0)
    answer(done=done, seconds=seconds, reading=time.perf_counter() - began, megabytes=peak - held)
    # What this attempt would do now is not what is measured.
    os._exit(0)


if __name__ == "__main__":
    given = list(source()) if KIND == "list" else source()
    forget_peak()
    resident, at = memory()[0], time.perf_counter()
    start(lambda run: first_attempt(run, given) if run.attempt == 1 else second_attempt(run, given, at, resident))
