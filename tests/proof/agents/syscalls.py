"""An agent that goes every way a run can go within a few milliseconds: outputs that grow, once by more than waits in
memory, one that is replaced, counters, items that fail, a head replaced on the way.

`syscalls.py EFFECTS WORD…`: EFFECTS is a file outside of the run that gets a line when an item's body begins, and these
words change what happens:

    power       outputs and log are on the disk before an item counts as done
    reversed    the source comes in the opposite order
    die=ITEM    kills itself in the middle of that item, which has written more than waits in memory
    stop        gets SIGTERM in the middle of an item
    compact     puts its log into the shorter form, two times over
    pause       gets a pause in the middle of an item, and while it stands still the request to go on
    beating     takes time for each item, and begins when somebody traces the beating thread
    shortening  the thread that puts the log into the shorter form begins when somebody traces it
    limit=ITEM:FILE:EXTRA
                from that item on no file may grow past EXTRA bytes more than FILE has when it begins
    lifted      that is waited for like a full disk, and over soon
"""

import ctypes
import errno
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from overnight.agents import Run, hold, start
from overnight.state import compaction, control
from overnight.state.compaction import Compaction
from overnight.state.records import Verb
from overnight.state.rundir import RunDir

ITEMS = 20
ASKED_AT = 7
LARGE = (8, 11)
SHORTENED = (10, 13, 16)
"""Between two heads: the one before begins a shorter form of the log, the one after puts it into its place."""
FAILING = (5, 11, 17)


def text_of(item: int) -> str:
    return f"item {item}\n"


def notes_of(item: int) -> list[str]:
    """What an item writes to its second output, part by part."""
    return [f"{item:02d} {part} {'.' * 30_000}\n" for part in range(4)] if item in LARGE else [f"{item:02d}\n"]


def replaces(item: int) -> bool:
    """Whether an item puts its text in the place of the whole third output."""
    return item % 3 == 2


def complaint_of(item: int) -> str:
    """The last one is longer than everything that was written before it."""
    return f"odd one: {item}" + "." * (4000 if item == FAILING[-1] else 0)


def main(run: Run) -> None:
    effects, *words = sys.argv[1:]
    descriptor = os.open(effects, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    limits = dict(limit_of(word) for word in words if word.startswith("limit="))
    if "beating" in words:
        await_tracer()
    text, notes, newest = run.artifact("text"), run.artifact("more/notes"), run.artifact("newest")
    for guarded in run.each(range(ITEMS)[:: -1 if "reversed" in words else 1], guard=True):
        with guarded as item:
            if item in limits:
                limit(run, *limits[item])
            # By a call that nothing else makes: an error that is put into `write` cannot hit what counts the items.
            os.writev(descriptor, [f"{item}\n".encode()])
            text.write(text_of(item))
            for part in notes_of(item):
                notes.write(part)
            if replaces(item):
                newest.replace(text_of(item))
            run.count(items=1, size=item)
            if item == ASKED_AT:
                ask(run, words)
            if item in SHORTENED and "compact" in words:
                await_shorter_form()
            if f"die={item}" in words:
                notes.write("." * 100_000)
                os.kill(os.getpid(), signal.SIGKILL)
            if "beating" in words:
                time.sleep(0.03)
            if item in FAILING:
                raise ValueError(complaint_of(item))


def ask(run: Run, words: list[str]) -> None:
    """What an operator does, by this process itself: it comes at the same system call each time."""
    records = RunDir(run.directory)

    def go_on(number: int, frame: FrameType | None) -> None:
        control.ask(records, Verb.RESUME, by="test@here")
        os.kill(os.getpid(), signal.SIGCONT)

    if "stop" in words:
        os.kill(os.getpid(), signal.SIGTERM)
    if "pause" in words:
        signal.signal(signal.SIGALRM, go_on)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        control.ask(records, Verb.PAUSE, by="test@here")
        os.kill(os.getpid(), signal.SIGTSTP)


def limit_of(word: str) -> tuple[int, tuple[str, int]]:
    item, name, extra = word.removeprefix("limit=").split(":")
    return int(item), (name, int(extra))


def limit(run: Run, name: str, extra: int) -> None:
    """A limit on the size of files takes a part of a write first and refuses after, as a full disk does."""
    size = Path(run.directory, name).stat().st_size + extra
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    if "lifted" in sys.argv:
        hold.PASSING |= {errno.EFBIG}
        signal.signal(signal.SIGALRM, lift)
        signal.setitimer(signal.ITIMER_REAL, 0.05)


def lift(number: int, frame: FrameType | None) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def await_shorter_form() -> None:
    for thread in threading.enumerate():
        if thread.name == "overnight-compaction":
            thread.join()


def allow_tracers() -> None:
    """Many a system lets a process be traced by its parents alone, if it says nothing."""
    set_ptracer, anybody = 0x59616D61, ctypes.c_ulong(-1)
    ctypes.CDLL(None).prctl(set_ptracer, anybody)


def await_tracer() -> None:
    """Until the newest thread of this process is traced."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        newest = max(os.listdir("/proc/self/task"), key=int)
        if b"TracerPid:\t0\n" not in Path(f"/proc/self/task/{newest}/status").read_bytes():
            return
        time.sleep(0.005)
    raise TimeoutError(f"nobody traces thread {newest}")


QUICK = {"HEAD_ITEMS": 6, "TRY_EVERY": 0.02, "LOOK_AFTER": 0.05}
"""Heads come often enough to be met on the way, and what waits looks again soon."""


def hasten() -> None:
    ours = [module for name, module in sys.modules.items() if name.startswith("overnight.agents.")]
    for name, value in QUICK.items():
        known = [module for module in ours if hasattr(module, name)]
        assert known, f"there is no {name}: this agent no longer goes every way"
        for module in known:
            setattr(module, name, value)
    if "compact" in sys.argv:
        compaction.LEAST, compaction.GROWTH = 400, 1
    if "shortening" in sys.argv:
        write = Compaction._write

        def traced_write(self: Compaction) -> None:
            Compaction._write = write  # type: ignore[method-assign]
            await_tracer()
            write(self)

        Compaction._write = traced_write  # type: ignore[method-assign]


if __name__ == "__main__":
    allow_tracers()
    hasten()
    start(main, durability="power" if "power" in sys.argv else "process")
