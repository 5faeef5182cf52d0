"""An agent that works on several items at once, of which one never ends: in threads, in processes, or in a child."""

import subprocess
import sys
import threading

from overnight.agents import Run, start

HANGS = 5


def work(item: int) -> None:
    if item == HANGS:
        threading.Event().wait()


def call(item: int) -> None:
    if item == HANGS:
        subprocess.run(["sleep", "86400"], check=True)


def main(run: Run) -> None:
    kind = sys.argv[1]
    for _ in run.map(call if kind == "child" else work, range(40), workers=4, processes=kind == "processes"):
        pass


if __name__ == "__main__":
    start(main)
