"""Processes that belong to a run wherever they are: they name it in the environment that they were executed with."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from overnight.state import process
from overnight.state.process import Identity

NAMES = (b"OVERNIGHT_RUN_ID=", b"OVERNIGHT_PARENT_RUN=")
LONGEST = 200
"""Bytes of a command that are told."""


class Left(NamedTuple):
    """A process that may go on though the attempt that it descends from has ended."""

    identity: Identity
    command: str

    def __str__(self) -> str:
        return f"{self.identity.pid} {self.command}".rstrip()

    def lives(self) -> bool:
        return process.state_of(self.identity.pid, self.identity.start_time) is not None


def belongs(pid: int, run_id: str) -> bool:
    return os.fsencode(run_id) in _named(pid)


def processes_of(run_id: str, pids: Iterable[int] | None = None) -> list[Left]:
    """Those of one run, among `pids`; None = among all. What calls it, and what that was called by, are not."""
    among = sorted(every_process() if pids is None else pids)
    # The identity first: what is known of the environment is then known of it, or of nobody.
    found = [(each, identity) for each in among if (identity := process.identity_of(each)) and belongs(each, run_id)]
    mine = set(_ancestors(os.getpid())) if found else set()
    return [_left(identity) for each, identity in found if each not in mine]


def runs_of_processes() -> set[str]:
    """Ids of the runs that any process belongs to."""
    return {os.fsdecode(name) for pid in every_process() for name in _named(pid)}


def every_process() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def _left(identity: Identity) -> Left:
    try:
        with open(f"/proc/{identity.pid}/cmdline", "rb") as file:
            command = file.read(LONGEST).replace(b"\0", b" ").strip().decode("utf-8", "replace")
    except OSError:
        command = ""
    return Left(identity, command)


def _named(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            variables = file.read().split(b"\0")
    except OSError:
        return []
    return [each.partition(b"=")[2] for each in variables if each.startswith(NAMES)]


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 0:
        yield pid
        pid = process.parent_of(pid) or 0
