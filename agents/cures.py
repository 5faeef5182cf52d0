"""Doing something about what an examination has found: judged once more, under the lock where there is one."""

import os
import signal
import stat
import time
from collections.abc import Callable, Sequence

from overnight.agents.launchers.local import adopt
from overnight.agents.supervisor import book
from overnight.state import groups, lock, process
from overnight.state.aside import keep_copy, set_aside
from overnight.state.belonging import lives, processes_of, told
from overnight.state.errors import HomeUnusable, OvernightError
from overnight.state.examination import damaged_environment, holders_of
from overnight.state.findings import Cure, Finding, Leftover
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.process import Identity
from overnight.state.records import Damaged, Exit, Heartbeat, Outcome, Progress, Request, SupervisorRecord
from overnight.state.removal import sweep
from overnight.state.rundir import RunDir, read_record
from overnight.state.spent import forget_environment

ADOPTING, ENDING, LOOK_AFTER = 10.0, 5.0, 0.02
"""Seconds that a new supervisor has to begin, that a process has to end, and between two looks for either."""


def apply(home: Home, finding: Finding) -> str | None:
    """What was done, in words; None = it was not needed any more. Raises OvernightError: it is as it was."""
    assert finding.cure is not None, "only what has a cure is cured"
    try:
        return _CURES[finding.cure](home, finding)
    except OSError as error:
        raise HomeUnusable(
            f"{error.filename or home.path}: {error.strerror}", hint="It is as it was: do it by hand."
        ) from None


def _tighten(home: Home, finding: Finding) -> str | None:
    for path in finding.paths:
        # Not by its name: a link in its place would lead to somebody else's file.
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISLNK(mode):
                os.chmod(f"/proc/self/fd/{descriptor}", 0o700 if stat.S_ISDIR(mode) else 0o600)
        finally:
            os.close(descriptor)
    return "it is this user's alone now"


def _set_aside(home: Home, finding: Finding) -> str | None:
    (path,) = finding.paths
    if path == groups.path_of(home.path):
        return _set_groups_aside(home)
    run = _run(home, finding)
    if os.path.dirname(path) == run.control_path:
        # A request has no other writer than the one who claimed its number: no lock is needed.
        return _set_damaged_aside(run, path)
    held = lock.acquire(run.lock_path)
    if held is None:
        return None
    try:
        return _set_damaged_aside(run, path)
    finally:
        os.close(held)


def _set_groups_aside(home: Home) -> str | None:
    held = groups.acquire(home.path, ADOPTING)
    if held is None:
        return None
    try:
        found = groups.found_in(home.path)
        return _aside(groups.path_of(home.path)) if isinstance(found, Damaged) and not found.intact else None
    finally:
        os.close(held)


def _set_damaged_aside(run: RunDir, path: str) -> str | None:
    """Judged again: somebody may have written it anew in between."""
    if not _is_damaged(run, path):
        return None
    return _exit_again(run) if path == run.exit_path else _aside(path)


def _is_damaged(run: RunDir, path: str) -> bool:
    """Whether there is such a file, and nothing in it that anybody can read."""
    if os.path.dirname(path) == run.control_path:
        kind: type = Request
    elif path == run.env_path:
        return damaged_environment(run) is not None
    else:
        kind = _KINDS[os.path.relpath(path, run.path)]
    found = read_record(kind, path)
    return isinstance(found, Damaged) and not found.intact


_KINDS: dict[str, type] = {
    "exit.json": Exit,
    "supervisor.json": SupervisorRecord,
    "progress.json": Progress,
    "heartbeat.json": Heartbeat,
}


def _aside(path: str) -> str:
    return f"it is {os.path.basename(set_aside(path))} now"


def _exit_again(run: RunDir) -> str:
    """The outcome is in the history, too: a run that has ended must not look as if it had not."""
    ended = _end_on_record(run)
    if ended is None:
        return _aside(run.exit_path)
    kept = keep_copy(run.exit_path)
    run.write(run.exit_path, ended)
    run.stir()
    return f"it is {os.path.basename(kept)} now, and what it said was found in the history: {ended.outcome}"


def _end_on_record(run: RunDir) -> Exit | None:
    """By the newest event that begins or ends anything; None = that is no end."""
    telling = [event for event in history_of(run) if event.event in {"started", "ended"}]
    outcome, reason = (telling[-1].detail.get(name) if telling else None for name in ("outcome", "reason"))
    if not isinstance(outcome, str) or outcome not in set(Outcome):
        return None
    ended = book.exit_of(run, Outcome(outcome), None if reason is None else str(reason))
    return ended._replace(ended_at=telling[-1].at)


def _forget(home: Home, finding: Finding) -> str | None:
    run = _run(home, finding)
    held = lock.acquire(run.lock_path)
    if held is None:
        return None
    try:
        forget_environment(run)
    finally:
        os.close(held)
    return None if os.path.exists(run.env_path) else "env.json was deleted"


def _continue(home: Home, finding: Finding) -> str | None:
    record = _run(home, finding).supervisor()
    if not isinstance(record, SupervisorRecord):
        return None
    identity = process.Identity(record.pid, record.start_time, record.boot_id)
    return "it goes on" if process.send(identity, signal.SIGCONT) else None


def _adopt(home: Home, finding: Finding) -> str | None:
    run = _run(home, finding)
    if not adopt(run):
        return None
    deadline = time.monotonic() + ADOPTING
    while time.monotonic() < deadline:
        if os.path.exists(run.exit_path):
            return "its end was put on record"
        pid = _supervisor_at_work(run)
        if pid is not None:
            return f"pid {pid} supervises it now"
        if not run.is_supervised():
            break
        time.sleep(LOOK_AFTER)
    raise OvernightError(f"{run.id} could not be given a supervisor", hint=f"{run.supervisor_log_path} may say more.")


def _supervisor_at_work(run: RunDir) -> int | None:
    record = run.supervisor()
    if not isinstance(record, SupervisorRecord) or record.boot_id != process.boot_id():
        return None
    return record.pid if process.state_of(record.pid, record.start_time) is not None else None


def _end(home: Home, finding: Finding) -> str | None:
    run = _run(home, finding)
    if not os.path.lexists(run.path):
        return _end_each(run, processes_of(run.id), _supervisors_of_deleted(run))
    held = lock.acquire(run.lock_path)
    if held is None:
        # Somebody goes on with the run.
        return None
    try:
        # Judged once more: it may have been resumed.
        return _end_each(run, processes_of(run.id) if isinstance(run.exit(), Exit) else [])
    finally:
        os.close(held)


def _supervisors_of_deleted(run: RunDir) -> list[Identity]:
    """Told to end, it starts nothing more."""
    holders = holders_of(f"{run.lock_path} (deleted)")
    return [found for each in holders if (found := process.identity_of(each.pid)) is not None]


def _end_each(run: RunDir, found: list[Identity], supervisors: Sequence[Identity] = ()) -> str | None:
    """Signalled by identity: a pid may have come to mean another process. The supervisors first."""
    words = ", ".join(map(told, found))
    for each in (*supervisors, *found):
        process.send(each, signal.SIGTERM)
        process.send(each, signal.SIGCONT)
    deadline = time.monotonic() + ENDING
    while (live := [each for each in found if lives(each)]) and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
    if live:
        pids = " ".join(str(each.pid) for each in live)
        raise OvernightError(
            f"{run.id}: pid {pids} got SIGTERM and goes on", hint=f"`kill -KILL {pids}` ends it by force."
        )
    return f"{words} got SIGTERM, and ended" if found else None


def _sweep(home: Home, finding: Finding) -> str | None:
    (path,) = finding.paths
    return "it was deleted" if sweep(Leftover(path, "")) else None


def _run(home: Home, finding: Finding) -> RunDir:
    assert finding.run_id is not None, "only a run is cured so"
    return home.run(finding.run_id)


_CURES: dict[Cure, Callable[[Home, Finding], str | None]] = {
    Cure.TIGHTEN: _tighten,
    Cure.SET_ASIDE: _set_aside,
    Cure.FORGET: _forget,
    Cure.CONTINUE: _continue,
    Cure.ADOPT: _adopt,
    Cure.SWEEP: _sweep,
    Cure.END: _end,
}
