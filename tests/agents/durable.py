"""An agent of two lines: COUNT items of SECONDS each, one line of output for each."""

import sys
import time

from overnight.agents import Run, start


def main(run: Run) -> None:
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    out = run.artifact("out.txt")
    for item in run.each(range(count), unit="lines"):
        time.sleep(seconds)
        out.write(f"item {item}\n")
        run.count(lines=1)


if __name__ == "__main__":
    start(main)
