"""A loop over COUNT items that does nothing, bare and then through BAR; answers what the bar adds to an item, in ns."""

import sys
import time
from collections.abc import Iterable

from tests.benchmarks.programs.workload import answer

COUNT = int(sys.argv[2])


def seconds(items: Iterable[int]) -> float:
    began = time.perf_counter()
    for _ in items:
        pass
    return time.perf_counter() - began


def answer_for(bar: Iterable[int]) -> None:
    bare = seconds(range(COUNT))
    answer(nanoseconds=(seconds(bar) - bare) / COUNT * 1e9)


def tqdm() -> None:
    from tqdm import tqdm

    answer_for(tqdm(range(COUNT)))


def rich() -> None:
    from rich.console import Console
    from rich.progress import track

    answer_for(track(range(COUNT), console=Console(stderr=True)))


def overnight() -> None:
    from overnight.agents import start

    start(lambda run: answer_for(run.each(range(COUNT), durable=False)))


BARS = {"tqdm": tqdm, "rich": rich, "overnight": overnight}

if __name__ == "__main__":
    BARS[sys.argv[1]]()
