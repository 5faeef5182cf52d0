"""COUNT items and a second loop of a tenth of them, with outputs of every kind, for about PACE seconds each.

Some fail, some write more than waits in memory. Says in EFFECTS, outside of its run, which item it begins and
which it has done. With `together` it waits until its stdin ends before it starts, and says on stdout that it waits.
"""

import os
import sys
import time

from overnight.agents import Run, start

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def main(run: Run) -> None:
    count, pace, effects = int(sys.argv[1]), float(sys.argv[2]), os.open(sys.argv[3], FLAGS, 0o600)
    out, large = run.artifact("out.txt"), run.artifact("deep/large.bin")

    def say(what: str, item: object) -> None:
        os.write(effects, f"{run.attempt} {os.getpid()} {what} {item}\n".encode())

    for guarded in run.each(range(count), guard=True):
        with guarded as item:
            say("begun", item)
            out.write(f"item {item}\n")
            if item % 40 == 7:
                large.write(bytes([item % 256]) * 100_000)
            time.sleep(pace * (item % 3))
            out.write("." * (item % 7) + "\n")
            run.count(lines=2, price=0.1)
            say("done", item)
            if item % 11 == 3:
                raise ValueError(f"odd one: {item}")
    for last in run.each(f"last-{number}" for number in range(count // 10)):
        say("begun", last)
        out.write(f"{last}\n")
        run.count(lines=1)
        say("done", last)


if __name__ == "__main__":
    if "together" in sys.argv:
        os.write(1, b"!")
        os.read(0, 1)
    start(main)
