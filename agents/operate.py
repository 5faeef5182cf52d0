"""What an operator can do to a run: refused with a reason, or on record. The interface and the command line call this.

Each function returns the request that is now on record, or None where none was needed. All raise NotPossibleNow
for what makes no sense in the run's status, and HomeUnusable where nothing can be written.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor.settle import end_cancelled, goes_on, goes_on_after_all, has_open_attempt
from overnight.state import control, current, lock, verbs
from overnight.state.errors import (
    AlreadySupervised,
    HomeUnusable,
    NoSuchRun,
    NotPossibleNow,
    OvernightError,
    refusal_of,
)
from overnight.state.home import Home
from overnight.state.records import Records, Request, Verb
from overnight.state.removal import remove_folder
from overnight.state.rundir import RunDir
from overnight.state.status import HELD, RESUMABLE, Status, status_of

LOOK_AFTER = 0.01
"""Seconds between two looks of `wait_obeyed`."""


Answer = Request | OvernightError | None
"""What one of these functions returns for a run, or what it raises, the system's errors in our words."""


def pause(run: RunDir) -> Request | None:
    """It finishes its item and waits, or is frozen; a run that has not begun does not begin."""
    return ask(run, Verb.PAUSE)


def resume(run: RunDir) -> Request | None:
    """It goes on; an interrupted or lost run continues from its checkpoint, with a next attempt."""
    return _revive(run) if _needs_attempt(run) else ask(run, Verb.RESUME)


def resume_all(runs: Sequence[RunDir]) -> list[Answer]:
    """`resume` each; those that need a next attempt get theirs together."""
    return _revive_those(runs, _needs_attempt, lambda run: ask(run, Verb.RESUME))


def _needs_attempt(run: RunDir) -> bool:
    """Whether resuming it means a next attempt. Raises NotPossibleNow, NoSuchRun."""
    status = _status(run)
    verbs.check(Verb.RESUME, status, run.id)
    if status is Status.QUEUED:
        # It was resumed already, and waits for its turn.
        return False
    # A damaged record of its newest attempt hides that the run is lost.
    return status in RESUMABLE or not (run.is_supervised() or goes_on(run))


def is_held_back(run: RunDir) -> bool:
    """Whether `resume` would make it go on: it was cut off, or is paused, or a pause is asked."""
    records = run.read()
    return status_of(records, time.time()) in RESUMABLE | HELD or current.pause_wanted(records.requests)


def cancel(run: RunDir) -> Request | None:
    """It is asked to stop, and made to after its grace. What nobody supervises and nothing runs of, ends at once."""
    return ask(run, Verb.CANCEL)


def kill(run: RunDir) -> Request | None:
    """It is made to stop at once, without a checkpoint."""
    return ask(run, Verb.KILL)


def restart(run: RunDir) -> Request | None:
    """Its attempt is stopped as for a cancel, and the next one continues from its checkpoint."""
    records = _records(run)
    verbs.check_restart(records, status_of(records, time.time()))
    return ask(run, Verb.RESTART)


def stacks(run: RunDir) -> Request | None:
    """Its agent shows what each of its threads does, also while an item holds the interpreter."""
    records = _records(run)
    verbs.check_stacks(records, status_of(records, time.time()))
    return ask(run, Verb.STACKS)


def retry(run: RunDir) -> Request | None:
    """A run that ended without completing continues from its checkpoint, with a next attempt."""
    _check_retry(run)
    return _revive(run)


def retry_all(runs: Sequence[RunDir]) -> list[Answer]:
    """`retry` each, together."""
    return _revive_those(runs, _check_retry)


def retry_errors(run: RunDir) -> Request | None:
    """The items that failed are done again, by a next attempt of a run that is over; of a completed one only these."""
    _check_retry_errors(run)
    return _revive(run, errors=True)


def retry_errors_all(runs: Sequence[RunDir]) -> list[Answer]:
    """`retry_errors` each, together."""
    return _revive_those(runs, _check_retry_errors, errors=True)


def one_by_one(ask: Callable[[RunDir], Request | None]) -> Callable[[Sequence[RunDir]], list[Answer]]:
    """What `ask` does to one run, for many. What one refuses hurts no other."""
    return lambda runs: [_answer_of(ask, run) for run in runs]


def has_errors_to_retry(run: RunDir) -> bool:
    """Whether `retry_errors` makes sense for it now."""
    try:
        _check_retry_errors(run)
    except (NotPossibleNow, NoSuchRun):
        return False
    return True


def remove(run: RunDir, fits: Callable[[Records], bool] = lambda records: True) -> bool:
    """Delete the directory of an ended or lost run, while nobody else can begin with it.

    False = by then `fits` said no.
    """
    verbs.check_remove(_status(run), run.id)
    held = _acquire(run)
    try:
        # Judged again, now that nobody can change it: somebody may have resumed the run in between.
        records = _records(run, held=True)
        verbs.check_remove(status_of(records, time.time()), run.id)
        fit = fits(records)
        if fit:
            remove_folder(run.path)
        return fit
    except OSError as error:
        raise HomeUnusable(f"{error.filename or run.path}: {error.strerror}", hint="The run is still there.") from None
    finally:
        os.close(held)


def wait_obeyed(run: RunDir, request: Request, timeout: float) -> bool:
    """Wait until the request was acknowledged, the run is over, or nobody is left to obey.

    False = none of it within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not _is_obeyed(run, request):
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_AFTER)
    return True


def ask(run: RunDir, verb: Verb, options: Mapping[str, Any] | None = None) -> Request:
    """Put it on record, and see to it that somebody obeys. `options`: of the request."""
    verbs.check(verb, _status(run), run.id)
    number = run.last_attempt_number()
    # What is for one attempt names it: a late one does nothing.
    request = control.ask(run, verb, attempt=(number or None) if verb not in current.LASTING else None, options=options)
    if not _is_heard(run, verb):
        _find_someone(run, verb)
    return request


def _is_heard(run: RunDir, verb: Verb) -> bool:
    """Whether it has a supervisor. Raises HomeUnusable where nobody lets us see that: the request stays on record."""
    try:
        return run.is_supervised()
    except OSError as error:
        raise HomeUnusable(
            f"{run.id}: {verb} is on record; whether anybody is there to obey cannot be seen: "
            f"{error.filename}: {error.strerror}",
            hint=f"`overnight doctor` finds what is wrong; `overnight why {run.id}` says how it stands.",
        ) from None


def _find_someone(run: RunDir, verb: Verb) -> None:
    """Nobody hears it: give the run a supervisor, or end it here if nothing of it lives."""
    if has_open_attempt(run):
        from overnight.agents.launchers.local import supervise  # not at the top: a pause launches nothing

        supervise(run)
        return
    if verb in {Verb.CANCEL, Verb.KILL}:
        # What comes after it is looked after by who waits on behalf of its group.
        _end_cancelled(run)
    elif verb is Verb.RESUME:
        # Queued, and it may be its turn now.
        adopt_orphans(Home(run.home))


def _end_cancelled(run: RunDir) -> None:
    held = lock.acquire(run.lock_path)
    if held is None:
        # A supervisor has appeared; it has read the request.
        return
    try:
        # Asked while the lock is ours: an attempt may have been put on record in between.
        goes_on_after_all(run)
        if not os.path.exists(run.exit_path) and not has_open_attempt(run):
            end_cancelled(run)
    except OSError as error:
        raise HomeUnusable(
            f"{error.filename or run.path}: {error.strerror}",
            hint="The run is not ended. Make its folder writable or free some space.",
        ) from None
    finally:
        os.close(held)


def _check_retry(run: RunDir) -> bool:
    """True. Raises NotPossibleNow, NoSuchRun."""
    verbs.check_retry(_status(run), run.id)
    return True


def _check_retry_errors(run: RunDir) -> bool:
    """True. Raises NotPossibleNow, NoSuchRun."""
    checkpointed = os.path.exists(run.checkpoint_log_path)
    verbs.check_retry_errors(
        _status(run), run.id, checkpointed=checkpointed, failed=current.has_failed_items(run.read())
    )
    return True


def _revive(run: RunDir, *, errors: bool = False) -> Request | None:
    from overnight.agents.launchers.local import revive

    revive(run, errors=errors)
    return _newest_resume(run)


def _revive_those(
    runs: Sequence[RunDir],
    needs_attempt: Callable[[RunDir], bool],
    otherwise: Callable[[RunDir], Request | None] = lambda run: None,
    *,
    errors: bool = False,
) -> list[Answer]:
    """A next attempt for those that need one, together; the others by `otherwise`. An answer for each, in order."""
    from overnight.agents.launchers.local import revive_all

    answers: dict[int, Answer] = {}
    reviving: list[int] = []
    for place, run in enumerate(runs):
        try:
            if needs_attempt(run):
                reviving.append(place)
            else:
                answers[place] = otherwise(run)
        except (OvernightError, OSError) as error:
            answers[place] = refusal_of(error)
    for place, revived in zip(reviving, revive_all([runs[place] for place in reviving], errors=errors), strict=True):
        answers[place] = revived if isinstance(revived, OvernightError) else _newest_resume(revived)
    return [answers[place] for place in range(len(runs))]


def _answer_of(ask: Callable[[RunDir], Request | None], run: RunDir) -> Answer:
    try:
        return ask(run)
    except (OvernightError, OSError) as error:
        return refusal_of(error)


def _newest_resume(run: RunDir) -> Request | None:
    requests, _ = run.requests()
    return next((each for each in reversed(requests) if each.verb is Verb.RESUME), None)


def _status(run: RunDir) -> Status:
    """Raises NoSuchRun."""
    return status_of(_records(run), time.time())


def _records(run: RunDir, *, held: bool = False) -> Records:
    """Raises NoSuchRun. `held`: the lock is ours and says nothing."""
    if not os.path.isdir(run.path):
        raise _no_such(run)
    return run.read(held=held)


def _no_such(run: RunDir) -> NoSuchRun:
    return NoSuchRun(f"no run {run.id!r}", hint="`overnight ls` lists the runs.")


def _acquire(run: RunDir) -> int:
    try:
        held = lock.acquire_after_end(run.lock_path, run.exit_path)
    except FileNotFoundError:
        raise _no_such(run) from None
    if held is None:
        raise AlreadySupervised(f"{run.id} is at work", hint=f"`overnight cancel {run.id}` first.")
    return held


def _is_obeyed(run: RunDir, request: Request) -> bool:
    if os.path.exists(run.exit_path) or not run.is_supervised():
        return True
    return current.acknowledged(run.read()) >= request.number
