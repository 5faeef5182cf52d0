"""Where supervisors' processes begin: one of each run is forked here, with a place of its own, until its run is over.

Executed by a launcher (`overnight.agents.launchers.spawn`), already without the caller's terminal and pipes. What is
loaded and read by then is shared by all that are forked from it, and each is nobody's zombie, for this process ends at
once.
"""

import gc
import os
from typing import NamedTuple, NoReturn

from overnight.agents.supervisor import keeper, lean
from overnight.agents.supervisor.bell import hold_back_signals
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.cmdline import CommandLine
from overnight.agents.supervisor.descriptors import close_all_but
from overnight.agents.supervisor.kernel import become_subreaper, reset_library_signals
from overnight.agents.supervisor.loop import Supervisor
from overnight.agents.supervisor.report import FAILED, UNSUPERVISED, Listener
from overnight.agents.supervisor.turn import pass_on
from overnight.state import process, surroundings
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
    hold_back_signals()
    # No collection touches what is shared, which would make copies of it.
    gc.disable()
    listeners = [Listener(reports[place] if reports else -1) for place in range(len(paths))]
    # Read for all before the first is forked: what each reads by itself, it has in a copy of its own.
    posts = [
        _Post.of(RunDir(path), lock, listener, admitted)
        for path, lock, listener in zip(paths, locks, listeners, strict=True)
    ]
    shown = CommandLine()
    process.boot_id()
    gc.freeze()
    try:
        for post in posts:
            if post.supervisor is not None:
                # Of this process: what is forked from it has the same.
                shown.show(post.run.path)
                _fork(post, post.supervisor, descriptors)
            post.listener.close()
            os.close(post.lock)
    finally:
        # Whatever happened: another code would have all of them started once more. And without taking anything down,
        # which would make copies of it, for nobody.
        os._exit(0)


class _Post(NamedTuple):
    """One run that is to be supervised."""

    run: RunDir
    lock: int
    listener: Listener
    supervisor: Supervisor | None

    @classmethod
    def of(cls, run: RunDir, lock: int, listener: Listener, admitted: bool) -> "_Post":
        return cls(run, lock, listener, prepare(run, lock, listener, admitted))


def prepare(run: RunDir, lock: int, listener: Listener, admitted: bool = False) -> Supervisor | None:
    """A supervisor that has read what there is of its run, and has no process of its own yet.

    `lock`: the descriptor that holds the run's lock. None = it cannot be, and whoever listens was told why.
    """
    try:
        spec = run.spec()
        if not isinstance(spec, Spec):
            raise ValueError(f"{run.spec_path}: {spec.problem if spec else 'is missing'}")
        # Whoever listens is told now of a start that cannot be.
        given = surroundings.read(run) if admitted else None
        return Supervisor(run, spec, Child(run, spec, lock), listener.say, admitted, given)
    except (OSError, ValueError) as error:
        _refuse(run, listener, error)
    except Exception as error:  # noqa: BLE001
        _fail(run, listener, error)
    return None


def supervise(run: RunDir, listener: Listener, supervisor: Supervisor, lock: int, end: int | None = None) -> int:
    """In this process, until the run is over, or somebody else has to go on with it. The exit code.

    `end`: it was forked for that, and has descriptors of others, all less than this.
    """
    supervisor.pid = os.getpid()
    kept = None
    try:
        if supervisor.first is not None:
            # At once: what its keeper shares with others is what was not touched before.
            kept = keeper.start(supervisor.first, lock, end)
    except OSError:
        # It is tried again, and told.
        pass
    try:
        if end is not None:
            os.setsid()
            close_all_but((lock, listener.descriptor, kept.report if kept else -1), end)
            gc.enable()
        become_subreaper()
        problem = pass_on(run) if supervisor.work(kept) else None
        if problem is not None:
            _complain(run, f"{problem}\n")
        return 0
    except OSError as error:
        _refuse(run, listener, error)
    except Exception as error:  # noqa: BLE001
        _fail(run, listener, error)
    return 1


def _fork(post: _Post, supervisor: Supervisor, descriptors: range) -> None:
    try:
        pid = os.fork()
    except OSError as error:
        problem = error.strerror or str(error)
        # Whoever adopts a run does not listen.
        _complain(post.run, f"no supervisor could be forked: {problem}\n")
        post.listener.say(UNSUPERVISED, problem)
        return
    if pid == 0:
        _be_supervisor(post, supervisor, descriptors)


def _be_supervisor(post: _Post, supervisor: Supervisor, descriptors: range) -> NoReturn:
    """Of this run, and of no other. Whatever happens, this copy never goes on to fork the next one."""
    code = 1
    try:
        # Two more for what it tells its keeper.
        code = supervise(post.run, post.listener, supervisor, post.lock, descriptors.stop + 2)
    finally:
        os._exit(code)


def _refuse(run: RunDir, listener: Listener, error: Exception) -> None:
    """It cannot begin as things are: in one line."""
    _complain(run, f"{error}\n")
    listener.say(FAILED, f"the supervisor failed: {error}")


def _fail(run: RunDir, listener: Listener, error: Exception) -> None:
    """The boundary of this process. The agent works on, and the next command has it adopted."""
    lean.give_way()
    import traceback  # only here: a supervisor that never fails need not hold it

    _complain(run, traceback.format_exc())
    listener.say(FAILED, f"the supervisor failed: {error}")


def _complain(run: RunDir, problem: str) -> None:
    try:
        append_line(run.supervisor_log_path, problem.encode("utf-8", "replace"))
    except OSError:
        pass
