"""An agent in miniature on the run in FOLDER, COUNT items, whose log is put into the shorter form again and again.

Says on stdout which item is committed, each with one write. Goes on where it was.
"""

import os
import sys
import threading
from pathlib import Path

from overnight.state import compaction
from overnight.state.checkpoint import Checkpoint
from overnight.state.outputs import cut
from overnight.state.rundir import RunDir

OUT = "out.txt"


def main(run: RunDir, count: int) -> None:
    checkpoint = Checkpoint(run)
    loop, out = checkpoint.loop(0), Path(run.artifacts_path, OUT)
    cut(str(out), checkpoint.standing.artifacts.get(OUT, 0))
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for item in range(loop.chain.length, count):
        os.write(descriptor, f"item {item}\n".encode())
        more = {"e": {"type": "ValueError", "message": "odd", "log": item}} if item % 7 == 3 else None
        checkpoint.commit(loop, item, str(item), 1, {OUT: os.fstat(descriptor).st_size}, {"n": 1}, more)
        os.write(1, f"{item}\n".encode())
        if item % 5 == 1:
            checkpoint.save_head()
        if item % 10 == 5:
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    thread.join()
    checkpoint.save_head()
    checkpoint.close()


if __name__ == "__main__":
    compaction.LEAST, compaction.GROWTH = 200, 1
    main(RunDir(sys.argv[1]), int(sys.argv[2]))
