"""Supervisors on this machine: started at launch, for a run that lost its own, and to continue one that ended."""

import os
from collections.abc import Iterable
from functools import partial

from overnight.agents.launchers import spawn
from overnight.agents.launchers.batch import Held, Queued, begin_all, begin_one, queued, unwritable
from overnight.agents.launchers.order import Order, spec_of
from overnight.agents.supervisor import environment
from overnight.state import groups, lock, surroundings
from overnight.state.errors import AlreadySupervised, DamagedRecord, OvernightError
from overnight.state.home import Home
from overnight.state.queue import is_open
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings

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


def _make(home: Home, here: Surroundings, order: Order) -> Held | Queued:
    """A run that exists, and its lock, which has been held since before that."""
    spec = spec_of(order)
    run = home.new_run(spec.name)
    try:
        held = _lock(run)
        try:
            surroundings.write_first(run, here.adding(order.environment))
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
    return Held(run, held) if at_once else queued(run, held)


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
    from overnight.agents.launchers.revival import is_orphan

    return is_orphan(run) and supervise(run)


def revive(run: RunDir, *, errors: bool = False) -> None:
    """Continue an ended or lost run from its checkpoint, with a next attempt. `errors`: with its failed items again.

    In a group that has no free slot it is queued.

    Raises AlreadySupervised; NotPossibleNow for a run that turns out to have completed, with `errors` to have no
    failed item either; WrongUsage when its command can no longer be executed.
    """
    from overnight.agents.launchers.revival import take_up  # not at the top: a launch revives nothing

    begin_one(run, partial(take_up, errors=errors))


def revive_all(runs: Iterable[RunDir], *, errors: bool = False) -> list[RunDir | OvernightError]:
    """`revive` each, many at once. For each, in their order, the run, or what `revive` would have raised."""
    from overnight.agents.launchers.revival import take_up

    return [each for each in begin_all(runs, partial(take_up, errors=errors)) if each is not None]


def _discard(run: RunDir) -> None:
    """Remove a run that never came to be."""
    import shutil  # loads three compressors: too slow for every launch

    shutil.rmtree(run.path, ignore_errors=True)


def _lock(run: RunDir) -> int:
    held = lock.acquire(run.lock_path)
    if held is None:
        raise AlreadySupervised(f"{run.id} is at work")
    return held
