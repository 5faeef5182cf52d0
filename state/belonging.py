"""Processes that belong to a run wherever they are: they name it in the environment that they were executed with."""

import os
from collections.abc import Iterable, Iterator

from overnight.state import process
from overnight.state.process import Identity

NAMES = (b"OVERNIGHT_RUN_ID=", b"OVERNIGHT_PARENT_RUN=")
LONGEST = 100
"""Bytes of a command that are told."""


def belongs(pid: int, run_id: str) -> bool:
    return os.fsencode(run_id) in _named(pid)


def may_belong(pid: int, run_id: str) -> bool:
    """Whether it does, or is just being executed and has no environment yet."""
    variables = _variables(pid)
    return variables == [b""] or os.fsencode(run_id) in _named_in(variables)


def processes_of(run_id: str, pids: Iterable[int] | None = None) -> list[Identity]:
    """Those of one run, among `pids`; None = among all. What calls it, and what that was called by, are not."""
    among = sorted(every_process() if pids is None else pids)
    # The identity first: what is known of the environment is then known of it, or of nobody.
    found = [identity for each in among if (identity := process.identity_of(each)) and belongs(each, run_id)]
    mine = set(_ancestors(os.getpid())) if found else set()
    return [each for each in found if each.pid not in mine]


def runs_of_processes() -> set[str]:
    """Ids of the runs that any process belongs to."""
    return {os.fsdecode(name) for pid in every_process() for name in _named(pid)}


def folders_of_processes() -> set[str]:
    """Folders of the runs of which any process is an agent, or was started by one."""
    begin = b"OVERNIGHT_RUN_DIR="
    found = (each for pid in every_process() for each in _variables(pid) if each.startswith(begin))
    return {os.fsdecode(each.removeprefix(begin)) for each in found}


def every_process() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())


def lives(identity: Identity) -> bool:
    return process.state_of(identity.pid, identity.start_time) is not None


def told(identity: Identity) -> str:
    """Its pid and its command, as it is now."""
    try:
        with open(f"/proc/{identity.pid}/cmdline", "rb") as file:
            words = file.read(LONGEST + 1).replace(b"\0", b" ").strip()
    except OSError:
        words = b""
    cut = "…" if len(words) > LONGEST else ""
    return f"{identity.pid} {words[:LONGEST].decode('utf-8', 'replace')}{cut}".rstrip()


def _named(pid: int) -> list[bytes]:
    return _named_in(_variables(pid))


def _named_in(variables: list[bytes]) -> list[bytes]:
    return [each.partition(b"=")[2] for each in variables if each.startswith(NAMES)]


def _variables(pid: int) -> list[bytes]:
    """As they were when it was executed; nothing of one that is gone, or somebody else's."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 0:
        yield pid
        pid = process.parent_of(pid) or 0
