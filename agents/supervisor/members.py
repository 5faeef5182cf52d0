"""The processes of an agent: its session, its group, and what it leaves of them. Signalled by identity."""

import os
import signal
import time
from collections.abc import Callable, Iterator

from overnight.state import process
from overnight.state.belonging import belongs
from overnight.state.process import Identity
from overnight.state.records import Attempt
from overnight.state.rundir import RunDir


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
    except (OSError, OverflowError):
        return False


def leftovers(run: RunDir, attempt: Attempt) -> list[Identity]:
    """What is left of the agent's group after the agent itself has ended.

    The group's number may have come to mean others: each is known by the run in its environment.
    """
    if attempt.boot_id != process.boot_id():
        return []
    return [
        found
        for pid in where(os.getpgid, attempt.pid)
        if (found := process.identity_of(pid)) is not None and belongs(pid, run.id)
    ]


def signal_each(found: list[Identity], number: signal.Signals) -> bool:
    """False = none of them was there any more."""
    reached = [process.send(each, number) for each in found]
    return any(reached)


def where(which: Callable[[int], int], number: int) -> Iterator[int]:
    """The processes for which the kernel answers `number`: of one group, or of one session."""
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                if which(int(name)) == number:
                    yield int(name)
            except OSError:
                continue
