"""Executing a program away from its caller: in a session of its own, in a scope of its own where a logout ended it."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial

from overnight.agents.launchers import scope
from overnight.state.atomic import append_line
from overnight.state.forms import iso
from overnight.state.rundir import RunDir

FileAction = tuple[int, int, str, int, int] | tuple[int, int, int]
REFUSED = 1
"""The exit code of a `systemd-run` that could not. What it executes must not end with it once it has forked."""


class Execution:
    """A process on its way: what is to stay was forked when it has ended.

    Raises OSError. What the actions hand over stays open until then. The locks of `runs` are the caller's.
    """

    def __init__(
        self, runs: Sequence[RunDir], command: list[str], environment: Mapping[str, str], actions: Sequence[FileAction]
    ) -> None:
        # One word on the command line has a longest length, and there may be thousands of them.
        about = runs[0].id if len(runs) == 1 else f"{runs[0].id} and {len(runs) - 1} more"
        self._runs, self._plainly = runs, partial(_begin, command, environment, actions)
        self._within = scope.scoped(command, about)
        if self._within is None:
            self._pid = self._plainly()
        else:
            self._pid = _begin(self._within, {**environment, **scope.environment()}, actions)

    def wait(self) -> None:
        """Until it has ended. Raises OSError."""
        if _end_of(self._pid) != REFUSED or self._within is None:
            return
        for run in self._runs:
            _note(run, f"{self._within[0]} failed: logging out may end this run")
        _end_of(self._plainly())


def _begin(command: list[str], environment: Mapping[str, str], actions: Sequence[FileAction]) -> int:
    """Its pid."""
    return os.posix_spawnp(
        command[0],
        command,
        environment,
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )


def _end_of(pid: int) -> int:
    """Its exit code; less than 0 = by that signal; 0 where the kernel has it reaped."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        # The caller ignores SIGCHLD.
        return 0


def _note(run: RunDir, problem: str) -> None:
    try:
        append_line(run.supervisor_log_path, f"{iso(time.time())} {problem}\n".encode())
    except OSError:
        # A full disk: it starts all the same.
        pass
