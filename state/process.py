"""Which process is meant: (pid, start time, boot id), so that a recycled pid is never signalled."""

import os
import signal
from typing import NamedTuple

STATE = 0
_PARENT = 1
USER_TIME, SYSTEM_TIME, THREADS = 11, 12, 17
START_TIME = 19
"""Fields of /proc/PID/stat behind the command's name, see proc(5): numbers 3, 4, 14, 15, 20 and 22 there."""
LONGEST = 4096
"""Bytes of what is read of the kernel here: 52 numbers and a name."""

UNKNOWN = "?"
"""In place of the kernel's letter, where it can't be asked now: nobody is dead because we have no descriptor left."""
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
"""What the kernel answers for a process that is not there, or that hides from us: such a one is none of ours."""

_boot_ids: list[str] = []
"""The one, once it was read: a list of runs asks twice for each."""


class Identity(NamedTuple):
    """One process of one boot of one machine."""

    pid: int
    start_time: int
    """The kernel's, in clock ticks since boot."""
    boot_id: str


def boot_id() -> str:
    """Of the running kernel; it changes at every boot, and in no process's life."""
    if not _boot_ids:
        _boot_ids.append(_read("/proc/sys/kernel/random/boot_id").strip().decode("ascii"))
    return _boot_ids[0]


def identity_of(pid: int) -> Identity | None:
    """Of a living process; None = there is none, a zombie included. Raises OSError where nobody can know."""
    fields = stat_of(pid)
    return (
        None
        if fields is None or (fields[STATE] == "Z" and not _has_threads(pid))
        else Identity(pid, int(fields[START_TIME]), boot_id())
    )


def state_of(pid: int, start_time: int) -> str | None:
    """The kernel's letter (R, S, D, T, …), or UNKNOWN; None = that process is gone, a zombie included."""
    try:
        return _state_of(pid, start_time)
    except OSError:
        return UNKNOWN


def stat_of(pid: int) -> list[str] | None:
    """The fields behind its name; None = there is no such process. Raises OSError where nobody can know."""
    try:
        line = _read(f"/proc/{pid}/stat").decode("utf-8", "replace")
    except _GONE:
        return None
    # The command's name is in parentheses and may hold spaces and parentheses itself.
    return line[line.rfind(")") + 2 :].split(maxsplit=START_TIME + 1)


def parent_of(pid: int) -> int | None:
    """None = there is no such process. Raises OSError where nobody can know."""
    fields = stat_of(pid)
    return None if fields is None else int(fields[_PARENT])


def open_process(identity: Identity) -> int | None:
    """A pidfd of exactly this process (close it); None = it is gone, or belongs to another boot.

    Raises OSError where nobody can know.
    """
    if identity.boot_id != boot_id() or identity.pid <= 0:
        return None
    try:
        descriptor = os.pidfd_open(identity.pid)
    except (ProcessLookupError, ValueError, OverflowError):
        return None
    # Opened first, compared after: from here on the descriptor cannot come to mean another process.
    try:
        gone = _state_of(identity.pid, identity.start_time) is None
    except BaseException:
        os.close(descriptor)
        raise
    if gone:
        os.close(descriptor)
        return None
    return descriptor


def send(identity: Identity, number: signal.Signals) -> bool:
    """Signal exactly this process. False = it is gone; nobody else was signalled. Raises OSError."""
    descriptor = open_process(identity)
    if descriptor is None:
        return False
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def _state_of(pid: int, start_time: int) -> str | None:
    fields = stat_of(pid)
    if fields is None or int(fields[START_TIME]) != start_time:
        return None
    state = fields[STATE]
    if state != "Z":
        return state
    # Z can mean that only the main thread has ended.
    return "S" if _has_threads(pid) else None


def _has_threads(pid: int) -> bool:
    try:
        return len(os.listdir(f"/proc/{pid}/task")) > 1
    except _GONE:
        return False


def _read(path: str) -> bytes:
    """What the kernel says, in one piece. Without a file object: the supervisor of each run asks at each wake-up."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, LONGEST)
    finally:
        os.close(descriptor)
