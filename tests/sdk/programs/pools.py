"""Agents that have worker processes, in one script: `pools.py WHAT FOLDER`."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from overnight.agents.workers import Call, Pool, Processes, Threads

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP, signal.SIGCONT)


def meet(folder: str, name: str) -> str:
    draft = Path(folder, f".{name}")
    draft.write_text(str(os.getpid()))
    draft.rename(Path(folder, f"{name}.began"))
    while not Path(folder, "go").exists():
        time.sleep(0.005)
    return name


def begin(pool: Pool, folder: str, calls: int) -> None:
    for ticket in range(calls):
        pool.submit(ticket, Call(meet, (folder, str(ticket))))
    while len(list(Path(folder).glob("*.began"))) < calls:
        time.sleep(0.005)


def pester() -> None:
    """Send this group whatever a terminal and a supervisor send."""
    while True:
        for number in NUMBERS:
            os.killpg(0, number)
        time.sleep(0.001)


def main(what: str, folder: str) -> None:
    if what.startswith("signals"):
        for number in NUMBERS:
            signal.signal(number, lambda *_: None)
        threading.Thread(target=pester, daemon=True).start()
    woken = threading.Event()
    kind = Threads if what.startswith("thread") else Processes
    pool = kind(2, woken.set)
    begin(pool, folder, 2)
    if what.endswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if what.endswith("leave"):
        sys.exit(5)
    if what.endswith("close"):
        Path(folder, "go").touch()
        taken = []
        while pool.running:
            woken.wait()
            woken.clear()
            taken += [each.attempted.result for each in pool.taken() if each.attempted]
        pool.close()
        print(*sorted(taken))
    if what.endswith("wait"):
        while True:
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
