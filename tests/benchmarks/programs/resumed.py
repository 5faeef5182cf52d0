"""Something more than COUNT items from a source of KIND, done in two attempts. A file of them lies at FILE.

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
from typing import Any

from overnight.agents import JsonLines, Lines, Run, start
from tests.benchmarks.programs.workload import OUTPUT, answer, forget_peak, keys, memory

KIND, COUNT, LEFT, FILE = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
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


def source() -> Iterable[Any]:
    match KIND:
        case "list":
            return list(keys(COUNT + MORE))
        case "lines":
            return Lines(_written(f"{key}\n" for key in keys(COUNT + MORE)))
        case "jsonlines":
            return JsonLines(_written(f'{{"id":"{key}"}}\n' for key in keys(COUNT + MORE)))
        case _:
            return keys(COUNT + MORE)


def _written(lines: Iterable[str]) -> Path:
    if not FILE.exists():
        with FILE.open("w") as file:
            file.writelines(lines)
    return FILE


def first_attempt(run: Run, items: Iterable[Any]) -> None:
    out = run.artifact("out.txt")
    tail = Tail(Path(run.directory, "checkpoint.json"))
    for done, _ in enumerate(run.each(items)):
        out.write(OUTPUT)
        if done >= COUNT and LEFT == "stopped":
            os.kill(os.getpid(), signal.SIGTERM)
        elif done >= COUNT and (tail.about_to_go() or done == COUNT + MORE - 1):
            os.kill(os.getpid(), signal.SIGKILL)


def second_attempt(run: Run, items: Iterable[Any], began: float, held: float) -> None:
    item = next(iter(run.each(items)))
    seconds, peak = time.perf_counter() - began, memory()[1]
    done = int(item["id"] if KIND == "jsonlines" else item)
    began = time.perf_counter()
    # Nothing in Python goes through them faster.
    deque(map(str, islice(source() if KIND == "stream" else items, done)), maxlen=0)
    answer(done=done, seconds=seconds, reading=time.perf_counter() - began, megabytes=peak - held)
    # What this attempt would do now is not what is measured.
    os._exit(0)


if __name__ == "__main__":
    given = source()
    forget_peak()
    resident, at = memory()[0], time.perf_counter()
    start(lambda run: first_attempt(run, given) if run.attempt == 1 else second_attempt(run, given, at, resident))
