"""The threads of a process, by what the kernel says of each: where it waits, and for which file. Looks, signals nobody.

What it hides, from who may not know or from everybody, is None.
"""

import os
import socket
import sys
from collections.abc import Iterator

from overnight.state.activity import Doing, Thread

_FIRST_FILE = {
    "x86_64": frozenset({0, 1, 19, 20, 42, 43, 44, 45, 46, 47, 73, 74, 75, 288}),
    "aarch64": frozenset({63, 64, 65, 66, 202, 203, 206, 207, 211, 212, 32, 82, 83, 242}),
}.get(os.uname().machine, frozenset[int]())
"""System calls whose first argument is a descriptor: read, write, connect, accept, send, recv, flock, sync."""
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_LONGEST = 1 << 16
SOCKET = "socket:["
WOKEN = "wait_woken"
"""Where a reader of a connection waits, by the newest kernels; readers of others may, too."""
MOST_SOCKETS = 8
"""Of a process: of more it is not asked to which it listens."""


class Peers:
    """Of connections, at one moment: what the kernel tells of all that there are is read once for each process."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, str]] = {}

    def of(self, pid: int, inode: str) -> str | None:
        """`ADDRESS:PORT` of the other end of a connection; where there is none yet, of this one."""
        if pid not in self._known:
            self._known[pid] = dict(_ends_of(pid))
        told = self._known[pid].get(inode)
        return None if told is None else _address(told)


def threads_of(pid: int, *, with_stack: bool = False, most: int | None = None) -> tuple[Thread, ...]:
    """The first `most` of them; None = all. Nothing = it is gone, or not ours to see."""
    try:
        tids = sorted(map(int, os.listdir(f"/proc/{pid}/task")))[:most]
    except OSError:
        return ()
    found = (_thread(pid, tid, with_stack=with_stack) for tid in tids)
    return tuple(each for each in found if each is not None)


def _thread(pid: int, tid: int, *, with_stack: bool) -> Thread | None:
    folder = f"/proc/{pid}/task/{tid}"
    line = _read(f"{folder}/stat")
    if line is None:
        return None
    name, _, rest = line.partition(" (")[2].rpartition(") ")
    place, call = _read(f"{folder}/wchan"), _read(f"{folder}/syscall")
    stack = (_read(f"{folder}/stack") or "").splitlines() if with_stack else []
    return Thread(
        pid,
        tid,
        name,
        rest[:1],
        place=None if place in {None, "", "0"} else place,
        call=None if call is None or not call[:1].isdecimal() else call,
        stack=tuple(each.partition("] ")[2].partition("+")[0] for each in stack),
    )


def doing_of(thread: Thread, agent: int, peers: Peers) -> Doing:
    """`agent`: the pid of the process that says that it is the agent."""
    file = None if thread.state == "R" else _file_of(thread, peers)
    return Doing(
        thread.state, thread.place, file, thread.pid == thread.tid, thread.pid == agent, thread.pid, thread.tid
    )


def _file_of(thread: Thread, peers: Peers) -> str | None:
    if thread.call is None and thread.place == WOKEN:
        return _only_peer_of(thread.pid, peers)
    number, *arguments = (thread.call or "").split()[:2] or [""]
    if not arguments or int(number) not in _FIRST_FILE:
        return None
    try:
        named = os.readlink(f"/proc/{thread.pid}/fd/{int(arguments[0], 16)}")
    except (OSError, ValueError):
        return None
    if named.startswith(SOCKET):
        return peers.of(thread.pid, named[len(SOCKET) : -1]) or "socket"
    if named.startswith("pipe:["):
        return "pipe"
    return "tty" if named.startswith(("/dev/pts/", "/dev/tty")) else None


def _only_peer_of(pid: int, peers: Peers) -> str | None:
    """Where its calls are hidden, as from everybody but root and its parents where Yama says so."""
    try:
        names = [os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return None
    inodes = [each[len(SOCKET) : -1] for each in names if each.startswith(SOCKET)]
    found = [peer for each in inodes[:MOST_SOCKETS] if (peer := peers.of(pid, each)) is not None]
    return found[0] if len(found) == 1 and len(inodes) <= MOST_SOCKETS else None


def _ends_of(pid: int) -> Iterator[tuple[str, str]]:
    """Of each connection its inode and an end as the kernel tells it: the other one; where there is none, this one."""
    for table in _TABLES:
        for line in (_read_all(f"/proc/{pid}/net/{table}") or "").splitlines()[1:]:
            fields = line.split(None, 10)
            if len(fields) > 9:
                yield fields[9], fields[2] if not fields[2].endswith(":0000") else fields[1]


def _address(told: str) -> str:
    """As the kernel tells it: words of four bytes, each in the order of this machine."""
    host, _, port = told.partition(":")
    words = [int(host[place : place + 8], 16).to_bytes(4, sys.byteorder) for place in range(0, len(host), 8)]
    if len(words) == 1:
        return f"{socket.inet_ntop(socket.AF_INET, words[0])}:{int(port, 16)}"
    return f"[{socket.inet_ntop(socket.AF_INET6, b''.join(words))}]:{int(port, 16)}"


def _read(path: str) -> str | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_LONGEST).decode("utf-8", "replace").strip()
    except OSError:
        return None


def _read_all(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return None
