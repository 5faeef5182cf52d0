"""One bar for all that lives, and when the last of it is over: the queue under its slots, too."""

from typing import Any

from overnight.state.queue import Group
from overnight.state.records import Estimate, Exit, Outcome, SupervisorState
from overnight.tui.arrivals import JUDGED_AT_ONCE
from overnight.tui.events import Arrived, Grouped, Read, Ticked
from overnight.tui.glyphs import UNICODE
from overnight.tui.header import header
from overnight.tui.model import Fleet, Overall
from overnight.tui.overall import LOOKED_THROUGH
from overnight.tui.reducer import reduce
from tests.builders import STARTED, T0, a_run, a_spec, a_supervisor, progress

TOOK_AN_HOUR = Exit(Outcome.COMPLETED, 0, started_at=STARTED, ended_at=STARTED + 3600)
WAITS: dict[str, Any] = {
    "attempt": None,
    "progress": None,
    "heartbeat": None,
    "supervisor": a_supervisor(state=SupervisorState.WAITING, attempt=0),
}


def one(run_id: str, name: str, **changes: Any) -> Read:
    after = changes.pop("after", ())
    spec = a_spec(id=run_id, name=name, group="gpu", after=after)
    return Read(run_id, a_run(spec=spec, **changes)._replace(id=run_id))


def working(run_id: str, left: float | None, **changes: Any) -> Read:
    estimate = None if left is None else Estimate(left, left, left)
    total = {} if left is not None else {"total_items": None}
    return one(run_id, "crawl", progress=progress(estimate=estimate, **total), **changes)


def overall(*reads: Read, slots: int | None = None) -> Overall | None:
    fleet = Fleet(now=T0)
    fleet = reduce(reduce(fleet, Grouped({"gpu": Group(slots=slots)})), Arrived(reads))
    for _ in range(1 + len(reads) // JUDGED_AT_ONCE):
        fleet = reduce(fleet, Ticked(T0))
    return fleet.overall


def test_without_a_queue_it_is_the_last_of_those_that_work() -> None:
    assert overall(working("a", 60), working("b", 90)) == Overall(40, 90, 0)


def test_those_that_wait_take_as_long_as_the_last_one_of_their_name() -> None:
    reads = one("old", "train", exit=TOOK_AN_HOUR), working("a", 60), one("t1", "train", **WAITS)
    seen = overall(*reads, one("t2", "train", **WAITS), slots=1)
    assert seen is not None
    assert (seen.left, seen.open) == (60 + 2 * 3600, 0)
    seen = overall(*reads, one("t2", "train", **WAITS), slots=2)
    assert seen is not None
    assert seen.left == 60 + 3600


def test_of_a_long_queue_it_is_known_as_well_how_long_they_take() -> None:
    line = [one(f"t{number}", "train", **WAITS) for number in range(LOOKED_THROUGH + 1)]
    seen = overall(one("old", "train", exit=TOOK_AN_HOUR), working("a", 60), *line, slots=1)
    assert seen is not None
    assert (seen.left, seen.open) == (60 + 3600 * len(line), 0)


def test_how_long_that_one_was_paused_or_failed_says_nothing_of_them() -> None:
    """It began a week ago, and was retried."""
    retried = Exit(Outcome.COMPLETED, 0, attempts=2, started_at=STARTED, ended_at=STARTED + 7 * 86400, worked=1800)
    seen = overall(one("old", "train", exit=retried), working("a", 60), one("t1", "train", **WAITS), slots=1)
    assert seen is not None
    assert (seen.left, seen.open) == (60 + 1800, 0)


def test_of_some_nobody_knows_when_they_end() -> None:
    seen = overall(working("a", 60), working("stream", None), one("new", "never-ran", **WAITS))
    assert seen == Overall(40, 60, 2)
    fleet = Fleet(now=T0, loaded=True)._replace(overall=seen)
    assert "1m+" in header(fleet, 140, UNICODE).text


def test_a_pause_ends_nobody_knows_when() -> None:
    assert overall(working("a", 60), working("b", 90, process_state="T")) == Overall(40, 60, 1)
