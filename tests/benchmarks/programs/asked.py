"""An agent that is paused and goes on, and appends the time of each pause to the file it is given, in nanoseconds."""

import json
import os
import signal
import sys
import time
from pathlib import Path

HEARD = Path(sys.argv[1])
RUN = os.environ.get("OVERNIGHT_RUN_DIR")
ATTEMPT = int(os.environ.get("OVERNIGHT_ATTEMPT", "0"))


def report(status: str) -> None:
    """In the two files of the protocol, where it is a run."""
    if RUN is None:
        return
    numbers = [int(name[:6]) for name in os.listdir(f"{RUN}/control") if name[:6].isdecimal()]
    progress = {"status": status, "processed_items": 0, "acknowledged": max(numbers, default=0), "attempt": ATTEMPT}
    heartbeat = {"last_heartbeat": time.time(), "pid": os.getpid(), "handles": ["pause"], "attempt": ATTEMPT}
    for name, record in (("progress.json", progress), ("heartbeat.json", heartbeat)):
        draft = f"{RUN}/.{name}.draft"
        Path(draft).write_text(json.dumps(record))
        os.rename(draft, f"{RUN}/{name}")


def pause(*_: object) -> None:
    now = time.monotonic_ns()
    with HEARD.open("a") as file:
        file.write(f"{now}\n")
    report("paused")


signal.signal(signal.SIGTSTP, pause)
signal.signal(signal.SIGCONT, lambda *_: report("running"))
report("running")
HEARD.touch()
while True:
    signal.pause()
