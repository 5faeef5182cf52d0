"""What a queued run waits for: in a sentence, with what can be done about it, and as JSON. Pure."""

from collections.abc import Sequence
from typing import Any

from overnight.state import forms
from overnight.state.queue import Cause, Group, Stand
from overnight.state.records import Outcome
from overnight.tui.numbers import age, duration, ordinal, plural

MOST = 5
"""Runs that are named."""


def reason_of(stand: Stand, run_id: str, group: str, now: float) -> tuple[str, str]:
    """The reason, without a full stop, and what can be done; of a run whose own pause does not hold it."""
    match stand.cause:
        case Cause.TIME:
            return f"it is to start in {left(stand.until, now)}", ""
        case Cause.AFTER:
            return _after(stand, run_id)
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


def _after(stand: Stand, run_id: str) -> tuple[str, str]:
    """The first that holds it; one that will not complete by itself goes before one that may."""
    pairs = list(zip(stand.others, stand.outcomes, strict=True))
    ended = [(other, outcome) for other, outcome in pairs if outcome is not None]
    more = f", and {plural(len(pairs) - 1, 'more run')}" if len(pairs) > 1 else ""
    if stand.gone:
        remedy = f"`overnight cancel {run_id}` ends it; launch it again without --after {pairs[0][0]}."
        return f"it waits for {pairs[0][0]} to complete, and that was removed{more}", remedy
    if ended:
        other, outcome = ended[0]
        how = {Outcome.FAILED: "failed"}.get(outcome, f"was {outcome}")
        remedy = f"`overnight retry {other}` does it again, and then this goes on; `overnight cancel {run_id}` ends it."
        return f"it waits for {other}, which {how}{more}", remedy
    return f"it waits for {pairs[0][0]}, which is not over{more}", ""


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
