"""For which child a thread waits: the youngest process below it, by what the kernel says. Looks, signals nobody."""

import os
import shlex
import time
from collections.abc import Iterable

from overnight.agents.supervisor.family import descendants_of
from overnight.state import process
from overnight.state.activity import Child, Doing, Wait, Who, activity_of, activity_words, wait_of
from overnight.state.threads import Peers, doing_of, threads_of
from overnight.tui.clean import clean

LONGEST = 60
"""Characters of a command."""
POOL = "python (multiprocessing)"
"""In place of a command that nobody has written: of worker processes, and what cleans up behind them."""
MOST_FILES = 1000
"""Of a process with more it is not asked for which pipes these are."""
STREAMS = ("0", "1", "2")
TICKS = os.sysconf("SC_CLK_TCK")


def child_awaited(by: Doing) -> Child | None:
    """The youngest of those below that it waits for, itself or through a pipe; None = it waits for none of them."""
    match wait_of(by):
        case Wait.CHILD:
            return _youngest(descendants_of({by.pid}, by.tid) or descendants_of({by.pid}))
        case Wait.PIPE | Wait.EVENTS:
            pipes = _pipes_of(by.pid)
            ends = {pid for pid in descendants_of({by.pid}) if pipes and not pipes.isdisjoint(_pipes_of(pid, STREAMS))}
            return _youngest(ends | descendants_of(ends))
    return None


def child_of(pid: int) -> Child | None:
    """None = it is gone."""
    begun_at = _begun_at(pid)
    return None if begun_at is None else Child(pid, _command_of(pid), _age(begun_at))


def child_words(child: Child) -> str:
    """What it does, by its first thread; "" = it is gone."""
    threads = threads_of(child.pid)
    if not threads:
        return ""
    told = activity_of(None, [doing_of(threads[0], 0, Peers())])
    return activity_words(told._replace(who=Who.CHILD, child=child)).removeprefix("its child ")


def _youngest(pids: Iterable[int]) -> Child | None:
    begun = [(at, pid) for pid in pids if (at := _begun_at(pid)) is not None]
    return child_of(max(begun)[1]) if begun else None


def _begun_at(pid: int) -> int | None:
    """In the kernel's ticks; None = it is gone, and may be a zombie."""
    try:
        fields = process.stat_of(pid)
    except OSError:
        return None
    return None if fields is None or fields[process.STATE] in {"Z", "X"} else int(fields[process.START_TIME])


def _age(begun_at: int) -> int:
    return max(0, int(time.clock_gettime(time.CLOCK_BOOTTIME) - begun_at / TICKS))


def _command_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(4096).rstrip(b"\0").decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    if any("from multiprocessing." in word for word in words):
        return POOL
    said = clean(shlex.join(words) if any(words) else f"process {pid}", 4096)
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"


def _pipes_of(pid: int, names: Iterable[str] | None = None) -> set[str]:
    """Those that it has open, by their numbers."""
    folder, pipes = f"/proc/{pid}/fd", set[str]()
    try:
        asked = names if names is not None else os.listdir(folder)[:MOST_FILES]
    except OSError:
        return pipes
    for each in asked:
        try:
            target = os.readlink(f"{folder}/{each}")
        except OSError:
            continue
        if target.startswith("pipe:["):
            pipes.add(target)
    return pipes
