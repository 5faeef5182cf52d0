"""One item without an end. With `check` it has pause points, with `wait` it announces that it waits."""

import sys
import time

from overnight.agents import Run, start


def main(run: Run) -> None:
    for _ in run.each(["the long one"]):
        run.artifact("out.txt").write("begun\n" * 20_000)
        while True:
            if "wait" in sys.argv:
                run.sleep(600, "somebody else")
            time.sleep(0.01)
            if "check" in sys.argv:
                run.check()


if __name__ == "__main__":
    start(main)
