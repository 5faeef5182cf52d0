"""What the processes of an attempt do, by what the kernel says of them: whether a silence is work or a wait. Pure.

In any language: nothing of it is the agent's word. What the kernel hides is not told.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from overnight.state.amounts import span_words

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
    WORKERS = "its workers"
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
    pid: int = 0
    tid: int = 0


class Who(StrEnum):
    """Whose doing is told."""

    PROCESS = "its process"
    WORKER = "the worker with its oldest item"
    CHILD = "its child"


class Child(NamedTuple):
    """A process that one of its processes has started."""

    pid: int
    command: str
    """Clean, and short."""
    age: int
    """Seconds since it began."""


class Activity(NamedTuple):
    """Of all processes of an attempt, over two looks."""

    cpu: int | None
    """Percent of one core; None = it was looked at once only."""
    wait: Wait | None
    """What it waits for, as far as that is known; None = it does not wait."""
    place: str | None = None
    peer: str | None = None
    """Whom it is connected to there, as `ADDRESS:PORT`."""
    who: Who = Who.PROCESS
    pid: int = 0
    """The process whose doing that is; 0 = none is to be seen."""
    child: Child | None = None
    """That process, where it is a child: what it does is told, and that `who` waits for it."""


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


def teller_of(doings: Sequence[Doing], worker: int | None) -> Doing | None:
    """The thread that tells what becomes of its oldest item: the one that works on it, else the agent's first one.

    `worker`: the kernel's number of the one that works on it. None = it is not to be seen.
    """
    if worker is not None and (found := [each for each in doings if each.tid == worker]):
        return found[0]
    return next((each for each in doings if each.is_first and each.is_agent), None)


def activity_of(
    cpu: int | None, doings: Sequence[Doing], worker: int | None = None, child: Child | None = None
) -> Activity:
    """What the threads of all its processes come to. `cpu`: as in `Activity`; `worker`: as for `teller_of`.

    `child`: for which that thread waits.
    """
    teller = teller_of(doings, worker)
    is_worker = worker is not None and teller is not None and teller.tid == worker
    who = Who.WORKER if is_worker else Who.PROCESS
    if child is not None:
        return _activity(cpu, [each for each in doings if each.pid == child.pid])._replace(who=who, child=child)
    if is_worker and teller is not None:
        return _told(cpu, teller)._replace(who=who)
    if worker is not None and teller is not None and wait_of(teller) in {Wait.EVENTS, Wait.THREAD}:
        return _activity(cpu, [teller])._replace(wait=Wait.WORKERS)
    return _activity(cpu, doings)


def _activity(cpu: int | None, doings: Sequence[Doing]) -> Activity:
    if cpu is not None and cpu >= COMPUTES:
        return Activity(cpu, None)
    if not doings:
        return Activity(cpu, Wait.SOMETHING)
    return _told(cpu, min(doings, key=_rank))


def _told(cpu: int | None, doing: Doing) -> Activity:
    peer = doing.file if doing.file is not None and ":" in doing.file else None
    who = Who.PROCESS if doing.is_agent else Who.CHILD
    return Activity(cpu, wait_of(doing), doing.place, peer, who, doing.pid)


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
    does = _does_words(activity)
    if activity.child is None:
        # A child that has ended meanwhile has no name.
        return f"{activity.who} {does}"
    age = activity.child.age
    begun = f"pid {activity.child.pid}, begun {span_words(age // 60 * 60 if age >= 60 else age)} ago"
    named = f"its child `{activity.child.command}` ({begun})"
    return f"{named} {does}" if activity.who is Who.CHILD else f"{activity.who} waits for {named}, which {does}"


def place_words(place: str) -> str:
    """What a thread does that waits in this function of the kernel, and its name."""
    does = _does_words(Activity(None, wait_of(Doing("S", place)), place))
    return does if place in does else f"{does} ({place})"


def _does_words(activity: Activity) -> str:
    if activity.wait is None:
        share = f" ({activity.cpu}% of a core)" if activity.cpu is not None else ""
        return f"computes{share}"
    if activity.wait is Wait.STOPPED:
        return "is stopped by a signal"
    if activity.wait is Wait.SLEEP:
        return "sleeps until a time comes"
    # Names of the kernel mean nothing to most people: only where there are no words.
    unnamed = f"in the kernel: {activity.place}" if activity.wait is Wait.SOMETHING and activity.place else None
    where = activity.peer or unnamed
    return f"waits for {activity.wait}{f' ({where})' if where else ''}"
