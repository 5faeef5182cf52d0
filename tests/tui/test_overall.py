"""One bar for all that lives, and when the last of it is over: the queue under its slots, too."""

from typing import Any

from overnight.state.queue import Group
from overnight.state.records import Estimate, Exit, ItemSeconds, Outcome, SupervisorState
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
    assert seen == Overall(20, 60, 2, {"new": T0})
    for width, said in ((140, "20%, at least 1m left"), (80, "at least 1m left")):
        assert said in header(Fleet(now=T0, loaded=True, overall=seen), width, UNICODE).text


def test_what_is_to_begin_later_keeps_the_end_away() -> None:
    spec = a_spec(id="late", name="late", start_at=T0 + 8 * 3600)
    seen = overall(working("a", 60), Read("late", a_run(spec=spec, **WAITS)._replace(id="late")))
    assert seen == Overall(20, 8 * 3600, 1, {"late": T0 + 8 * 3600})


def test_what_hangs_ends_nobody_knows_when_whatever_it_foretold() -> None:
    silent = progress(estimate=Estimate(60, 60, 60), updated_at=T0 - 3600, item_seconds=ItemSeconds(1, 1))
    reads = working("a", 20), one("hangs", "hangs", progress=silent, progress_changed_at=T0 - 3600)
    assert overall(*reads) == Overall(40, 20, 1)


def test_its_bar_does_not_leap_back_when_one_ends_or_begins() -> None:
    done = Exit(Outcome.COMPLETED, 0, started_at=STARTED, ended_at=T0)
    full = progress(processed_items=100, total_items=100)
    one_works = overall(working("a", 60), one("b", "crawl", **WAITS))
    one_has_ended = overall(one("a", "crawl", exit=done, progress=full), one("b", "crawl", **WAITS))
    another_begins = overall(one("a", "crawl", exit=done, progress=full), working("b", 60))
    assert [seen.percent for seen in (one_works, one_has_ended, another_begins) if seen] == [20, 50, 70]


def test_what_ended_before_those_that_live_were_launched_is_not_of_their_bar() -> None:
    full = progress(processed_items=100, total_items=100)
    before = Exit(Outcome.COMPLETED, 0, started_at=STARTED - 60, ended_at=STARTED - 1)
    late = a_spec(id="new", name="new", created_at=STARTED)
    new = Read("new", a_run(spec=late, progress=progress())._replace(id="new"))
    seen = overall(one("old", "crawl", exit=before, progress=full), new)
    assert seen is not None
    assert seen.percent == 40


def test_a_pause_ends_nobody_knows_when() -> None:
    assert overall(working("a", 60), working("b", 90, process_state="T")) == Overall(40, 60, 1)
