"""COUNT items, each with its output, through a loop of DURABILITY; answers what one of them took, in µs."""

import sys
import time

from overnight.agents import Run, start
from tests.benchmarks.programs.workload import OUTPUT, answer, keys

COUNT = int(sys.argv[1])


def main(run: Run) -> None:
    source = list(keys(COUNT))
    out = run.artifact("out.txt")
    began = time.perf_counter()
    for _ in run.each(source):
        out.write(OUTPUT)
    answer(microseconds=(time.perf_counter() - began) / COUNT * 1e6)


if __name__ == "__main__":
    start(main, durability="power" if sys.argv[2] == "power" else "process")
