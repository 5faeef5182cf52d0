"""Looking at a home closely: every record, mode and lock of it. Looks, never acts, and gives no run a supervisor."""

import os
import stat
import time
from collections.abc import Iterable, Iterator

from overnight.state import process, surroundings
from overnight.state.belonging import folders_of_processes, processes_of, runs_of_processes, told
from overnight.state.findings import Entry, Facts, Gone, Holder, RunFacts
from overnight.state.groups import found_in
from overnight.state.home import Home
from overnight.state.leftovers import is_unlaunched, leftovers_of, names_in
from overnight.state.logind import cgroup_of
from overnight.state.machine import machine_now
from overnight.state.operator import account_name
from overnight.state.records import Damaged, Records, SupervisorRecord
from overnight.state.rundir import RunDir
from overnight.state.spent import is_spent

OURS = frozenset(
    {"spec.json", "env.json", "lock", "supervisor.json", "history.jsonl", "supervisor.log", "output.log", "exit.json"}
)
"""Files that we make. An agent makes its own as it likes, behind the closed door of the run's folder."""
SETTLING, LOOK_AFTER = 3.0, 0.05
"""Seconds that a lock may be held by somebody who is just beginning or ending, and between two looks."""


def examine(home: Home) -> Facts:
    """Everything that there is to see now. Raises HomeUnusable, OSError."""
    machine = machine_now(home)
    named = runs_of_processes()
    found = (facts for run in home.runs() if (facts := examine_run(run)) is not None)
    runs = tuple(_with_left(facts) if facts.records.id in named else facts for facts in found)
    folders = tuple(_entries([home.path, home.runs_path]))
    left = tuple(leftovers_of(home, machine.now))
    return Facts(machine, folders, runs, left, tuple(_gone(home)), found_in(home.path))


def _gone(home: Home) -> Iterator[Gone]:
    """Runs of this home that were deleted while something of them worked."""
    for folder in sorted(folders_of_processes()):
        if os.path.dirname(folder) == home.runs_path and not os.path.lexists(folder):
            left = tuple(map(told, processes_of(os.path.basename(folder))))
            if left:
                yield Gone(os.path.basename(folder), left)


def _with_left(facts: RunFacts) -> RunFacts:
    """With what goes on of the run, if it is over."""
    left = () if facts.records.exit is None else tuple(map(told, processes_of(facts.records.id)))
    return facts._replace(left=left)


def examine_run(run: RunDir) -> RunFacts | None:
    """One run; None = it is none, or was removed."""
    records = run.read()
    if not os.path.exists(run.spec_path) and _is_unlaunched(run):
        return None
    state, holders = _supervision(run, records)
    if holders is not None:
        records = run.read()
    supervisor = records.supervisor
    return RunFacts(
        records=records,
        entries=tuple(_entries(_private_paths(run))),
        supervisor_state=state,
        holders=holders,
        environment=damaged_environment(run),
        has_environment=os.path.exists(run.env_path),
        spent=is_spent(run),
        cgroup=cgroup_of(supervisor.pid) if supervisor and state is not None else "",
    )


def _is_unlaunched(run: RunDir) -> bool:
    """It is gone, or about to be launched, or what is left of a launch. Not where nobody is let in."""
    try:
        return is_unlaunched(names_in(run.path))
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False


def _supervision(run: RunDir, records: Records) -> tuple[str | None, tuple[Holder, ...] | None]:
    """The state of the supervisor on record, and where the lock is held without it, by whom."""
    state = _state_of(records.supervisor)
    if not records.supervised or state is not None:
        return state, None
    deadline = time.monotonic() + SETTLING
    while time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
        found = run.supervisor()
        state = _state_of(found if isinstance(found, SupervisorRecord) else None)
        if state is not None or not run.is_supervised():
            return state, None
    return None, tuple(holders_of(run.lock_path))


def _state_of(supervisor: SupervisorRecord | None) -> str | None:
    if supervisor is None or supervisor.boot_id != process.boot_id():
        return None
    return process.state_of(supervisor.pid, supervisor.start_time)


def _private_paths(run: RunDir) -> Iterator[str]:
    yield run.path
    for name in _names(run.path):
        if name in OURS or name.startswith("exit."):
            yield run.file(name)
    for folder in (run.control_path, run.attempts_path):
        yield folder
        yield from (os.path.join(folder, name) for name in _names(folder))


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _entries(paths: Iterable[str]) -> Iterator[Entry]:
    for path in paths:
        try:
            found = os.lstat(path)
        except OSError:
            continue
        # A link has no mode of its own.
        if not stat.S_ISLNK(found.st_mode):
            owner = None if found.st_uid == os.geteuid() else account_name(found.st_uid)
            yield Entry(path, stat.S_IMODE(found.st_mode), owner)


def damaged_environment(run: RunDir) -> Damaged | None:
    """What is wrong with env.json; nothing of what it holds is told."""
    try:
        found = surroundings.found_in(run)
    except OSError as error:
        return Damaged(run.env_path, error.strerror or str(error), intact=True)
    return found if isinstance(found, Damaged) else None


def holders_of(lock_path: str) -> Iterator[Holder]:
    """The processes that hold the lock, as far as this user may see them."""
    for name in _names("/proc"):
        if name.isdecimal() and _holds(int(name), lock_path):
            yield Holder(int(name), _command(int(name)))


def _holds(pid: int, lock_path: str) -> bool:
    for descriptor in _names(f"/proc/{pid}/fd"):
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") != lock_path:
                continue
            with open(f"/proc/{pid}/fdinfo/{descriptor}", "rb") as file:
                if b"lock:" in file.read():
                    return True
        except OSError:
            continue
    return False


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""
