"""What is told of a run that is over, or lost, beside how it ended: what it had in hand, what is safe. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from overnight.state import current
from overnight.state.activity import Activity
from overnight.state.records import Event
from overnight.state.status import ENDED, Status
from overnight.tui import view
from overnight.tui.errorgroups import ErrorGroup, failures_words
from overnight.tui.evidence import last_item
from overnight.tui.safety import safe_words
from overnight.tui.view import Row

CUT_OFF = (ENDED - {Status.COMPLETED}) | {Status.LOST}
"""Whoever looks asks how that came."""
MOST_NAMED = 3


class Found(NamedTuple):
    """What there is to read of it beside its records. Texts are clean."""

    death: Event | None = None
    """Of the attempt that died last."""
    in_hand: tuple[str, ...] | None = None
    checkpoint_at: float | None = None
    errors: Sequence[ErrorGroup] = ()
    """The most frequent first."""
    activity: Activity | None = None
    """What its processes do; None = that was not looked at."""


def end_facts(row: Row, found: Found) -> list[tuple[str, str]]:
    """A label and a text each; what is not known is not told."""
    facts = [
        ("last item", _items_words(row, found)),
        ("it said", _said_words(row, found)),
        ("safe", safe_words(row, found.checkpoint_at, found.in_hand)),
        ("most often", often_words(found.errors)),
    ]
    return [(label, text) for label, text in facts if text]


def _items_words(row: Row, found: Found) -> str:
    """Those in hand when it ended; else what it had said last."""
    if found.in_hand:
        more = len(found.in_hand) - MOST_NAMED
        return ", ".join(found.in_hand[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    progress = current.own_progress(row.records)
    return last_item(found.death) or (progress.current_item if progress else None) or ""


def _said_words(row: Row, found: Found) -> str:
    """Its last message, where none of its errors is told with the same words."""
    progress = current.own_progress(row.records)
    message = (progress.message if progress else None) or ""
    told = found.errors[0] if found.errors else None
    return "" if told is not None and told.message and told.message in message else message


def reached_words(row: Row) -> str:
    """How far it was; "" = it never said."""
    return "  ".join(filter(None, (view.percent_text(row), view.counts_text(row), view.parts_text(row))))


def often_words(errors: Sequence[ErrorGroup]) -> str:
    if not errors:
        return ""
    most = errors[0]
    return f"{most.kind.type}, {failures_words(most)}{f': {most.message}' if most.message else ''}"
