"""A request to many runs: how far it has come, and what is said at its end. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from overnight.state.records import Verb
from overnight.tui.numbers import number, plural

MEANT: Mapping[str, str] = {
    Verb.RESUME: "go on",
    Verb.KILL: "end at once",
    Verb.STACKS: "show stacks",
    "retry": "start again",
}
"""What runs are asked to do, where the verb alone does not say it."""


class Bulk(NamedTuple):
    """Of one request."""

    verb: str
    total: int
    asked: int = 0
    refused: int = 0
    first_refusal: str = ""
    """Its words."""
    stopped: bool = False
    """Somebody has said that the others shall not be asked."""

    @property
    def done(self) -> int:
        return self.asked + self.refused


def with_answer(bulk: Bulk, refusal: str | None) -> Bulk:
    """One more was asked; `refusal` None = it did not refuse."""
    if refusal is None:
        return bulk._replace(asked=bulk.asked + 1)
    return bulk._replace(refused=bulk.refused + 1, first_refusal=bulk.first_refusal or refusal)


def progress_words(bulk: Bulk) -> str:
    return f"asked {number(bulk.done)} of {number(bulk.total)} to {MEANT.get(bulk.verb, bulk.verb)}"


def summary_words(bulk: Bulk) -> str:
    """What became of it, in one notice."""
    meant = MEANT.get(bulk.verb, bulk.verb)
    more = f" (and {number(bulk.refused - 1)} more)" if bulk.refused > 1 else ""
    stopped = f"; stopped before the other {number(bulk.total - bulk.done)}" if bulk.done < bulk.total else ""
    if not bulk.asked and bulk.refused:
        return f"{plural(bulk.refused, 'run')} refused to {meant}: {bulk.first_refusal}{more}{stopped}."
    refused = f"; {number(bulk.refused)} refused: {bulk.first_refusal}{more}" if bulk.refused else ""
    return f"{plural(bulk.asked, 'run')} asked to {meant}{refused}{stopped}."
