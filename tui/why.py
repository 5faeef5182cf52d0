"""Why a run is in the state in which it is, in one sentence, and what can be done about it. Pure.

Texts of the records are clean: they have passed the door.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from overnight.state import current
from overnight.state.activity import activity_words
from overnight.state.health import Verdict, health_of, silence
from overnight.state.queue import Cause, Stand
from overnight.state.records import Event, Handle, Records, Verb
from overnight.state.status import ENDED, Status, standing, status_of, stopped_itself
from overnight.state.waits import announced
from overnight.state.worked import worked
from overnight.tui.bulk import MEANT
from overnight.tui.case import NOTHING_SEEN, UNKNOWN, Case, Reason, Seen, doctor_words, resume_words
from overnight.tui.event_words import finished_words
from overnight.tui.forecast import forecast_words, limit_words, wait_words
from overnight.tui.in_hand import item_words
from overnight.tui.numbers import about, duration
from overnight.tui.stands import left, reason_of
from overnight.tui.why_over import (
    cancelled,
    completed,
    death_words,
    failed,
    failure,
    interrupted,
    left_behind,
    lost,
    unknown,
    unsupervised,
)

UNTOLD: Mapping[str, Any] = {}
STOPS = frozenset({Verb.CANCEL, Verb.KILL, Verb.RESTART})


class Answer(NamedTuple):
    """To `overnight why`."""

    status: Status
    reason: str
    """Follows the status, without a full stop."""
    remedy: str = ""
    """What can be done, as whole sentences; "" = nothing has to be."""


def why(
    records: Records,
    history: Sequence[Event],
    now: float,
    stand: Stand | None = None,
    unfit: str | None = None,
    begins_in: float | None = None,
    awaited: Status | None = None,
    seen: Seen = NOTHING_SEEN,
) -> Answer:
    """`history`: oldest first, clean. `now`: seconds since the epoch. `stand` and the others: as in `Case`."""
    status = status_of(records, now)
    case = Case(records, history, now, stand, unfit, begins_in, awaited, seen)
    reason, remedy = REASONS[status](case)
    left_over = left_behind(case) if status in ENDED else []
    if left_over:
        reason += f"; it left {', '.join(left_over)}"
        remedy = f"{remedy} `overnight doctor` says what of it still goes on, and with --repair ends it.".lstrip()
    return Answer(status, reason, remedy)


def end_words(records: Records, now: float) -> str:
    """How it ended, without what was found of it: one of ENDED, or lost."""
    case = Case(records, (), now, calm=True)
    status = status_of(records, now)
    return failure(case) if status is Status.FAILED else REASONS[status](case)[0]


def awaited(records: Records, now: float) -> str:
    """Who has to move until what was asked is so, and until when that is left to them."""
    spec = records.spec or UNKNOWN
    match status_of(records, now):
        case status if status in ENDED:
            return f"it {standing(status)}"
        case Status.STOPPING if records.requests and records.requests[-1].verb is Verb.KILL:
            return "waiting for its supervisor, which ends it by force"
        case Status.STOPPING:
            return f"waiting for it to end; by force {spec.stop_grace:g} s after it was told"
        case Status.PAUSING if current.handles(records, Handle.PAUSE):
            return f"waiting for its item to finish; after {spec.pause_grace:g} s it is frozen where it is"
        case Status.BACKOFF if current.pause_wanted(records.requests):
            return "its next attempt begins when it is resumed"
        case _ if records.supervised:
            return "waiting for its supervisor"
    return "it has no supervisor; the next command that looks gives it one"


# -- no attempt works, one will


def _queued(case: Case) -> Reason:
    if (held := _held_back(case)) is not None:
        return held
    if case.cannot_read("/spec.json"):
        return "its spec cannot be read, so nobody can start it", doctor_words()
    if case.records.spec is None:
        return "it has no spec: its launch is under way, or was killed", f"`overnight cancel {case.id}` ends it."
    if (shut := next((each for each in case.records.damaged if each.path.endswith("/")), None)) is not None:
        return f"nobody is let into {shut.path}: {shut.problem}", doctor_words()
    if case.unfit is not None:
        again = f"`overnight cancel {case.id}`, move it away if it is there, then `overnight retry {case.id}`"
        return f"no attempt can be started when its turn comes: {case.unfit}", f"{again}, from where it is all set."
    if case.stand is not None and case.stand.cause is not Cause.TURN:
        reason, remedy = reason_of(case.stand, case.id, case.spec.group, case.now, case.awaited)
        foretold = case.begins_in is not None and case.stand.cause is not Cause.TIME
        return f"{reason}; it may begin in {about(case.begins_in or 0.0)}" if foretold else reason, remedy
    if not case.records.supervised:
        return "it may begin, and nobody has started it yet", "The next `overnight` command that can, does."
    return "its supervisor is about to start it", ""


def _starting(case: Case) -> Reason:
    return _held_back(case) or ("its supervisor is starting its command", "")


def _held_back(case: Case) -> Reason | None:
    """What keeps a supervisor from the first attempt, or the next."""
    pause, supervisor = case.pause(), case.records.supervisor
    if pause is not None:
        again = " again" if case.records.attempt is not None else ""
        return f"{case.asked(pause, 'pause')}, before it began{again}", resume_words(case, "lets it begin")
    if supervisor is not None and supervisor.reason and case.records.supervised:
        again = f"; the next try is in {left(supervisor.next_start_at, case.now)}" if supervisor.next_start_at else ""
        return f"{supervisor.reason}{again}", ""
    return None


def _backoff(case: Case) -> Reason:
    supervisor, pause = case.records.supervisor, case.pause()
    ended = f"{(supervisor.reason if supervisor else None) or 'its attempt ended'}{death_words(case)}"
    if pause is not None:
        return f"{ended}; then {case.asked(pause, 'pause')}", resume_words(case, "lets the next attempt begin")
    at = supervisor.next_start_at if supervisor else None
    return f"{ended}; the next attempt begins in {left(at, case.now)}{_restarts(case)}", ""


def _restarts(case: Case) -> str:
    """`, restart 2 of 5 without progress`; `, after 10 items were finished`: then its restarts count anew."""
    retrying = next((each.detail for each in reversed(case.history) if each.event == "retrying"), UNTOLD)
    if (finished := finished_words(retrying)) is not None:
        return f", after {finished}"
    used = retrying.get("restarts")
    return f", restart {used} of {case.spec.retries} without progress" if isinstance(used, int) and used >= 1 else ""


# -- held


def _pausing(case: Case) -> Reason:
    return _unobeyed(case, Verb.PAUSE)


def _resuming(case: Case) -> Reason:
    return _unobeyed(case, Verb.RESUME)


def _unobeyed(case: Case, verb: Verb) -> Reason:
    request = case.newest(verb)
    waits = awaited(case.records, case.now)
    return (f"{case.asked(request, str(verb))}; {waits}" if request else waits), ""


def _paused(case: Case) -> Reason:
    pause, progress = case.pause(), case.records.progress
    if pause is not None:
        return case.asked(pause, "pause"), resume_words(case, "lets it go on")
    message = progress.message if progress else None
    return f"it paused by itself{f': {message}' if message else ''}", resume_words(case, "lets it try to go on")


def _frozen(case: Case) -> Reason:
    pause, supervisor = case.pause(), case.records.supervisor
    remedy = resume_words(case, "lets it go on where it is")
    if pause is None:
        return _stopped(case, remedy)
    if not (supervisor and supervisor.frozen):
        return f"{case.asked(pause, 'pause')}; its process is stopped by a signal", remedy
    if current.handles(case.records, Handle.PAUSE):
        how = f"it did not within {case.spec.pause_grace:g} s, and was stopped where it is"
    else:
        how = "it does not handle that, and was stopped where it is"
    return f"{case.asked(pause, 'pause')}; {how}", remedy


def _stopped(case: Case, remedy: str) -> Reason:
    """By a signal, though nobody wants it paused."""
    supervisor, attempt = case.records.supervisor, case.records.attempt
    if supervisor is not None and supervisor.frozen:
        return _resuming(case)
    also = f" So does `kill -CONT {attempt.pid}`." if attempt is not None else ""
    if stopped_itself(case.records, Status.FROZEN):
        return "it has paused, and stopped itself: ctrl+z was pressed at its terminal", f"{remedy}{also}"
    since = case.ago(supervisor.stopped_at) if supervisor is not None else ""
    return f"a signal from outside of overnight has stopped its process{since}", f"{remedy}{also}"


# -- at work


def _running(case: Case) -> Reason:
    health, progress = health_of(case.records, case.now), current.own_progress(case.records)
    foretold = forecast_words(case.records, case.now)
    limit = limit_words(case.records, case.history, case.now)
    limited = f"; {limit}" if limit else ""
    expects = f"{f'; {foretold}' if foretold else ''}{limited}"
    if (wait := announced(case.records, case.now)) is not None:
        return f"{'its item is' if wait.is_work else 'it waits:'} {wait_words(wait)}{expects}", ""
    if health.verdict is Verdict.SLOW_ITEM:
        item = f", with {words}" if (words := item_words(case.records, case.now)) else ""
        return f"{health.reason}{item}{_does(case) or '; nothing else is wrong'}{limited}", ""
    message = f"; it says: {progress.message}" if progress and progress.message else ""
    return f"attempt {_worked_words(case)}{expects}{message}", ""


def _worked_words(case: Case) -> str:
    """`1 has worked for 27s`: pauses and freezes are no work, of which the agent may know more than the history."""
    attempt, told, progress = case.records.attempt, worked(case.history, case.now), current.own_progress(case.records)
    if attempt is None:
        return "1 has worked"
    seconds = told.attempt if told is not None else case.now - attempt.started_at
    if progress is not None and progress.active_seconds is not None:
        seconds = min(seconds, progress.active_seconds + max(0.0, case.now - (progress.updated_at or case.now)))
    return f"{attempt.attempt} has worked for {duration(seconds)}"


def _stopping(case: Case) -> Reason:
    attempt = case.records.attempt
    # A restart that an earlier attempt obeyed is not what stops this one.
    meant = [each for each in case.records.requests if attempt is None or each.attempt in {None, attempt.attempt}]
    request = next((each for each in reversed(meant) if each.verb in STOPS), None)
    stalls = [each for each in case.history if each.event == "stalled"]
    if request is not None and request.number > _resumed(case):
        return f"{case.asked(request, MEANT.get(request.verb, request.verb))}; {awaited(case.records, case.now)}", ""
    supervisor = case.records.supervisor
    if supervisor is not None and supervisor.reason:
        return f"it {supervisor.reason}; {awaited(case.records, case.now)}", ""
    if stalls and case.spec.on_stall == "restart":
        return f"it made no progress, and is to be started again; {awaited(case.records, case.now)}", ""
    return f"its supervisor was told to end; {awaited(case.records, case.now)}", ""


def _resumed(case: Case) -> int:
    newest = case.newest(Verb.RESUME)
    return newest.number if newest else 0


def _stalled(case: Case) -> Reason:
    item = f"; its item is {words}" if (words := item_words(case.records, case.now)) else ""
    prints = (
        "; it prints, but reports no progress, and only that counts"
        if only_prints(case.records, case.seen.printed_at, case.now)
        else ""
    )
    return f"{health_of(case.records, case.now).reason}{item}{prints}{_does(case)}", _look(case)


def only_prints(records: Records, printed_at: float | None, now: float) -> bool:
    """Whether what it has printed of late is all that is heard of it."""
    quiet = silence(records, now)
    return quiet is not None and printed_at is not None and now - printed_at < quiet / 2


def _stale(case: Case) -> Reason:
    does = _does(case) or "; its process is there, and may be busy or hang"
    return f"{health_of(case.records, case.now).reason}{does}", _look(case)


def _does(case: Case) -> str:
    return f"; {activity_words(case.seen.activity)}" if case.seen.activity is not None else ""


def _look(case: Case) -> str:
    return f"`overnight show {case.id} --stacks` shows where it hangs; {again_words(case.records)}."


def again_words(records: Records) -> str:
    """What ends an attempt that hangs, and begins the next one."""
    if current.is_by_hand(records):
        return f"`overnight cancel {records.id}`, and the same command by hand, go on from its checkpoint"
    then = "goes on from its checkpoint" if current.keeps_place(records) else "starts it again"
    return f"`overnight restart {records.id}` {then}"


REASONS: dict[Status, Callable[[Case], Reason]] = {
    Status.QUEUED: _queued,
    Status.STARTING: _starting,
    Status.BACKOFF: _backoff,
    Status.PAUSING: _pausing,
    Status.PAUSED: _paused,
    Status.FROZEN: _frozen,
    Status.RESUMING: _resuming,
    Status.RUNNING: _running,
    Status.STOPPING: _stopping,
    Status.STALLED: _stalled,
    Status.STALE: _stale,
    Status.LOST: lost,
    Status.UNSUPERVISED: unsupervised,
    Status.UNKNOWN: unknown,
    Status.COMPLETED: completed,
    Status.FAILED: failed,
    Status.CANCELLED: cancelled,
    Status.INTERRUPTED: interrupted,
}
