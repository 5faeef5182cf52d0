"""COUNT items with an output. `power`: each on the disk. `slowly`: each a tenth of a second. `die`: killed then."""

import os
import signal
import sys
import time

from overnight.agents import Run, hold, start


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for item in run.each(range(int(sys.argv[1]))):
        out.write(f"item {item}\n")
        if "slowly" in sys.argv:
            time.sleep(0.1)
    if "die" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    hold.TRY_EVERY = 0.05
    start(main, durability="power" if "power" in sys.argv else "process")
