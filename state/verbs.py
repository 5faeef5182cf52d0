"""Which verb can be asked of a run in which status, and the words for why not. Pure."""

from overnight.state import current
from overnight.state.errors import NotPossibleNow
from overnight.state.records import Handle, Records, Verb
from overnight.state.status import ENDED, RESUMABLE, RETRYABLE, WAITING, Status, standing


def check(verb: Verb, status: Status, run_id: str) -> None:
    """Raise NotPossibleNow, with what to do instead, if `verb` makes no sense for a run in `status`."""
    if status in ENDED and not (verb is Verb.RESUME and status in RESUMABLE):
        raise NotPossibleNow(f"{run_id} {standing(status)}: there is nothing to {verb}", hint=_instead(status, verb))
    if verb in {Verb.PAUSE, Verb.RESTART} and status is Status.LOST:
        raise NotPossibleNow(f"{run_id} is lost: there is nothing to {verb}", hint=_instead(status, verb))


def check_restart(records: Records, status: Status) -> None:
    """Raise NotPossibleNow unless an attempt works that its supervisor can start again."""
    check(Verb.RESTART, status, records.id)
    if status in WAITING:
        raise NotPossibleNow(
            f"{records.id} {standing(status)}: no attempt of it works that could be restarted",
            hint=f"`overnight why {records.id}` says what it waits for.",
        )
    if records.supervisor and records.attempt and records.supervisor.pid == records.attempt.pid:
        raise NotPossibleNow(
            f"{records.id} was started by hand: nobody would start it again",
            hint=f"`overnight cancel {records.id}`, then start it again as you did.",
        )


def check_stacks(records: Records, status: Status) -> None:
    """Raise NotPossibleNow unless an attempt works whose agent says that it shows its stacks."""
    if status in ENDED or status is Status.LOST:
        raise NotPossibleNow(
            f"{records.id} {standing(status)}: no process of it is left that could show its stacks",
            hint=f"`overnight show {records.id}` has what was kept.",
        )
    if status in WAITING or records.attempt is None:
        raise NotPossibleNow(
            f"{records.id} {standing(status)}: no attempt of it works that could show its stacks",
            hint=f"`overnight why {records.id}` says what it waits for.",
        )
    if not current.handles(records, Handle.STACKS):
        raise NotPossibleNow(
            f"{records.id} does not show its stacks: its agent does not say that it can",
            hint=f"`overnight show {records.id} --stacks` shows what the kernel tells of its threads.",
        )


def check_retry(status: Status, run_id: str) -> None:
    """Raise NotPossibleNow unless the run has ended without completing."""
    _check_known(status, run_id)
    if status not in RETRYABLE:
        hint = (
            "Launch it again with `overnight run`; `--errors` does only what failed in it."
            if status is Status.COMPLETED
            else "Cancel it first."
        )
        raise NotPossibleNow(
            f"{run_id} {standing(status)}: only a run that ended without completing can be retried", hint=hint
        )


def check_retry_errors(status: Status, run_id: str, *, checkpointed: bool, failed: bool) -> None:
    """Raise NotPossibleNow unless the run is over, `failed` (some of its items count as failed), and goes on from
    a checkpoint.
    """
    _check_known(status, run_id)
    if status not in RETRYABLE | {Status.COMPLETED}:
        raise NotPossibleNow(
            f"{run_id} {standing(status)}: what failed is retried when it has ended",
            hint=f"`overnight wait {run_id}` waits for that; `overnight cancel {run_id}` ends it at a checkpoint.",
        )
    completed = status is Status.COMPLETED
    hint = "`overnight run` launches it again." if completed else f"`overnight retry {run_id}` starts it again."
    if not checkpointed:
        raise NotPossibleNow(
            f"{run_id} keeps no checkpoint: which of its items failed, only its agent can know", hint=hint
        )
    if not failed:
        raise NotPossibleNow(f"{run_id} {standing(status)}, and no failed item is left in it", hint=hint)


def check_remove(status: Status, run_id: str) -> None:
    """Raise NotPossibleNow for a run that may still work."""
    _check_known(status, run_id)
    if status not in ENDED and status is not Status.LOST:
        raise NotPossibleNow(
            f"{run_id} {standing(status)}: only ended runs are removed", hint=f"`overnight cancel {run_id}` first."
        )


def _check_known(status: Status, run_id: str) -> None:
    if status is Status.UNKNOWN:
        raise NotPossibleNow(
            f"{run_id} is unknown: it may still work, its files cannot be read",
            hint="Make them readable; `overnight doctor` names them.",
        )


def _instead(status: Status, verb: Verb) -> str:
    if status in RESUMABLE and verb is not Verb.RESTART:
        return "`overnight resume` continues it; `overnight rm` removes it."
    if status in RETRYABLE:
        return "`overnight retry` starts it again; `overnight rm` removes it."
    return "`overnight rm` removes it."
