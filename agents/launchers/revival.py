"""Taking up a run again that has ended, or has lost its supervisor: what it goes on with is put on record."""

import os

from overnight.agents.launchers.batch import Held, Queued, queued, unwritable
from overnight.agents.supervisor import book, environment
from overnight.agents.supervisor.settle import exit_of_lost, goes_on, goes_on_after_all, has_open_attempt
from overnight.state import control, current, groups, lock, surroundings
from overnight.state.errors import AlreadySupervised, DamagedRecord, NotPossibleNow
from overnight.state.queue import is_open
from overnight.state.records import Damaged, Exit, Outcome, Spec, SupervisorState, Verb
from overnight.state.rundir import RunDir


def take_up(run: RunDir, *, errors: bool) -> Held | Queued:
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
    return Held(run, held) if at_once else queued(run, held)


def _reopen(run: RunDir, spec: Spec, errors: bool) -> bool:
    """The outcome so far is set aside; the wish to go on is the newest on record. False = it is to be queued."""
    ended = run.exit()
    retried = errors or (isinstance(ended, Exit) and ended.outcome is not Outcome.INTERRUPTED)
    if ended is None and not goes_on_after_all(run):
        ended = _settle_lost(run, spec)
    completed = isinstance(ended, Exit) and ended.outcome is Outcome.COMPLETED
    # Asked while the lock is ours: somebody else may have had the failed items done in between.
    if completed and not (errors and current.has_failed_items(run.read())):
        raise NotPossibleNow(f"{run.id} has completed", hint="Launch it again with `overnight run`.")
    if not os.path.exists(run.env_path):
        surroundings.write(run, environment.surroundings_here())
    at_once = _begins_at_once(run, spec)
    # The verb is what the run shall be; that it was over, and not only cut off, is for who reads the history.
    asked = {"retry": retried, "errors": errors}
    control.ask(run, Verb.RESUME, options={name: True for name, is_so in asked.items() if is_so})
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


def is_orphan(run: RunDir) -> bool:
    """Whether it goes on without a supervisor."""
    if os.path.exists(run.exit_path) or run.is_supervised():
        return False
    return isinstance(run.spec(), Spec) and goes_on(run)


def _problem(run: RunDir, spec: Damaged | None) -> str:
    return f"{run.spec_path}: {spec.problem if spec else 'is missing'}"
