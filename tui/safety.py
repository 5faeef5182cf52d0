"""What of a run would not be lost, and what going on from its checkpoint would do again. Pure."""

from overnight.state import current
from overnight.state.records import Verb
from overnight.state.status import RESUMABLE, RETRYABLE, Status
from overnight.tui import numbers, view
from overnight.tui.view import Row

WORTH_TELLING = 10.0
"""Seconds of work behind the checkpoint from which they are told."""
AT_ITS_END = 1.0
"""Seconds between two moments that are one to a person."""
AT_WORK = frozenset({Status.RUNNING, Status.STALLED, Status.STALE, Status.PAUSING, Status.STOPPING})


def checkpoint_words(row: Row, written_at: float) -> str:
    """`2s ago`; of what is over: how long before its end."""
    ended_at = row.summary.ended_at
    if ended_at is None:
        # Once a second is steady, not a number that jumps between 0 and 1.
        return f"{numbers.age(max(1.0, row.now - written_at))} ago"
    before = ended_at - written_at
    return "at its end" if before < AT_ITS_END else f"{numbers.duration(before)} before its end"


def repeat_words(row: Row, written_at: float | None, in_hand: tuple[str, ...] | None) -> str:
    """What going on would do again, as far as that is on record; "" = it is not.

    `written_at`: when its checkpoint was; None = it has none. `in_hand`: items that are begun; None = nobody says.
    """
    if row.records.attempt is None or row.status is Status.COMPLETED:
        return ""
    verb = "retry" if row.status in RETRYABLE - RESUMABLE else str(Verb.RESUME)
    if written_at is None:
        return "" if current.keeps_place(row.records) else f"a {verb} runs its command from the beginning"
    if in_hand == () and row.status not in AT_WORK:
        return f"a {verb} repeats nothing that is finished"
    work = _work_behind(row, written_at)
    parts = [
        _items_words(in_hand, known=row.status not in AT_WORK),
        f"about {numbers.about(work)} of work" if work >= WORTH_TELLING else "",
    ]
    said = ", ".join(filter(None, parts))
    return f"a {verb} repeats {said}" if said else ""


def safe_words(row: Row, written_at: float | None, in_hand: tuple[str, ...] | None) -> str:
    """Its checkpoint, and what going on would do again."""
    repeated = repeat_words(row, written_at, in_hand)
    if written_at is None:
        return f"no checkpoint: {repeated}" if repeated else ""
    return "; ".join(filter(None, (f"checkpoint {checkpoint_words(row, written_at)}", repeated)))


def _items_words(in_hand: tuple[str, ...] | None, *, known: bool) -> str:
    """`known`: nothing works any more, so that these stay in hand."""
    if not in_hand:
        return ""
    items = "the item in hand" if len(in_hand) == 1 else f"the {len(in_hand)} items in hand"
    return items if known else f"at most {items}"


def _work_behind(row: Row, written_at: float) -> float:
    """Seconds between its checkpoint and now, or its end; 0 = nobody knows how much of them was work."""
    if row.summary.ended_at is not None:
        return max(0.0, row.summary.ended_at - written_at)
    return min(row.now - written_at, view.uptime(row)) if row.status in AT_WORK else 0.0
