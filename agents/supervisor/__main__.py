"""Where supervisors' processes begin: one of each run is forked here, with a place of its own, until its run is over.

Executed by a launcher (`overnight.agents.launchers.spawn`), already without the caller's terminal and pipes. What is
loaded by then is shared by all that are forked from it, and each is nobody's zombie, for this process ends at once.
"""

import gc
import os
from typing import NoReturn

from overnight.agents.supervisor import cmdline, keeper, lean
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.kernel import become_subreaper, reset_library_signals
from overnight.agents.supervisor.loop import Supervisor
from overnight.agents.supervisor.report import FAILED, UNSUPERVISED, Listener
from overnight.agents.supervisor.turn import pass_on
from overnight.state.atomic import append_line
from overnight.state.records import Spec
from overnight.state.rundir import RunDir


def main(first: int, handed: int, admitted: bool, paths: list[str]) -> None:
    """Fork a supervisor for the run in each of `paths`.

    From descriptor `first` on, `handed` ones were handed over: one for each run, that holds its lock; and one more for
    each, that tells how it began, if anybody listens. `admitted`: each may begin; else it waits for its turn.
    """
    descriptors = range(first, first + handed)
    locks, reports = descriptors[: len(paths)], descriptors[len(paths) :]
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    reset_library_signals()
    # No collection touches what is shared, which would make copies of it.
    gc.disable()
    gc.freeze()
    try:
        for place, path in enumerate(paths):
            lock, report = locks[place], reports[place] if reports else -1
            try:
                pid = os.fork()
            except OSError as error:
                Listener(report).say(UNSUPERVISED, error.strerror or str(error))
            else:
                if pid == 0:
                    _be_supervisor(path, lock, report, descriptors, admitted, alone=len(paths) == 1)
                elif report >= 0:
                    os.close(report)
            os.close(lock)
    finally:
        # Whatever happened: another code would have all of them started once more. And without taking anything down,
        # which would make copies of it, for nobody.
        os._exit(0)


def _be_supervisor(path: str, lock: int, report: int, descriptors: range, admitted: bool, *, alone: bool) -> NoReturn:
    """Of this run, and of no other. Whatever happens, this copy never goes on to fork the next one."""
    code = 1
    try:
        os.setsid()
        _close_all_but({lock, report}, descriptors)
        cmdline.show(path)
        gc.enable()
        # Before anything else is touched. What it does not touch either is shared with all that were forked here; one
        # that was forked alone would have it for itself.
        spare = None if alone or not admitted else _spare_keeper(path, lock)
        code = supervise(RunDir(path), lock, Listener(report), admitted, spare)
    finally:
        os._exit(code)


def _close_all_but(own: set[int], descriptors: range) -> None:
    for each in descriptors:
        if each not in own:
            try:
                os.close(each)
            except OSError:
                # Of a run before this one, whose supervisor has it.
                continue


def supervise(
    run: RunDir, lock: int, listener: Listener, admitted: bool = False, spare: keeper.Kept | None = None
) -> int:
    """Until the run is over, or somebody else has to go on with it. The exit code.

    `lock`: the descriptor that holds the run's lock. `spare`: a keeper that waits for its order.
    """
    try:
        become_subreaper()
        spec = run.spec()
        if not isinstance(spec, Spec):
            raise ValueError(f"{run.spec_path}: {spec.problem if spec else 'is missing'}")
        if Supervisor(run, spec, Child(run, lock, spare), listener.say, admitted).work():
            _pass_on(run)
    except Exception as error:  # noqa: BLE001
        # The boundary of this process. The agent works on, and the next command has it adopted.
        lean.give_way()
        import traceback  # only here: a supervisor that never fails need not hold it

        _complain(run, traceback.format_exc())
        listener.say(FAILED, f"the supervisor failed: {error}")
        return 1
    return 0


def _spare_keeper(path: str, lock: int) -> keeper.Kept | None:
    try:
        return keeper.fork(RunDir(path), lock)
    except OSError:
        # It is tried again when there is something to start.
        return None


def _pass_on(run: RunDir) -> None:
    from overnight.state.errors import DamagedRecord  # only here: most of its life a supervisor raises nothing

    try:
        pass_on(run)
    except (DamagedRecord, OSError) as error:
        _complain(run, f"the queue does not go on: {error}\n")


def _complain(run: RunDir, problem: str) -> None:
    try:
        append_line(run.supervisor_log_path, problem.encode("utf-8", "replace"))
    except OSError:
        pass
