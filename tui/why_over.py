"""Why a run is over, or cut off, and what can be done about it. Pure."""

from overnight.state import current
from overnight.state.records import Verb
from overnight.tui.bulk import MEANT
from overnight.tui.case import Case, Reason, doctor_words, next_attempt_words, resume_words
from overnight.tui.evidence import death_of, last_item, last_words
from overnight.tui.numbers import number, plural

LONGEST_WORDS = 200
"""Characters of the last line of a log."""

# -- cut off


def lost(case: Case) -> Reason:
    if case.records.attempt is None:
        reason = "the record of its newest attempt cannot be read: which process it was, nobody knows"
    else:
        reason = "its process is gone, and nobody was left to write down how it ended"
    return reason, f"{resume_words(case, next_attempt_words(case))} `overnight cancel {case.id}` ends it."


def unknown(case: Case) -> Reason:
    shut = case.records.shut
    where = f": {shut.path}: {shut.problem}" if shut is not None else ""
    return f"whether it goes on cannot be read{where}", "Make it readable; `overnight doctor` names all that is not."


def unsupervised(case: Case) -> Reason:
    if case.cannot_read("/exit.json"):
        return "its end is on record in exit.json, which cannot be read", doctor_words()
    lives = case.records.process_state is not None
    reason = "it works, but its supervisor was killed" if lives else "it ended after its supervisor was killed"
    return reason, "The next `overnight` command gives it a new one."


def interrupted(case: Case) -> Reason:
    ended = case.records.exit
    reason = (ended.reason if ended else None) or ("it was stopped" if ended else "the machine was restarted")
    return f"{reason}{_when(case)}", resume_words(case, next_attempt_words(case))


# -- over


def completed(case: Case) -> Reason:
    ended, progress = case.records.exit, case.records.progress
    reason = (ended.reason if ended else None) or "its agent has finished"
    failed = progress.failed_items if progress else 0
    if not failed:
        return f"{reason}{_when(case)}", ""
    items = plural(int(failed), "item")
    hint = f"`overnight errors {case.id}` shows why, `overnight retry {case.id} --errors` does them again."
    return f"{reason}{_when(case)}; {items} failed", hint


def failed(case: Case) -> Reason:
    died = sum(1 for each in case.history if each.event == "died")
    attempts = f"; {number(died)} attempts died" if died > 1 else ""
    shows = f"`overnight logs {case.id}` shows its last words"
    return (
        f"{failure(case)}{attempts}{death_words(case)}",
        f"{shows}; `overnight retry {case.id}` {next_attempt_words(case)}.",
    )


def death_words(case: Case) -> str:
    """What its last attempt had in hand, and what it said last."""
    death, progress = death_of(case.history), current.own_progress(case.records)
    last = last_item(death) or (progress.current_item if progress else None)
    item = f"; its last item was {last}" if last else ""
    said = last_words(death)
    return f"{item}; the last it printed was: {said[:LONGEST_WORDS]}" if said else item


def failure(case: Case) -> str:
    ended = case.records.exit
    starved = "; the kernel killed it for want of memory" if ended is not None and ended.out_of_memory else ""
    return f"{(ended.reason if ended else None) or 'it says no reason'}{starved}{_when(case)}"


def cancelled(case: Case) -> Reason:
    request, ended = case.newest(Verb.CANCEL, Verb.KILL), case.records.exit
    how = f" ({ended.reason})" if ended and ended.reason else ""
    remedy = f"`overnight retry {case.id}` {next_attempt_words(case)}."
    if request is None:
        return f"it ended as cancelled{how}{_when(case)}", remedy
    return f"{case.asked(request, MEANT.get(request.verb, request.verb))}{how}", remedy


def left_behind(case: Case) -> list[str]:
    """Processes that went on when the run had ended, as its end says."""
    ends = [each.detail.get("left") for each in case.history if each.event == "ended"]
    return [f"pid {each}" for each in ends[-1]] if ends and isinstance(ends[-1], list) else []


def _when(case: Case) -> str:
    ended = case.records.exit
    return f",{case.ago(ended.ended_at)}" if ended and ended.ended_at is not None else ""
