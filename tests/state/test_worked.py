"""How long a run has worked, from its events alone."""

from typing import Any

import pytest

from overnight.state.records import Event
from overnight.state.worked import worked


def event(at: float, name: str, attempt: int = 1, **detail: Any) -> Event:
    return Event(at, name, attempt, detail=detail)


STOPPED = (event(0, "started"), event(27, "paused"), event(166, "resumed"))
RETRIED = (
    event(0, "started"),
    event(60, "died"),
    event(60, "ended", outcome="failed"),
    event(100, "started", 2),
    event(120, "died", 2),
    event(121, "retrying", 2),
    event(130, "started", 3),
)


@pytest.mark.parametrize(
    ("events", "now", "seconds"),
    [
        ((), 10, None),
        ((event(0, "started"),), 30, (30, 30)),
        (STOPPED[:2], 166, (27, 27)),
        (STOPPED, 170, (31, 31)),
        # Stopped by a signal, and then a pause that finds it stopped.
        ((event(0, "started"), event(5, "frozen"), event(9, "paused"), event(30, "resumed")), 30, (5, 5)),
        (RETRIED[:4], 110, (10, 10)),
        (RETRIED, 140, (10, 30)),
        # What was only interrupted goes on with what it had left.
        ((*RETRIED[:2], event(60, "ended", outcome="interrupted"), event(100, "started", 2)), 110, (10, 70)),
        # Nobody saw the end of the first attempt: the machine went down.
        ((event(0, "started"), event(40, "acknowledged"), event(500, "started", 2)), 510, (10, 50)),
        # What goes on after its end was no process.
        ((*RETRIED[:3], event(70, "resumed")), 90, (60, 0)),
    ],
)
def test_pauses_freezes_and_the_time_between_attempts_are_no_work(
    events: tuple[Event, ...], now: float, seconds: tuple[float, float] | None
) -> None:
    assert worked(events, now) == seconds
