"""What descends from an agent, in its session or not: what it holds of memory, and what is left of it at the end."""

import os
import time
from collections.abc import Iterator

from overnight.agents.supervisor import members
from overnight.state.belonging import lives, may_belong, processes_of, told
from overnight.state.process import Identity, identity_of
from overnight.state.records import Attempt
from overnight.state.rundir import RunDir

KIB, PAGE = 1024, os.sysconf("SC_PAGESIZE")
"""Bytes: the kernel's units for memory."""
SETTLING, LOOK_AFTER = 0.2, 0.02
"""Seconds that what ends with an agent has for it, as a pool's tracker does; and between two looks."""
MOST = 20
"""Processes that are told of."""


def memory_of(attempt: Attempt, enough: int) -> int:
    """Bytes of memory that the agent's session and what is below it hold.

    Judged by the proportional share (PSS): what forked workers share counts once. The kernel walks every page for it;
    the resident sum (RSS) is cheap and never less, and is the answer where it is not more than `enough`.
    """
    pids = family_of(attempt)
    resident = sum(map(resident_of, pids))
    return resident if resident <= enough else sum(map(share_of, pids))


def left_of(run: RunDir, *, ours: bool) -> list[str]:
    """What goes on of a run whose attempt has ended: pids and commands.

    `ours`: the attempt was started by this process. What it has left is then below it, for the kernel gives orphans to
    a subreaper; else it may be anywhere, and everything that runs has to be asked.
    """
    deadline = time.monotonic() + SETTLING
    below = ours and _children_are_told()
    found = below_me(run.id) if below else processes_of(run.id)
    while found and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
        found = below_me(run.id) if below else [each for each in found if lives(each)]
    left = processes_of(run.id, [each.pid for each in found]) if found else []
    return [told(each) for each in left[:MOST]]


def below_me(run_id: str) -> list[Identity]:
    """What lives below this process and may be of the run.

    Not what this process has started for others, as it does for the queue: that is below it, too.
    """
    living = (found for pid in descendants_of({os.getpid()}) if (found := identity_of(pid)) is not None)
    return [each for each in living if may_belong(each.pid, run_id)]


def family_of(attempt: Attempt) -> set[int]:
    """The agent, the session that it leads, and the descendants that have left it; nothing when it is gone."""
    if members.kernel_state(attempt) is None:
        return set()
    # One that was started by hand is in the session of its shell.
    session = {attempt.pid, *members.where(os.getsid, attempt.pid)}
    return session | descendants_of(session)


def descendants_of(pids: set[int], thread: int | None = None) -> set[int]:
    """All that they have started, and what that has; `thread`: only what this thread of theirs has."""
    found = set[int]()
    new = {child for pid in pids for child in _children(pid, thread)} - pids
    while new:
        found |= new
        new = {child for pid in new for child in _children(pid)} - found - pids
    return found


def _children_are_told() -> bool:
    """Whether this kernel was built so (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _children(pid: int, thread: int | None = None) -> Iterator[int]:
    try:
        for each in os.listdir(f"/proc/{pid}/task") if thread is None else (thread,):
            with open(f"/proc/{pid}/task/{each}/children", "rb") as file:
                yield from map(int, file.read().split())
    except OSError:
        # It has ended meanwhile.
        return


def resident_of(pid: int) -> int:
    """Bytes (RSS); 0 = it is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def share_of(pid: int) -> int:
    """Bytes: its proportional share of what it holds (PSS), or what is resident where that is not told."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next(int(line.split()[1]) * KIB for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return resident_of(pid)
