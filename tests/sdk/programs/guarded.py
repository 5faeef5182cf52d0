"""COUNT items of SECONDS each, of which every third fails after it has written something."""

import sys
import time

from overnight.agents import Run, start


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for guarded in run.each(range(int(sys.argv[1])), guard=True):
        with guarded as item:
            out.write(f"item {item}\n")
            run.count(items=1)
            time.sleep(float(sys.argv[2]))
            if item % 3 == 0:
                raise ValueError(f"odd one: {item}")


if __name__ == "__main__":
    start(main)
