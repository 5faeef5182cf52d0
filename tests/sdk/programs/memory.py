"""COUNT items, as a list or a stream; prints the most memory it has used beyond what it had at the start, in bytes."""

import sys
import tracemalloc
from pathlib import Path

from overnight.agents import Run, start


def main(run: Run) -> None:
    count = int(sys.argv[1])
    source = range(count) if sys.argv[2] == "list" else iter(range(count))
    tracemalloc.start()
    for item in run.each(source):
        if item == int(sys.argv[3]):
            break
    Path(run.directory, "memory.txt").write_text(str(tracemalloc.get_traced_memory()[1]))


if __name__ == "__main__":
    start(main)
