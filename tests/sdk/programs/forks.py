"""Three children are forked while the log is put into the shorter form, and before and after. Then it waits.

The children wait, too. Says in `children` which they are.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from overnight.agents import Run, start
from overnight.agents import commits as commits_module
from overnight.state import compaction

forked = threading.Event()


def fork() -> int:
    child = os.fork()
    if child == 0:
        while True:
            signal.pause()
    return child


def main(run: Run) -> None:
    children = []
    for item in run.each(range(100)):
        if item == 1:
            children.append(fork())
        # At 20 a head is written, with which it begins, and at 40 the one with which it ends.
        if item == 21:
            (thread,) = [thread for thread in threading.enumerate() if thread.name == "overnight-compaction"]
            children.append(fork())
            assert thread.is_alive()
            forked.set()
            thread.join()
        if item == 50:
            assert run._work.commits.checkpoint.standing.compacted
            children.append(fork())
            break
    draft = Path(run.directory, ".children")
    draft.write_text(" ".join(map(str, children)))
    draft.rename(Path(run.directory, "children"))
    signal.pause()


if __name__ == "__main__":
    commits_module.HEAD_ITEMS = 20
    compaction.LEAST = compaction.GROWTH = 1
    # There is a fork in its midst.
    compaction.LINES, compaction.BURST, compaction.REST = 1, 0.0, 0
    breathe = compaction.Compaction._breathe
    compaction.Compaction._breathe = lambda self: (forked.wait(), breathe(self))[1]  # type: ignore[method-assign]
    sys.argv[1:] = []
    start(main)
