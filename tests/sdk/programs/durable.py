"""COUNT items with an output. `power`: each on the disk. `slowly`: each a tenth of a second. `die`: killed then.

`linger`: some seconds behind the loop. `shorter`: the log is put into the shorter form again and again.
"""

import os
import signal
import sys
import threading
import time

from overnight.agents import Run, commits, hold, start
from overnight.state import compaction


def main(run: Run) -> None:
    out = run.artifact("out.txt")
    for item in run.each(range(int(sys.argv[1]))):
        out.write(f"item {item}\n")
        if "slowly" in sys.argv:
            time.sleep(0.1)
        if "shorter" in sys.argv:
            for thread in threading.enumerate():
                if thread.name == "overnight-compaction":
                    thread.join()
    if "linger" in sys.argv:
        time.sleep(3)
    if "die" in sys.argv:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    hold.TRY_EVERY = 0.05
    if "shorter" in sys.argv:
        commits.HEAD_ITEMS, compaction.LEAST, compaction.GROWTH = 3, 1, 1
    start(main, durability="power" if "power" in sys.argv else "process")
