"""history.jsonl: the events that the supervisors of a run write down, and reading them back.

Apart from `history`, which merges them with all others: a supervisor merges nothing, and must not pay for it.
"""

from typing import Protocol

from overnight.state import codec
from overnight.state.atomic import append_line
from overnight.state.growing import GrowingLines
from overnight.state.records import Event
from overnight.state.rundir import RunDir


def append(run: RunDir, event: Event) -> None:
    """Add one event. For the run's supervisor only. Raises OSError."""
    append_line(run.history_path, codec.encode(event))


def supervisors_events(run: RunDir) -> list[Event]:
    """What its supervisors have written down so far, oldest first."""
    return rest_of(GrowingLines(run.history_path, Event))


class Source(Protocol):
    """Where some of a run's events come from, and how far it has been read."""

    def take(self) -> list[Event]:
        """The next few, each once, in the order in which they were written; empty = no more for now."""


def rest_of(source: Source) -> list[Event]:
    """All that it has for now."""
    events: list[Event] = []
    while taken := source.take():
        events += taken
    return events
