"""Does three items, and hangs in the fourth, in the way that it is told. `WAY [PORT]`."""

import os
import re
import socket
import sys
import threading
from collections.abc import Callable

from overnight.agents import Run, start


def deadlock() -> None:
    """Two threads, each with the lock that the other one wants."""
    one, other, both = threading.Lock(), threading.Lock(), threading.Barrier(2)

    def take(first: threading.Lock, second: threading.Lock) -> None:
        with first:
            both.wait()
            with second:
                pass

    beside = threading.Thread(target=take, args=(other, one), daemon=True)
    beside.start()
    take(one, other)


def loop() -> None:
    """An expression that backtracks for ever, and holds the interpreter meanwhile."""
    re.match(r"(a+)+$", 64 * "a" + "b")


def read() -> None:
    """From a pipe into which nobody writes."""
    reading, _ = os.pipe()
    os.read(reading, 1)


def peer() -> None:
    """From somebody who took the call, and never answers."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as line:
        line.recv(1)


def once(run: Run) -> None:
    """As `loop`, in the first attempt."""
    if run.attempt == 1:
        loop()


def busy() -> None:
    """Not at all: it is stopped from outside."""


WAYS: dict[str, Callable[[], None]] = {each.__name__: each for each in (deadlock, loop, read, peer, busy)}


def main(run: Run) -> None:
    way = sys.argv[1]
    for item in run.each(range(5 if way == "once" else 100_000)):
        if item >= 3 and way == "once":
            once(run)
        elif item >= 3:
            WAYS[way]()
        run.sleep(0.15)


if __name__ == "__main__":
    start(main)
