"""ask(run, verb): the numbered request log that any number of operators append to, and the doorbell."""

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from overnight.state import codec, process
from overnight.state.atomic import discard, write_new
from overnight.state.errors import HomeUnusable
from overnight.state.operator import operator_name
from overnight.state.private import make_folder
from overnight.state.records import Request, SupervisorRecord, Verb
from overnight.state.rundir import RunDir

DOORBELL = signal.SIGURG
"""Ignored by default, so that it can never hurt a process that has not installed its handler yet."""

ASKING_TAKES = 600.0
"""Seconds after which nobody is just writing a draft any more: its operator may be on another machine."""
_DRAFT = ".request."


def ask(
    run: RunDir,
    verb: Verb,
    *,
    attempt: int | None = None,
    by: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Request:
    """Put a request on record and ring the supervisor. Returns it with the number that it got.

    Raises HomeUnusable when it cannot be written; nothing was asked then.
    """
    request = Request(0, verb, attempt, by or operator_name(), time.time(), options or {})
    try:
        claimed = _claim(run, request)
    except OSError as error:
        raise HomeUnusable(
            f"request for {run.id} in {run.control_path}: {error.strerror}",
            hint="Nothing was asked of the run. Make the folder writable or free some space, then ask again.",
        ) from None
    ring(run)
    return claimed


def ring(run: RunDir) -> None:
    """Tell the run's supervisor to look. Does nothing where there is none: it reads control/ when it starts."""
    record = run.supervisor()
    if isinstance(record, SupervisorRecord):
        try:
            process.send(process.Identity(record.pid, record.start_time, record.boot_id), DOORBELL)
        except OSError:
            # Too many open files: what was asked is on record, and is looked for at its next timer.
            pass


def sweep(run: RunDir) -> None:
    """Remove the drafts that killed operators left. One whose writer may live, on another machine too, stays."""
    try:
        names = [name for name in os.listdir(run.control_path) if name.startswith(_DRAFT)]
        left = [name for name in names if _is_left(os.path.join(run.control_path, name))]
    except OSError:
        # Whoever has the lock next looks again.
        return
    for name in left:
        discard(os.path.join(run.control_path, name))


def _is_left(draft: str) -> bool:
    """Raises OSError."""
    writer = os.path.basename(draft).removeprefix(_DRAFT).partition("-")[0]
    old = time.time() - os.stat(draft).st_mtime > ASKING_TAKES
    return old and writer.isdecimal() and process.identity_of(int(writer)) is None


def _claim(run: RunDir, request: Request) -> Request:
    """Write aside, then hard-link to the first free number: two operators never share one."""
    number = _next_number(run)
    while True:
        numbered = request._replace(number=number)
        if _link(run, numbered):
            return numbered
        number += 1


def _next_number(run: RunDir) -> int:
    taken = [int(name[:6]) for name in os.listdir(run.control_path) if name[:6].isdecimal()]
    return max(taken, default=0) + 1


def _link(run: RunDir, request: Request) -> bool:
    """Whether the number was free."""
    draft = os.path.join(run.control_path, f"{_DRAFT}{os.getpid()}-{time.monotonic_ns()}")
    target = run.request_path(request.number)
    try:
        write_new(draft, codec.encode(request))
        try:
            os.link(draft, target)
        except FileExistsError:
            return False
        except PermissionError:
            return _claim_by_folder(run, request, draft)
        return True
    finally:
        discard(draft)


def _claim_by_folder(run: RunDir, request: Request, draft: str) -> bool:
    """Where a filesystem refuses hard links, a folder of the number's own decides who has it."""
    target = run.request_path(request.number)
    try:
        make_folder(os.path.join(run.control_path, f"{request.number:06d}.claimed"))
    except FileExistsError:
        return False
    os.rename(draft, target)
    return True
