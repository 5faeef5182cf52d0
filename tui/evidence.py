"""What is kept of the attempt of a run that died last, in words. Pure."""

from collections.abc import Iterable, Sequence

from overnight.state.records import Event
from overnight.state.status import Status

KEPT = ("item", "log", "stacks")
"""Details of a `died` event that are told apart from it: they are long."""
TELLING = frozenset({Status.FAILED, Status.BACKOFF})
"""In these a run has not got over the death of its attempt."""


def death_of(history: Iterable[Event]) -> Event | None:
    """The newest `died`; None = there is none. `history`: oldest first."""
    return next((event for event in reversed(tuple(history)) if event.event == "died"), None)


def last_words(death: Event | None) -> str:
    """The last line of its log that says anything; "" = it said nothing."""
    lines = _lines(death, "log")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def last_item(death: Event | None) -> str:
    """What it had in hand; "" = it did not say."""
    item = death.detail.get("item") if death is not None else None
    return item if isinstance(item, str) else ""


def evidence_lines(death: Event | None) -> list[tuple[str, Sequence[str]]]:
    """What there is of it, each with its lines. `death`: clean."""
    titles = {"log": "the last it printed", "stacks": "its stacks, as it last showed them"}
    return [(title, lines) for name, title in titles.items() if (lines := _lines(death, name))]


def _lines(death: Event | None, name: str) -> list[str]:
    found = death.detail.get(name) if death is not None else None
    return [str(each) for each in found] if isinstance(found, list) else []
