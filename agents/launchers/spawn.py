"""Start the process that supervisors are forked from: lean, detached, with nothing of the caller's but what it hands
over, the lock of each run and a pipe for its report.
"""

import fcntl
import os
import sys
from collections.abc import Iterable, Sequence

import overnight.state
from overnight.agents.launchers.detached import Execution, FileAction
from overnight.state.lock import acquire
from overnight.state.records import Exit
from overnight.state.rundir import RunDir

AT_ONCE = 50
"""Runs that share one start of an interpreter."""
FIRST = 3
"""The first descriptor that is handed over: the locks, then the reports, in the order of the runs."""

_BOOT = f"""\
import os, sys
handed = int(sys.argv[2])
for name in os.listdir("/proc/self/fd"):
    if int(name) >= {FIRST} + handed:
        try: os.close(int(name))
        except OSError: pass
overnight = sys.modules["overnight"] = type(sys)("overnight")
overnight.__path__ = [sys.argv[1]]
from overnight.agents.supervisor.lean import install
install()
from overnight.agents.supervisor.__main__ import main
main({FIRST}, handed, sys.argv[3] == "1", sys.argv[4:])
"""
"""Closes what the caller had left inheritable; imports nothing but ours.

Without `site`, and without the environment's say in what Python loads: 16 ms instead of 60.
"""


class Spawning:
    """Supervisors that are being forked, while their caller does something else."""

    def __init__(self, execution: Execution, handed: Sequence[int], reports: list[int]) -> None:
        self._execution, self._handed, self._reports = execution, handed, reports

    def wait(self) -> list[int]:
        """Until each was forked. Where to read each one's report, if asked for. Raises OSError: none was."""
        try:
            self._execution.wait()
        except OSError:
            _close(self._reports)
            raise
        finally:
            _close(self._handed)
        return self._reports


def spawn(runs: Sequence[RunDir], locks: Sequence[int], *, report: bool = False, admitted: bool = False) -> list[int]:
    """`start`, and wait for it."""
    return start(runs, locks, report=report, admitted=admitted).wait()


def start(runs: Sequence[RunDir], locks: Sequence[int], *, report: bool = False, admitted: bool = False) -> Spawning:
    """Start a supervisor for each run, which holds its lock; the locks are closed here.

    `admitted`: they may begin, where nothing of their run is under way. Raises OSError; the locks are given up then,
    too.
    """
    pipes: list[tuple[int, int]] = []
    try:
        pipes.extend(os.pipe() for _ in runs if report)
        handed = _moved([*locks, *(writer for _, writer in pipes)])
    except OSError:
        _close(reader for reader, _ in pipes)
        raise
    finally:
        _close(writer for _, writer in pipes)
        _close(locks)
    reports = [reader for reader, _ in pipes]
    try:
        return Spawning(_executed(runs, handed, admitted), handed, reports)
    except OSError:
        _close([*handed, *reports])
        raise


def supervise_all(runs: Sequence[RunDir]) -> tuple[list[RunDir], dict[str, OSError]]:
    """Start a supervisor on each run that has none and is not over, many with one start of an interpreter.

    Those that got one, and by id why others did not: one that cannot be helped holds up no other.
    """
    supervised, refused = list[RunDir](), dict[str, OSError]()
    for first in range(0, len(runs), AT_ONCE):
        held = list[tuple[RunDir, int]]()
        for run in runs[first : first + AT_ONCE]:
            try:
                lock = hold(run)
            except OSError as error:
                refused[run.id] = error
            else:
                held += [] if lock is None else [(run, lock)]
        try:
            if held:
                spawn([run for run, _ in held], [lock for _, lock in held])
                supervised += [run for run, _ in held]
        except OSError as error:
            refused.update((run.id, error) for run, _ in held)
    return supervised, refused


def hold(run: RunDir) -> int | None:
    """The lock of a run that has no supervisor and is not over; None = it has, is, or was removed. Raises OSError."""
    try:
        held = acquire(run.lock_path)
    except FileNotFoundError:
        return None
    # Asked while the lock is ours: another one may have begun with the run and seen its end in between.
    if held is not None and isinstance(run.exit(), Exit):
        os.close(held)
        return None
    return held


def _moved(descriptors: Sequence[int]) -> list[int]:
    """Copies past all places that they are handed over at: none of them must overwrite a source."""
    moved: list[int] = []
    try:
        moved.extend(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, FIRST + len(descriptors)) for each in descriptors)
    except OSError:
        _close(moved)
        raise
    return moved


def _executed(runs: Sequence[RunDir], handed: Sequence[int], admitted: bool) -> Execution:
    actions: list[FileAction] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        *((os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(handed, FIRST)),
    ]
    given = (_root(), str(len(handed)), str(int(admitted)), *(run.path for run in runs))
    command = [sys.executable, "-I", "-S", "-c", _BOOT, *given]
    return Execution(runs, command, _environment(runs[0]), actions)


def _root() -> str:
    """The folder that holds `state` and `agents`, in a wheel and in an editable install alike."""
    return os.path.dirname(os.path.abspath(overnight.state.__path__[0]))


def _environment(run: RunDir) -> dict[str, str]:
    """No value of the caller's: a secret is in env.json for the agent, and nowhere else."""
    return {"PATH": os.environ.get("PATH", os.defpath), "OVERNIGHT_HOME": run.home}


def _close(descriptors: Iterable[int]) -> None:
    for each in descriptors:
        os.close(each)
