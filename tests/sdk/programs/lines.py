"""COUNT items of SECONDS each, some lines of output and a counter for each. `stream`: from a generator."""

import sys
import time

from overnight.agents import Run, start


def main(run: Run) -> None:
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    out = run.artifact("out.txt")
    items = (number for number in range(count)) if "stream" in sys.argv else range(count)
    for item in run.each(items):
        out.write(f"item {item}\n")
        time.sleep(seconds)
        out.write("." * (item % 7) + "\n")
        run.count(lines=2)


if __name__ == "__main__":
    start(main)
