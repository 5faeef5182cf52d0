"""An agent whose handlers of SIGTSTP and SIGCONT, which are the SDK's, first append the time to the file it is given.

In nanoseconds of the monotonic clock.
"""

import os
import signal
import sys
import time
from itertools import count
from types import FrameType

from overnight.agents import Run, start

ITEM = 0.01
"""Seconds."""


def note_first(number: signal.Signals, heard: int) -> None:
    """Whatever handles the signal now."""
    handle = signal.getsignal(number)
    assert callable(handle)

    def noted(number: int, frame: FrameType | None) -> None:
        os.write(heard, b"%d\n" % time.monotonic_ns())
        handle(number, frame)

    signal.signal(number, noted)


def main(run: Run) -> None:
    heard = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    for number in (signal.SIGTSTP, signal.SIGCONT):
        note_first(number, heard)
    for _ in run.each(count()):
        time.sleep(ITEM)


if __name__ == "__main__":
    start(main)
