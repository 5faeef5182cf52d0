"""What a queued run waits for: in a sentence, with what can be done about it, and as JSON. Pure."""

from collections.abc import Sequence
from typing import Any

from overnight.state import forms
from overnight.state.queue import Cause, Group, Stand
from overnight.state.status import ENDED, Status, outcome_words, standing
from overnight.tui.numbers import age, duration, ordinal, plural

MOST = 5
"""Runs that are named."""


def reason_of(stand: Stand, run_id: str, group: str, now: float, awaited: Status | None = None) -> tuple[str, str]:
    """The reason, without a full stop, and what can be done; of a run whose own pause does not hold it.

    `awaited`: how the first of those stands that it waits for; None = that was not looked at.
    """
    match stand.cause:
        case Cause.TIME:
            return f"it is to start in {left(stand.until, now)}", ""
        case Cause.AFTER:
            return _after(stand, run_id, awaited)
        case Cause.GROUP:
            return _paused(stand.group, group, now), f"`overnight group {group} resume` lets it go on."
        case Cause.SLOT if stand.group.slots == 0:
            return f"its group {group} has no slot", f"`overnight group {group} --slots N` gives it some."
        case Cause.SLOT:
            slots = "the slot" if stand.group.slots == 1 else f"one of {stand.group.slots} slots"
            return f"it is {ordinal(stand.place or 1)} in line for {slots} of group {group}{_held(stand)}", ""
    return "it is its turn, and it is about to start", ""


def _held(stand: Stand) -> str:
    if not stand.others:
        return ""
    return f", held by {_named(stand.others)}"


def _after(stand: Stand, run_id: str, awaited: Status | None) -> tuple[str, str]:
    """The first that holds it; one that will not complete by itself goes before one that may."""
    first = stand.others[0]
    more = f", and {plural(len(stand.others) - 1, 'more run')}" if len(stand.others) > 1 else ""
    if stand.gone:
        remedy = f"`overnight cancel {run_id}` ends it; launch it again without --after {first}."
        return f"it waits for {first} to complete, and that was removed{more}", remedy
    if stand.failed is not None:
        other, outcome = stand.failed
        remedy = f"`overnight retry {other}` does it again, and then this goes on; `overnight cancel {run_id}` ends it."
        return f"it waits for {other}, which {outcome_words(outcome)}{more}", remedy
    how = standing(awaited) if awaited is not None and awaited not in ENDED else "is not over"
    return f"it waits for {first}, which {how}{more}", ""


def _paused(said: Group, group: str, now: float) -> str:
    when = "" if said.at is None else f" {age(now - said.at)} ago"
    return f"{said.by or 'somebody'} paused its group {group}{when}"


def _named(ids: Sequence[str]) -> str:
    return ", ".join(ids[:MOST]) + (f" and {len(ids) - MOST} more" if len(ids) > MOST else "")


def left(at: float | None, now: float) -> str:
    """Until then: `2h05`, `a moment`."""
    return "a moment" if at is None or at - now < 1 else duration(at - now)


def plain(stand: Stand | None) -> dict[str, Any] | None:
    """As `ls --json` has it; None = the run is not queued."""
    if stand is None:
        return None
    return {
        "waits_for": str(stand.cause),
        "place": stand.place,
        "runs": list(stand.others),
        "until": None if stand.until is None else forms.iso(stand.until),
    }
