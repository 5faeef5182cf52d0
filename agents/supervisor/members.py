"""The processes of an agent: its session, its group, and what it leaves of them. Signalled by identity."""

import os
import signal
import time
from collections.abc import Callable, Iterator

from overnight.state import process
from overnight.state.process import Identity
from overnight.state.records import Attempt
from overnight.state.rundir import RunDir

KIB, PAGE = 1024, os.sysconf("SC_PAGESIZE")
"""Bytes: the kernel's units for memory."""


def identity(attempt: Attempt) -> Identity:
    return Identity(attempt.pid, attempt.start_time, attempt.boot_id)


def kernel_state(attempt: Attempt) -> str | None:
    """The kernel's letter for the agent's process; None = it is gone, a zombie included."""
    if attempt.boot_id != process.boot_id():
        return None
    return process.state_of(attempt.pid, attempt.start_time)


def age_of(attempt: Attempt) -> float:
    """Seconds since its process was started, by the clock that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - attempt.start_time / os.sysconf("SC_CLK_TCK")


def signal_group(attempt: Attempt, number: signal.Signals) -> bool:
    """Signal the agent's whole group while its leader lives: until then nobody else can have that group."""
    if kernel_state(attempt) is None:
        return False
    try:
        os.killpg(attempt.pid, number)
    except ProcessLookupError:
        return False
    return True


def signal_member(attempt: Attempt, pid: int, number: signal.Signals) -> bool:
    """Signal one process of the agent's session. False = it is not one; nobody was signalled."""
    found = process.identity_of(pid)
    return found is not None and is_member(attempt, pid) and process.send(found, number)


def is_member(attempt: Attempt, pid: int | None) -> bool:
    """Whether `pid` lives in the session that the agent leads."""
    if pid is None or pid <= 0:
        return False
    try:
        return os.getsid(pid) == attempt.pid and kernel_state(attempt) is not None
    except OSError:
        return False


def leftovers(run: RunDir, attempt: Attempt) -> list[Identity]:
    """What is left of the agent's group after the agent itself has ended.

    The group's number may have come to mean others: each is known by the run in its environment.
    """
    if attempt.boot_id != process.boot_id():
        return []
    return [
        found
        for pid in _where(os.getpgid, attempt.pid)
        if (found := process.identity_of(pid)) is not None and _belongs(pid, run)
    ]


def memory_of(attempt: Attempt, enough: int) -> int:
    """Bytes of memory that the agent's session and what is below it hold.

    Judged by the proportional share (PSS): what forked workers share counts once. The kernel walks every page for it;
    the resident sum (RSS) is cheap and never less, and is the answer where it is not more than `enough`.
    """
    pids = _family(attempt)
    resident = sum(map(_resident, pids))
    return resident if resident <= enough else sum(map(_share, pids))


def _family(attempt: Attempt) -> set[int]:
    """The session that the agent leads, and the descendants that have left it."""
    if kernel_state(attempt) is None:
        return set()
    found = set(_where(os.getsid, attempt.pid))
    new = set(found)
    while new:
        new = {child for pid in new for child in _children(pid)} - found
        found |= new
    return found


def _children(pid: int) -> Iterator[int]:
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                yield from map(int, file.read().split())
    except OSError:
        # It has ended meanwhile, or this kernel does not tell.
        return


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE
    except OSError:
        return 0


def _share(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next(int(line.split()[1]) * KIB for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return _resident(pid)


def signal_each(found: list[Identity], number: signal.Signals) -> bool:
    """False = none of them was there any more."""
    reached = [process.send(each, number) for each in found]
    return any(reached)


def _where(which: Callable[[int], int], number: int) -> Iterator[int]:
    """The processes for which the kernel answers `number`: of one group, or of one session."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                if which(int(name)) == number:
                    yield int(name)
            except OSError:
                continue


def _belongs(pid: int, run: RunDir) -> bool:
    named = os.fsencode(run.id)
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return False
    return b"OVERNIGHT_RUN_ID=" + named in variables or b"OVERNIGHT_PARENT_RUN=" + named in variables
