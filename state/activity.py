"""What the processes of an attempt do, by what the kernel says of them: whether a silence is work or a wait. Pure.

In any language: nothing of it is the agent's word. What the kernel hides is not told.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

COMPUTES = 20
"""Percent of a core from which it is at work: on a busy machine nobody gets a whole one."""


class Wait(StrEnum):
    """What a thread waits for."""

    STOPPED = "stopped"
    DISK = "the disk"
    NETWORK = "the network"
    PIPE = "a pipe"
    TERMINAL = "a terminal"
    FILE_LOCK = "the lock of a file"
    LOCAL = "another process, through a socket"
    CHILD = "a process that it has started"
    THREAD = "a lock or another thread"
    EVENTS = "one of several files or connections"
    SLEEP = "a time"
    SOMETHING = "something"


TELLING = (Wait.STOPPED, Wait.DISK, Wait.NETWORK, Wait.PIPE, Wait.TERMINAL, Wait.FILE_LOCK, Wait.LOCAL)
"""What says by itself why it hangs, the most telling first; who waits for anything else may wait for one of these."""

_PLACES = {
    "futex": Wait.THREAD,
    "pipe": Wait.PIPE,
    "wait_for_partner": Wait.PIPE,
    "unix_": Wait.LOCAL,
    "inet_": Wait.NETWORK,
    "tcp_": Wait.NETWORK,
    "udp_": Wait.NETWORK,
    "sk_": Wait.NETWORK,
    "__skb_": Wait.NETWORK,
    "do_wait": Wait.CHILD,
    "do_epoll": Wait.EVENTS,
    "ep_poll": Wait.EVENTS,
    "poll_": Wait.EVENTS,
    "do_poll": Wait.EVENTS,
    "do_select": Wait.EVENTS,
    "do_sys_poll": Wait.EVENTS,
    "hrtimer_nanosleep": Wait.SLEEP,
    "do_nanosleep": Wait.SLEEP,
    "locks_lock": Wait.FILE_LOCK,
    "flock": Wait.FILE_LOCK,
    "fcntl_setlk": Wait.FILE_LOCK,
    "n_tty_read": Wait.TERMINAL,
    "do_signal_stop": Wait.STOPPED,
    "io_schedule": Wait.DISK,
    "folio_": Wait.DISK,
    "jbd2_": Wait.DISK,
    "rq_qos_wait": Wait.DISK,
    "nfs": Wait.DISK,
    "rpc_": Wait.DISK,
    "fuse_": Wait.DISK,
    "request_wait_answer": Wait.DISK,
}
"""How the function of the kernel begins in which a thread waits."""


class Thread(NamedTuple):
    """One thread at one moment."""

    pid: int
    tid: int
    name: str
    state: str
    """The kernel's letter."""
    place: str | None = None
    """The function of the kernel in which it waits."""
    call: str | None = None
    """The system call that it is in, as the kernel tells it: its number and its arguments."""
    stack: tuple[str, ...] = ()
    """Functions of the kernel, the newest first; for root alone."""


class Doing(NamedTuple):
    """What one thread does at one moment."""

    state: str
    """The kernel's letter."""
    place: str | None = None
    """The function of the kernel in which it waits; None = it runs, or that is hidden."""
    file: str | None = None
    """What it reads or writes there: `pipe`, `socket`, `tty`, or the address of a peer; None = that is not known."""
    is_first: bool = True
    """The first thread of its process."""
    is_agent: bool = True
    """Of the process that says that it is the agent."""


class Activity(NamedTuple):
    """Of all processes of an attempt, over two looks."""

    cpu: int | None
    """Percent of one core; None = it was looked at once only."""
    wait: Wait | None
    """What it waits for, as far as that is known; None = it does not wait."""
    place: str | None = None
    peer: str | None = None
    """Whom it is connected to there, as `ADDRESS:PORT`."""


def wait_of(doing: Doing) -> Wait | None:
    """What a thread waits for; None = it runs."""
    if doing.state in {"T", "t"}:
        return Wait.STOPPED
    if doing.state == "R":
        return None
    if doing.file is not None and (named := _wait_for_file(doing.file)) is not None:
        return named
    if doing.place is not None:
        for begin, wait in _PLACES.items():
            if doing.place.removeprefix("anon_").startswith(begin):
                return wait
    return Wait.DISK if doing.state == "D" else Wait.SOMETHING


def _wait_for_file(file: str) -> Wait | None:
    if ":" in file:
        return Wait.NETWORK
    return {"pipe": Wait.PIPE, "tty": Wait.TERMINAL, "socket": Wait.LOCAL}.get(file)


def activity_of(cpu: int | None, doings: Sequence[Doing]) -> Activity:
    """What the threads of all its processes come to. `cpu`: as in `Activity`."""
    if cpu is not None and cpu >= COMPUTES:
        return Activity(cpu, None)
    if not doings:
        return Activity(cpu, Wait.SOMETHING)
    told = min(doings, key=_rank)
    peer = told.file if told.file is not None and ":" in told.file else None
    return Activity(cpu, wait_of(told), told.place, peer)


def _rank(doing: Doing) -> tuple[int, bool]:
    """What tells most comes first: of the agent's own first thread anything but that it waits for another one."""
    wait = wait_of(doing)
    if doing.is_first and doing.is_agent and (wait is None or wait in TELLING):
        return 0, False
    if wait in TELLING:
        return 1 + TELLING.index(wait), not doing.is_agent
    last = len(TELLING) + 1
    return last + (not doing.is_first) + 2 * (wait is Wait.CHILD), not doing.is_agent


def activity_words(activity: Activity) -> str:
    """`its process computes (98% of a core)`; `its process waits for the network (127.0.0.1:80)`."""
    if activity.wait is None:
        share = f" ({activity.cpu}% of a core)" if activity.cpu is not None else ""
        return f"its process computes{share}"
    if activity.wait is Wait.STOPPED:
        return "its process is stopped by a signal"
    if activity.wait is Wait.SLEEP:
        return "its process sleeps until a time comes"
    where = activity.peer or activity.place
    return f"its process waits for {activity.wait}{f' ({where})' if where else ''}"
