"""The record of one attempt: claimed once, and ended in bytes that were reserved before anything ran.

So a full disk cannot lose an exit code, and two processes never run the same attempt.
"""

import os
import signal
import time

from overnight.state import codec
from overnight.state.atomic import discard, write_new
from overnight.state.process import Identity
from overnight.state.records import Attempt
from overnight.state.rundir import RunDir

RESERVED = 1024
"""Bytes of the final record: the longest one, padded with spaces, which JSON allows."""


def claim(run: RunDir, attempt: Attempt, keeper: Identity) -> bytes:
    """Reserve what `keeper` needs for the end, and put the first record in place. What this says.

    Raises FileExistsError: another one did; two must never run one attempt. Raises OSError: nothing is on record.
    """
    reserved, said = reserved_path(run, attempt.attempt, keeper), codec.encode(attempt)
    try:
        write_new(reserved, b" " * RESERVED)
        _put(run, attempt.attempt, said)
    except OSError:
        discard(reserved)
        raise
    return said


def _put(run: RunDir, number: int, said: bytes) -> None:
    path = run.attempt_path(number)
    draft = os.path.join(run.attempts_path, f".{number:04d}.json.{os.getpid()}")
    try:
        write_new(draft, said)
        try:
            os.link(draft, path)
        except PermissionError:
            # No hard links here; the run's lock alone keeps two supervisors apart.
            os.replace(draft, path)
    finally:
        discard(draft)


def put_end(run: RunDir, ended: Attempt, keeper: Identity) -> None:
    """Write down how it ended into what was reserved for `keeper`. Raises OSError, but not for want of room."""
    reserved = reserved_path(run, ended.attempt, keeper)
    # Overwritten in place: these bytes are ours already, on a full disk too.
    descriptor = os.open(reserved, os.O_WRONLY | os.O_CLOEXEC)
    os.pwrite(descriptor, codec.encode(ended).ljust(RESERVED), 0)
    os.close(descriptor)
    os.replace(reserved, run.attempt_path(ended.attempt))


def ended_attempt(attempt: Attempt, code: int) -> Attempt:
    """The record of an attempt that ended now with this code; less than 0 = by that signal."""
    return attempt._replace(
        ended_at=time.time(),
        code=code if code >= 0 else None,
        signal=signal_name(-code) if code < 0 else None,
    )


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Between the first and the last real-time signal the numbers have no names.
        return f"SIG{number}"


def reserved_path(run: RunDir, number: int, keeper: Identity) -> str:
    return f"{run.attempts_path}/{run.begin_of_reserved(number)}{keeper.pid}.{keeper.start_time}"


def discard_reserved(run: RunDir, number: int) -> None:
    """Remove what a killed keeper left."""
    for name in _drafts(run, number):
        discard(os.path.join(run.attempts_path, name))


def _drafts(run: RunDir, number: int) -> list[str]:
    try:
        names = os.listdir(run.attempts_path)
    except OSError:
        return []
    return [name for name in names if name.startswith(f".{number:04d}.json.")]
