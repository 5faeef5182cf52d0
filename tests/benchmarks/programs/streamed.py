"""COUNT generated items, each with its output; answers the most memory that the process has held, in MB."""

import sys

from overnight.agents import Run, start
from tests.benchmarks.programs.workload import OUTPUT, answer, keys, memory


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for _ in run.each(keys(int(sys.argv[1]))):
        out.write(OUTPUT)
    answer(megabytes=memory()[1])


if __name__ == "__main__":
    start(main)
