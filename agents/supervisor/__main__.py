"""Where a supervisor's process begins: what was handed over, a place of its own, and the run until it is over.

Executed by a launcher (`overnight.agents.launchers.spawn`), already without the caller's terminal and pipes.
"""

import fcntl
import os
import sys

from overnight.agents.supervisor import environment
from overnight.agents.supervisor.acts import FAILED
from overnight.agents.supervisor.kernel import become_subreaper, reset_library_signals
from overnight.agents.supervisor.loop import Supervisor
from overnight.state.atomic import append_line, write_all
from overnight.state.records import Spec
from overnight.state.rundir import RunDir


def main(path: str, lock: str, report: str) -> None:
    """Supervise the run in `path`. `lock`: a descriptor that holds its lock; `report`: one that tells how it began.

    Both as text; -1 = nobody listens.
    """
    for descriptor in (int(lock), int(report)):
        if descriptor >= 0:
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    run = RunDir(path)
    listener = Listener(int(report))
    try:
        _supervise(run, listener)
    except Exception as error:  # noqa: BLE001
        # The boundary of this process. The agent works on, and the next command has it adopted.
        import traceback  # only here: a supervisor that never fails need not hold it

        _complain(run, traceback.format_exc())
        listener.say(FAILED, f"the supervisor failed: {error}")
        sys.exit(1)


def _supervise(run: RunDir, listener: "Listener") -> None:
    become_subreaper()
    reset_library_signals()
    spec = run.spec()
    if not isinstance(spec, Spec):
        raise ValueError(f"{run.spec_path}: {spec.problem if spec else 'is missing'}")
    Supervisor(run, spec, environment.read(run), listener.say).work()


class Listener:
    """Whoever launched, as long as it waits: hears one word and a reason."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, word: bytes, reason: str) -> None:
        if self._descriptor < 0:
            return
        try:
            write_all(self._descriptor, word + b"\n" + reason.encode("utf-8", "replace"))
        except OSError:
            # It has gone away; the records say the same.
            pass
        os.close(self._descriptor)
        self._descriptor = -1


def _complain(run: RunDir, problem: str) -> None:
    try:
        append_line(run.supervisor_log_path, problem.encode("utf-8", "replace"))
    except OSError:
        pass
