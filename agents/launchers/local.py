"""Supervisors on this machine: started at launch, for a run that lost its own, and to continue one that ended."""

import os

from overnight.agents.launchers.order import Order, spec_of
from overnight.agents.launchers.spawn import spawn
from overnight.agents.supervisor import book, environment
from overnight.agents.supervisor.acts import FAILED, NOT_YET, STARTED
from overnight.agents.supervisor.settle import exit_of_lost, goes_on, goes_on_after_all
from overnight.state import control, current, lock
from overnight.state.errors import (
    AlreadySupervised,
    DamagedRecord,
    HomeUnusable,
    NotPossibleNow,
    OvernightError,
    WrongUsage,
)
from overnight.state.home import Home
from overnight.state.records import Damaged, Exit, Outcome, Spec, Verb
from overnight.state.rundir import RunDir

__all__ = ["Order", "adopt", "adopt_orphans", "launch", "revive", "supervise"]


def launch(home: Home, order: Order) -> RunDir:
    """Make a run and start its supervisor; returns when the command runs.

    Raises WrongUsage: nothing was made, or the command could not be executed and the run has failed with the reason.
    Raises HomeUnusable, when nothing runs.
    """
    spec = spec_of(order)
    run = home.new_run(spec.name)
    try:
        held = _lock(run)
        try:
            environment.write(run, environment.surroundings_here(order.environment))
            # Last: with it the run exists, and its lock has been held since before that.
            run.write(run.spec_path, spec._replace(id=run.id))
        except BaseException:
            os.close(held)
            raise
    except OSError as error:
        _discard(run)
        raise _unwritable(run, error) from None
    _start(run, held)
    return run


def supervise(run: RunDir) -> bool:
    """Start a supervisor on a run that has none. False = it has one, has ended by now, or was removed."""
    try:
        held = lock.acquire(run.lock_path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unwritable(run, error) from None
    if held is None:
        return False
    # Asked while the lock is ours: another one may have begun with the run and seen its end in between.
    if isinstance(run.exit(), Exit):
        os.close(held)
        return False
    try:
        spawn(run, held, report=False)
    except OSError as error:
        raise _unwritable(run, error) from None
    return True


def adopt_orphans(home: Home) -> list[str]:
    """Give every run that goes on without a supervisor a new one. Returns the ids.

    A run whose process has vanished without a word is not touched: `resume` or `cancel` decides about it.
    """
    return [run.id for run in home.runs() if adopt(run)]


def adopt(run: RunDir) -> bool:
    """Give the run a new supervisor if it goes on without one. False = it does not, or has one by now."""
    return _is_orphan(run) and supervise(run)


def revive(run: RunDir, *, errors: bool = False) -> None:
    """Continue an ended or lost run from its checkpoint, with a next attempt. `errors`: with its failed items again.

    Raises AlreadySupervised; NotPossibleNow for a run that turns out to have completed, with `errors` to have no
    failed item either; WrongUsage when its command can no longer be executed.
    """
    spec = run.spec()
    if not isinstance(spec, Spec):
        raise DamagedRecord(_problem(run, spec), hint="Without its spec a run cannot be started again.")
    held = lock.acquire_after_end(run.lock_path, run.exit_path)
    if held is None:
        raise AlreadySupervised(f"{run.id} is at work", hint=f"`overnight show {run.id}` says what it does.")
    try:
        _reopen(run, spec, errors)
    except OSError as error:
        os.close(held)
        raise _unwritable(run, error) from None
    except BaseException:
        os.close(held)
        raise
    _start(run, held)


def _reopen(run: RunDir, spec: Spec, errors: bool) -> None:
    """The outcome so far is set aside; the wish to go on is the newest on record."""
    ended = run.exit()
    if ended is None and not goes_on_after_all(run):
        ended = _settle_lost(run, spec)
    completed = isinstance(ended, Exit) and ended.outcome is Outcome.COMPLETED
    # Asked while the lock is ours: somebody else may have had the failed items done in between.
    if completed and not (errors and current.has_failed_items(run.read())):
        raise NotPossibleNow(f"{run.id} is completed", hint="Launch it again with `overnight run`.")
    if not os.path.exists(run.env_path):
        environment.write(run, environment.surroundings_here({}))
    control.ask(run, Verb.RESUME, options={"errors": True} if errors else None)
    book.set_exit_aside(run)


def _settle_lost(run: RunDir, spec: Spec) -> Exit:
    """What has completed is over. Anything else goes on at once, and nobody must take it for over meanwhile."""
    ended = exit_of_lost(run, spec)
    if ended.outcome is Outcome.COMPLETED:
        book.end_run(run, ended)
    else:
        book.write_exit_aside(run, ended)
    return ended


def _start(run: RunDir, held: int) -> None:
    """Hand over the lock, and wait until the command runs."""
    try:
        report = spawn(run, held, report=True)
    except OSError as error:
        raise _unwritable(run, error) from None
    word, reason = _listen(report)
    if word in {STARTED, NOT_YET}:
        return
    if word == FAILED:
        raise WrongUsage(
            f"{run.id}: {reason}",
            hint=f"`overnight show {run.id}` has the details; `overnight rm {run.id}` removes it.",
        )
    raise OvernightError(
        f"{run.id}: its supervisor was killed before it started anything",
        hint=f"`overnight resume {run.id}` starts it again; {run.supervisor_log_path} may say more.",
    )


def _listen(report: int | None) -> tuple[bytes, str]:
    """The word and the reason; nothing where the supervisor died."""
    if report is None:
        return NOT_YET, ""
    said = b""
    try:
        while part := os.read(report, 4096):
            said += part
    finally:
        os.close(report)
    word, _, reason = said.partition(b"\n")
    return word, reason.decode("utf-8", "replace")


def _is_orphan(run: RunDir) -> bool:
    if os.path.exists(run.exit_path) or run.is_supervised():
        return False
    return isinstance(run.spec(), Spec) and goes_on(run)


def _discard(run: RunDir) -> None:
    """Remove a run that never came to be."""
    import shutil  # loads three compressors: too slow for every launch

    shutil.rmtree(run.path, ignore_errors=True)


def _lock(run: RunDir) -> int:
    held = lock.acquire(run.lock_path)
    if held is None:
        raise AlreadySupervised(f"{run.id} is at work")
    return held


def _problem(run: RunDir, spec: Damaged | None) -> str:
    return f"{run.spec_path}: {spec.problem if spec else 'is missing'}"


def _unwritable(run: RunDir, error: OSError) -> HomeUnusable:
    return HomeUnusable(
        f"{error.filename or run.path}: {error.strerror}", hint="Nothing was started. Free some space, then try again."
    )
