"""How long the attempts of a run have worked, as its records say: for whoever has not seen all of it."""

from collections.abc import Iterable, Iterator, Sequence

from overnight.agents.supervisor import members
from overnight.state.records import Attempt, Event
from overnight.state.rundir import RunDir
from overnight.state.worked import GOES_ON, HELD

Span = tuple[float, float]
"""Two moments, seconds since the epoch."""


def worked_seconds(run: RunDir, events: Sequence[Event], first: int = 1, last: Attempt | None = None) -> float:
    """Of the attempts from number `first` on, pauses and freezes not counted.

    `last`: the newest, where it is known better than it is on record.
    """
    spans, holds = list(_attempts(run, events, first, last)), list(_holds(events))
    held = sum(_common(span, hold) for span in spans for hold in holds)
    return max(0.0, sum(end - begin for begin, end in spans) - held)


def _attempts(run: RunDir, events: Iterable[Event], first: int, last: Attempt | None) -> Iterator[Span]:
    for number in range(first, run.last_attempt_number() + 1):
        found = last if last is not None and last.attempt == number else run.attempt(number)
        if isinstance(found, Attempt):
            yield found.started_at, max(found.started_at, found.ended_at or _seen_until(events, found))


def _seen_until(events: Iterable[Event], attempt: Attempt) -> float:
    """Of one that works: now, by a clock that nobody can set. Else a reboot ended it, and nobody wrote down when."""
    if members.kernel_state(attempt) is not None:
        return attempt.started_at + members.age_of(attempt)
    return max((each.at for each in events if each.attempt == attempt.attempt), default=attempt.started_at)


def _holds(events: Iterable[Event]) -> Iterator[Span]:
    since: float | None = None
    for event in events:
        if event.event in HELD:
            since = event.at if since is None else since
        elif event.event in {GOES_ON, "started"} and since is not None:
            yield since, event.at
            since = None
    if since is not None:
        yield since, float("inf")


def _common(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
