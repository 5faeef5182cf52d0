"""Start a supervisor's process: lean, detached, with nothing of the caller's but the run's lock and a report pipe."""

import fcntl
import os
import sys

import overnight.state
from overnight.agents.launchers.detached import FileAction, execute
from overnight.state.rundir import RunDir

LOCK, REPORT = 3, 4
"""The supervisor's descriptors."""
_SAFE = 10
"""Handed-over descriptors are moved past this first: a target must not overwrite a source."""

_BOOT = """\
import os, sys
os.fork() and os._exit(0)
for name in os.listdir("/proc/self/fd"):
    if name not in ("0", "1", "2", *sys.argv[3:]):
        try: os.close(int(name))
        except OSError: pass
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [sys.argv[1]]
from overnight.agents.supervisor.__main__ import main
main(*sys.argv[2:])
"""
"""Forks once, so that it is nobody's zombie; closes what the caller had left inheritable; imports nothing but ours.

Without `site`, and without the environment's say in what Python loads: 16 ms instead of 60.
"""


def spawn(run: RunDir, lock: int, *, report: bool) -> int | None:
    """Start a supervisor that holds `lock`, which is closed here. Returns where to read its report, if asked for.

    Raises OSError; the lock is given up then, too.
    """
    reader, writer = os.pipe() if report else (None, None)
    try:
        _execute(run, lock, writer)
    except OSError:
        _close(reader)
        raise
    finally:
        _close(writer)
        os.close(lock)
    return reader


def _execute(run: RunDir, lock: int, writer: int | None) -> None:
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _SAFE) for each in (lock, writer) if each is not None]
    actions: list[FileAction] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        *((os.POSIX_SPAWN_DUP2, source, target) for source, target in zip(moved, (LOCK, REPORT), strict=False)),
    ]
    heard = str(REPORT if writer is not None else -1)
    command = [sys.executable, "-I", "-S", "-c", _BOOT, _root(), run.path, str(LOCK), heard]
    try:
        execute(run, command, _environment(run), actions)
    finally:
        for each in moved:
            os.close(each)


def _root() -> str:
    """The folder that holds `state` and `agents`, in a wheel and in an editable install alike."""
    return os.path.dirname(os.path.abspath(overnight.state.__path__[0]))


def _environment(run: RunDir) -> dict[str, str]:
    """No value of the caller's: a secret is in env.json for the agent, and nowhere else."""
    home = os.path.dirname(os.path.dirname(run.path))
    return {"PATH": os.environ.get("PATH", os.defpath), "OVERNIGHT_HOME": home}


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)
