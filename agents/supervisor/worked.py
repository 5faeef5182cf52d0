"""How long the attempts of a run have worked, as its records say: for a supervisor that has not seen all of it."""

from collections.abc import Iterable, Iterator, Sequence

from overnight.agents.supervisor import book
from overnight.state.records import Attempt, Event
from overnight.state.rundir import RunDir

Span = tuple[float, float]
"""Two moments, seconds since the epoch."""
HELD, GOES_ON = frozenset({"paused", "frozen"}), "resumed"


def worked_seconds(run: RunDir, events: Sequence[Event], now: float) -> float:
    """Of the attempts since the run was launched or retried, pauses and freezes not counted."""
    spans = list(_attempts(run, events, now))
    return sum(end - begin for begin, end in spans) - sum(
        _common(span, hold) for span in spans for hold in _holds(events, now)
    )


def _attempts(run: RunDir, events: Iterable[Event], now: float) -> Iterator[Span]:
    newest = run.last_attempt_number()
    for number in range(book.allowed_from(run), newest + 1):
        found = run.attempt(number)
        if isinstance(found, Attempt):
            end = found.ended_at or (now if number == newest else _last_seen(events, found))
            yield found.started_at, max(found.started_at, end)


def _last_seen(events: Iterable[Event], attempt: Attempt) -> float:
    """Of one whose end nobody could write down: a reboot ended it."""
    return max((each.at for each in events if each.attempt == attempt.attempt), default=attempt.started_at)


def _holds(events: Iterable[Event], now: float) -> Iterator[Span]:
    since: float | None = None
    for event in events:
        if event.event in HELD:
            since = event.at if since is None else since
        elif event.event in {GOES_ON, "started"} and since is not None:
            yield since, event.at
            since = None
    if since is not None:
        yield since, now


def _common(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
