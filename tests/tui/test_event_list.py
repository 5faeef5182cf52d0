"""The list of what happened to all runs: what passes, what lines say, and that it follows as it happens."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.state.atomic import append_line
from overnight.state.chronicle import append
from overnight.state.codec import encode
from overnight.state.home import Home
from overnight.state.recent import WINDOW
from overnight.state.records import Event, Exit, Origin, Outcome, Progress, Request, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status
from overnight.state.told import Told
from overnight.tui import happenings
from overnight.tui.app import OvernightApp
from overnight.tui.event_list import EVERY_EVENT, event_filter_of, events_header, passing, told_line
from overnight.tui.events import Arrived, Read, Recalled
from overnight.tui.filtering import BadFilter
from overnight.tui.glyphs import ASCII, UNICODE, Glyphs
from overnight.tui.happenings import Happenings
from overnight.tui.lines import cells
from overnight.tui.model import Depth, Fleet
from overnight.tui.reducer import reduce
from overnight.tui.screens.events import EventsScreen
from overnight.tui.screens.fleet import FleetScreen
from tests.builders import T0, a_run, a_spec
from tests.hostile import EVIL, faults_of
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run, drive, shown, until
from tests.tui.test_terminal import INTERFACE

FAILED = Exit(Outcome.FAILED, 1, attempts=1, reason="exit code 1", started_at=1.0, ended_at=2.0)
BEGUN = time.time() - 1000
TOLD = (
    Told("crawl-a", Event(T0, "started", 1, None, {"pid": 7})),
    Told("train-b", Event(T0 + 1, "died", 1, None, {"code": 1})),
    Told("train-b", Event(T0 + 2, "ended", 1, None, {"outcome": "failed", "reason": "exit code 1"})),
    Told("gone-c", Event(T0 + 3, "ended", 1, None, {"outcome": "completed"})),
)


def fleet_of(*told: Told) -> Fleet:
    runs = [
        a_run(spec=a_spec(id=id, name=id[:5], group=group)) for id, group in (("crawl-a", "web"), ("train-b", "gpu"))
    ]
    arrived = Arrived(tuple(Read(run.spec.id, run) for run in runs if run.spec))
    return reduce(reduce(Fleet(now=T0 + 10), arrived), Recalled(told))


def passes(text: str, *, only_trouble: bool = False) -> list[int]:
    fleet = fleet_of(*TOLD)
    return [TOLD.index(told) for told in passing(fleet, event_filter_of(text, only_trouble=only_trouble))]


# -- which pass


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [0, 1, 2, 3]),
        ("event:ended", [2, 3]),
        ("event:died,ended -completed", [1, 2]),
        ("group:gpu", [1, 2]),
        ("-group:gpu event:s", [0]),
        ("Exit", [2]),
        ("gone", [3]),
        ("crawl pid", [0]),
    ],
)
def test_events_pass_by_kind_by_their_run_and_by_what_they_say(text: str, places: list[int]) -> None:
    assert passes(text) == places


def test_trouble_is_what_died_and_what_failed() -> None:
    assert passes("", only_trouble=True) == [1, 2]


def test_what_means_nothing_is_told_as_for_runs() -> None:
    with pytest.raises(BadFilter, match="did you mean group"):
        event_filter_of("grup:gpu")


# -- what lines say


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("signs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_line_fits_and_says_when_which_run_and_what(width: int, signs: Glyphs) -> None:
    fleet = fleet_of(*TOLD)
    for told in TOLD:
        said = told_line(fleet, told, width, signs, chosen=False)
        assert cells(said.text) <= width
        assert told.event.event in said.text
    failed = told_line(fleet, TOLD[2], width, signs, chosen=True)
    assert "train " in failed.text
    assert f"{signs.states[Status.FAILED]} ended" in failed.text
    assert width == 60 or "failed  exit code 1" in failed.text


def test_the_header_says_of_how_many() -> None:
    fleet = fleet_of(*TOLD)
    assert "4 events" in events_header(fleet, 4, EVERY_EVENT, 80, UNICODE).text
    header = events_header(fleet, 2, event_filter_of("group:gpu", only_trouble=True), 80, UNICODE).text
    assert "2 of 4 events" in header
    assert "only trouble" in header
    assert "group:gpu" in header
    narrow = events_header(
        fleet._replace(host="h" * 30), 2, event_filter_of("group:gpu", only_trouble=True), 60, UNICODE
    )
    assert "only trouble group:gpu" in narrow.text
    assert "2 of 4 events" in narrow.text


# -- reading them


@pytest.fixture
def here(home: Path) -> Home:
    return Home(str(home))


def run_with(here: Home, name: str, *at: float) -> RunDir:
    run = here.new_run(name)
    run.write(run.spec_path, a_spec(id=run.id, name=name, created_at=BEGUN))
    for moment in at:
        append(run, Event(BEGUN + moment, "started", 1))
    return run


def last(each: Iterator[tuple[Told, ...]]) -> list[tuple[str, int]]:
    told = list(each)
    return [(one.event.event, round(one.event.at - BEGUN)) for one in told[-1]] if told else []


def test_events_of_all_runs_come_in_one_order_with_launches_and_requests(here: Home) -> None:
    first = run_with(here, "one", 1, 5)
    run_with(here, "two", 3)
    first.write(first.request_path(1), Request(1, Verb.PAUSE, at=BEGUN + 4, by="ann"))
    told = last(Happenings(here).look(None))
    assert told == [("created", 0), ("created", 0), ("started", 1), ("started", 3), ("requested", 4), ("started", 5)]


def test_a_changed_source_is_told_of(here: Home) -> None:
    run = run_with(here, "one")
    for at, digest in ((1, "a"), (2, "b"), (3, "b")):
        append_line(run.origins_path, encode(Origin(BEGUN + at, at, digest, {"agent.py": digest})))
    assert last(Happenings(here).look(None)) == [("created", 0), ("source_changed", 2)]


def test_of_a_long_history_only_the_end_is_read(here: Home) -> None:
    run = run_with(here, "one", *range(1, 2000))
    told = last(Happenings(here).look(None))
    assert os.path.getsize(run.history_path) > 2 * WINDOW
    assert told[-1] == ("started", 1999)
    assert 100 < len(told) < 1000


def test_a_second_look_reads_only_what_has_changed(here: Home) -> None:
    one, two = run_with(here, "one", 1), run_with(here, "two", 2)
    reader = Happenings(here)
    assert len(last(reader.look(None))) == 4
    assert last(reader.look(None)) == []
    append(two, Event(BEGUN + 9, "died", 1))
    assert last(reader.look([one.id])) == []
    assert last(reader.look([one.id, two.id]))[-1] == ("died", 9)


def test_what_was_removed_is_not_told_any_more(here: Home) -> None:
    run_with(here, "one", 1)
    two = run_with(here, "two", 2)
    reader = Happenings(here)
    assert len(last(reader.look(None))) == 4
    for path in (two.history_path, two.spec_path):
        Path(path).unlink()
    assert last(reader.look(None)) == [("created", 0), ("started", 1)]


def test_only_the_newest_are_kept_and_older_runs_are_not_read(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(happenings, "MOST", 6)
    for number in range(8):
        run_with(here, f"run{number}", 10 * number + 1, 10 * number + 2)
    assert last(Happenings(here).look(None)) == [
        *(("started", 10 * number + second) for number in (5, 6, 7) for second in (1, 2)),
    ]


# -- on the screen


def test_it_follows_what_happens_and_enter_opens_the_run(home: Path) -> None:
    an_ended_run(home, "train", FAILED)
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            await pilot.press("ampersand", *"name:train", "enter", "E")
            assert isinstance(app.screen, EventsScreen)
            await until(pilot, lambda: "2 events" in shown(app))
            append(run, Event(time.time(), "died", 1, None, {"signal": "SIGKILL"}))
            run.write(run.progress_path, run_progress())
            await until(pilot, lambda: "SIGKILL" in shown(app))
            await pilot.press("enter")
            assert isinstance(app.screen, FleetScreen)
            assert app.fleet.cursor == run.id, "though the filter hid it"
            assert app.fleet.depth is Depth.OPEN

        drive(home, act)


def run_progress() -> Progress:
    return Progress(processed_items=50, total_items=100, attempt=1, updated_at=time.time())


def test_it_is_narrowed_by_text_and_to_trouble_and_esc_takes_that_back_first(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        for event in ("started", "stalled", "paused"):
            append(run, Event(time.time(), event, 1))

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("E")
            await until(pilot, lambda: "4 events" in shown(app))
            await pilot.press("slash", *"pau", "enter")
            assert "1 of 4 events" in shown(app)
            await pilot.press("slash", *"grup:x", "enter")
            await until(pilot, lambda: "did you mean group" in shown(app))
            await pilot.press("escape", "f")
            assert "No event passes." in shown(app), "the filter is what it was"
            await pilot.press("escape", "f")
            assert "1 of 4 events" in shown(app)
            assert "stalled" in shown(app)
            await pilot.press("escape", "g", "j", "k", "ctrl+d", "G", "escape")
            assert isinstance(app.screen, FleetScreen)

        drive(home, act)


def test_nobody_reads_histories_while_the_list_is_closed(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            assert app.fleet.told is None
            await pilot.press("E")
            await until(pilot, lambda: app.fleet.told)
            await pilot.press("E")
            before = app.fleet.told
            append(run, Event(time.time(), "died", 1))
            run.write(run.progress_path, run_progress())
            await until(pilot, lambda: "50%" in shown(app))
            assert app.fleet.told == before
            await pilot.press("E")
            await until(pilot, lambda: app.fleet.told != before)

        drive(home, act)


def test_in_a_real_terminal_it_opens_over_hostile_events_and_goes_back(home: Path) -> None:
    with a_supervised_run(home, "victim") as run:
        append(run, Event(time.time(), EVIL, 1, EVIL, {EVIL: EVIL, "reason": EVIL}))
        with a_terminal(INTERFACE) as terminal:
            terminal.shows("victim")
            terminal.type("E")
            terminal.shows("2 events", "Open the run", "[/")
            terminal.type("/bold\r")
            terminal.shows("1 of 2 events")
            terminal.type("q")
            terminal.shows("Leave")
            terminal.type("q")
            assert terminal.ends() == 0
    assert faults_of(terminal.raw) == []
