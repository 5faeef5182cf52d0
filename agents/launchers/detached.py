"""Executing a program away from its caller: in a session of its own, in a scope of its own where a logout ended it."""

import os
import signal
import time
from collections.abc import Mapping, Sequence

from overnight.agents.launchers import scope
from overnight.state.atomic import append_line
from overnight.state.forms import iso
from overnight.state.rundir import RunDir

FileAction = tuple[int, int, str, int, int] | tuple[int, int, int]
REFUSED = 1
"""The exit code of a `systemd-run` that could not. What it executes must not end with it once it has forked."""


def execute(
    runs: Sequence[RunDir], command: list[str], environment: Mapping[str, str], actions: Sequence[FileAction]
) -> None:
    """Returns when the process has ended: what is to stay was forked by then. Raises OSError.

    The locks of `runs` are the caller's.
    """
    # One word on the command line has a longest length, and there may be thousands of them.
    about = runs[0].id if len(runs) == 1 else f"{runs[0].id} and {len(runs) - 1} more"
    within = scope.scoped(command, about)
    if within is not None:
        if _begin(within, {**environment, **scope.environment()}, actions) != REFUSED:
            return
        for run in runs:
            _note(run, f"{within[0]} failed: logging out may end this run")
    _begin(command, environment, actions)


def _begin(command: list[str], environment: Mapping[str, str], actions: Sequence[FileAction]) -> int:
    """Its exit code; less than 0 = by that signal; 0 where the kernel has it reaped."""
    pid = os.posix_spawnp(
        command[0],
        command,
        environment,
        file_actions=actions,
        setsid=True,
        setsigmask=(),
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )
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
