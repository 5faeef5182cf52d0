"""Supervisors on this machine: started at launch, for a run that lost its own, and to continue one that ended."""

import os
from collections.abc import Iterable
from functools import partial

from overnight.agents.launchers import spawn
from overnight.agents.launchers.batch import Held, Queued, begin_all, begin_one, unwritable
from overnight.agents.launchers.order import Order, spec_of
from overnight.agents.supervisor import book, environment
from overnight.agents.supervisor.settle import exit_of_lost, goes_on, goes_on_after_all, has_open_attempt
from overnight.state import control, current, groups, lock
from overnight.state.errors import (
    AlreadySupervised,
    DamagedRecord,
    NotPossibleNow,
    OvernightError,
)
from overnight.state.home import Home
from overnight.state.queue import is_open
from overnight.state.records import Damaged, Exit, Outcome, Spec, SupervisorState, Verb
from overnight.state.rundir import RunDir

__all__ = ["Order", "adopt", "launch", "launch_all", "revive", "revive_all", "supervise"]


def launch(home: Home, order: Order) -> RunDir:
    """Make a run; returns when its command runs, or when it is queued.

    Raises WrongUsage: nothing was made, or the command could not be executed and the run has failed with the reason.
    Raises HomeUnusable and DamagedRecord, when nothing runs.
    """
    launched = begin_one(order, partial(_make, home, environment.surroundings_here()))
    assert launched is not None, "something is always made"
    return launched


def launch_all(home: Home, orders: Iterable[Order]) -> list[RunDir | OvernightError]:
    """`launch` each, many at once. For each, in their order, the run, or what `launch` would have raised."""
    make = partial(_make, home, environment.surroundings_here())
    return [each for each in begin_all(orders, make) if each is not None]


def _make(home: Home, here: environment.Surroundings, order: Order) -> Held | Queued:
    """A run that exists, and its lock, which has been held since before that."""
    spec = spec_of(order)
    run = home.new_run(spec.name)
    try:
        held = _lock(run)
        try:
            environment.write_first(run, here.adding(order.environment))
            # Last: with it the run exists.
            run.write(run.spec_path, spec._replace(id=run.id))
            # Behind it: whoever limits the group from now on sees that the lock is held.
            at_once = is_open(spec, groups.read(home.path))
        except BaseException:
            os.close(held)
            raise
    except OSError as error:
        _discard(run)
        raise unwritable(run, error) from None
    except DamagedRecord:
        _discard(run)
        raise
    return Held(run, held) if at_once else _queued(run, held)


def supervise(run: RunDir) -> bool:
    """Start a supervisor on a run that has none. False = it has one, has ended by now, or was removed."""
    return begin_one(run, _hold, report=False, admitted=False) is not None


def _hold(run: RunDir) -> Held | None:
    try:
        held = spawn.hold(run)
    except OSError as error:
        raise unwritable(run, error) from None
    return None if held is None else Held(run, held)


def adopt(run: RunDir) -> bool:
    """Give the run a new supervisor if it goes on without one. False = it does not, or has one by now."""
    return _is_orphan(run) and supervise(run)


def revive(run: RunDir, *, errors: bool = False) -> None:
    """Continue an ended or lost run from its checkpoint, with a next attempt. `errors`: with its failed items again.

    In a group that has no free slot it is queued.

    Raises AlreadySupervised; NotPossibleNow for a run that turns out to have completed, with `errors` to have no
    failed item either; WrongUsage when its command can no longer be executed.
    """
    begin_one(run, partial(_take_up, errors=errors))


def revive_all(runs: Iterable[RunDir], *, errors: bool = False) -> list[RunDir | OvernightError]:
    """`revive` each, many at once. For each, in their order, the run, or what `revive` would have raised."""
    return [each for each in begin_all(runs, partial(_take_up, errors=errors)) if each is not None]


def _take_up(run: RunDir, *, errors: bool) -> Held | Queued:
    """An ended or lost run that goes on, and its lock."""
    spec = run.spec()
    if not isinstance(spec, Spec):
        raise DamagedRecord(_problem(run, spec), hint="Without its spec a run cannot be started again.")
    held = lock.acquire_after_end(run.lock_path, run.exit_path)
    if held is None:
        raise AlreadySupervised(f"{run.id} is at work", hint=f"`overnight show {run.id}` says what it does.")
    try:
        at_once = _reopen(run, spec, errors)
    except OSError as error:
        os.close(held)
        raise unwritable(run, error) from None
    except BaseException:
        os.close(held)
        raise
    return Held(run, held) if at_once else _queued(run, held)


def _reopen(run: RunDir, spec: Spec, errors: bool) -> bool:
    """The outcome so far is set aside; the wish to go on is the newest on record. False = it is to be queued."""
    ended = run.exit()
    if ended is None and not goes_on_after_all(run):
        ended = _settle_lost(run, spec)
    completed = isinstance(ended, Exit) and ended.outcome is Outcome.COMPLETED
    # Asked while the lock is ours: somebody else may have had the failed items done in between.
    if completed and not (errors and current.has_failed_items(run.read())):
        raise NotPossibleNow(f"{run.id} is completed", hint="Launch it again with `overnight run`.")
    if not os.path.exists(run.env_path):
        environment.write(run, environment.surroundings_here())
    at_once = _begins_at_once(run, spec)
    control.ask(run, Verb.RESUME, options={"errors": True} if errors else None)
    book.set_exit_aside(run)
    return at_once


def _begins_at_once(run: RunDir, spec: Spec) -> bool:
    """Where not, that it waits is on record."""
    if os.path.exists(run.exit_path) or not has_open_attempt(run):
        # Before groups are asked: whoever limits one from now on sees that this run begins.
        book.write_standing(run, SupervisorState.STARTING)
        begun = run.last_attempt_number() > 0
        if not is_open(spec, groups.read(run.home), begun=begun):
            book.write_standing(run, SupervisorState.WAITING)
            return False
    return True


def _settle_lost(run: RunDir, spec: Spec) -> Exit:
    """What has completed is over. Anything else goes on at once, and nobody must take it for over meanwhile."""
    ended = exit_of_lost(run, spec)
    if ended.outcome is Outcome.COMPLETED:
        book.end_run(run, ended)
    else:
        book.write_exit_aside(run, ended)
    return ended


def _queued(run: RunDir, held: int) -> Queued:
    """Give up the lock: whoever comes by starts it when it may. It may be now."""
    os.close(held)
    return Queued(run)


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
