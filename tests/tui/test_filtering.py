"""A part of the fleet is named in a few words, and put in an order that holds still."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot

from overnight.state.records import AgentStatus, Exit, Outcome, Request, Verb
from overnight.state.status import Status
from overnight.tui.app import OvernightApp
from overnight.tui.events import Arrived, Backed, CursorPut, Filtered, Sorted, Ticked
from overnight.tui.filtering import BadFilter, Filter, Subject, filter_of
from overnight.tui.model import Fleet
from overnight.tui.reducer import reduce
from overnight.tui.screens.help import HelpScreen
from overnight.tui.screens.sort import CHOICES, SortScreen
from overnight.tui.sorting import AGAIN_AFTER, By, Sort, key_of
from overnight.tui.state_groups import COUNTED, StateGroup
from overnight.tui.widgets.typed_line import TypedLine
from tests.builders import T0, a_run, a_spec, progress
from tests.command import overnight
from tests.tui.driven import a_supervised_run, an_ended_run, drive, shown, until
from tests.tui.test_model import a_fleet, folded, named

FAILED = Exit(Outcome.FAILED, 1, ended_at=T0)
DONE = Exit(Outcome.COMPLETED, 0, ended_at=T0)


def subject(status: Status = Status.RUNNING, **changes: Any) -> Subject:
    return Subject(a_run(**changes), status, T0)


CRAWL = subject(spec=a_spec(name="crawl-eu", group="gpu", labels={"team": "search"}), errors=3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crawl",
        "SEARCH",
        "state:running",
        "state:run",
        "state:failed,running",
        "name:crawl",
        "name:crawl*",
        "name:*-eu",
        "group:gpu",
        "group!=cpu",
        "id:a1b2",
        "label:team",
        "label:team=search",
        "err>0",
        "err>=3",
        "err:3",
        "err!=4",
        "percent<50%",
        "age>9m",
        "attempt=1",
        "rate>0",
        "eta<1d",
        "-state:failed",
        "-name:test -err>10",
        "err>",
        "group:gpu err>0 crawl",
        "state:",
    ],
)
def test_what_holds_of_a_run_passes(text: str) -> None:
    assert filter_of(text).passes(CRAWL)


@pytest.mark.parametrize(
    "text",
    [
        "nightly",
        "state:failed",
        "state:trouble",
        "name:eu*",
        "group:cpu",
        "label:owner",
        "label:team=ads",
        "err>3",
        "err=0",
        "percent>50",
        "age<1m",
        "attempt>1",
        "-crawl",
        "-state:running",
        "group:gpu err>3",
    ],
)
def test_what_does_not_hold_does_not(text: str) -> None:
    assert not filter_of(text).passes(CRAWL)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("stat:failed", "stat: no such field; did you mean state?"),
        ("state:faild", "state:faild: no such state; did you mean failed?"),
        ("state:xyz", "state:xyz: no such state"),
        ("err>many", "err>many: 'many' is no number"),
        ("name>a", "name>: name is a word; name:a"),
    ],
)
def test_what_means_nothing_is_said_with_what_was_meant(text: str, problem: str) -> None:
    with pytest.raises(BadFilter) as refused:
        filter_of(text)
    assert str(refused.value) == problem


@pytest.mark.parametrize("group", COUNTED, ids=lambda group: group.word)
def test_what_the_header_counts_is_found_by_the_word_that_it_says(group: StateGroup) -> None:
    for word in (group.word.replace(" ", "-"), f"'{group.word}'"):
        found = {status for status in Status if filter_of(f"state:{word}").passes(CRAWL._replace(status=status))}
        assert found == group.members


def test_what_cannot_go_on_and_paused_by_itself_is_trouble_and_says_why(home: Path) -> None:
    full = progress(status=AgentStatus.PAUSED, message="No space left on device: out.jsonl", acknowledged=1)
    with a_supervised_run(home, "full", progress=full) as alone, a_supervised_run(home, "held", progress=full) as held:
        held.write(held.request_path(1), Request(1, Verb.PAUSE, by="ann@here", at=T0))

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            await pilot.press("f")
            await until(pilot, lambda: app.fleet.shown == (alone.id,))
            assert "PAUSED    full" in shown(app)
            assert "No space left …" in shown(app)
            await pilot.press("f")
            await until(pilot, lambda: "paused    held" in shown(app))

        drive(home, act)
        lines = overnight("ls").stdout.splitlines()
        assert any("PAUSED" in line and "No space left on device: out.…" in line for line in lines)
        assert filter_of("state:trouble").passes(Subject(a_run(progress=full._replace(attempt=1)), Status.PAUSED, T0))


def test_every_state_is_counted_once() -> None:
    assert sorted(status for group in COUNTED for status in group.members) == sorted(Status)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_filter_or_refused(text: str) -> None:
    try:
        chosen = filter_of(text)
    except BadFilter:
        return
    chosen.passes(CRAWL)


def test_a_run_of_which_nothing_is_known_passes_no_number() -> None:
    nothing = Subject(a_run(spec=None, progress=None, attempt=None), Status.LOST, T0)
    assert not any(filter_of(text).passes(nothing) for text in ("percent<50", "rate>=0", "eta<1d", "age>0"))


# -- in the fleet


def three() -> Fleet:
    return a_fleet(
        named("a", created=3, errors=1),
        named("b", created=2, errors=5),
        named("c", created=1, progress=progress(processed_items=90)),
    )


def test_only_what_passes_is_shown_and_the_cursor_is_on_one_of_them() -> None:
    fleet = folded([CursorPut(2), Filtered(filter_of("err>0"))], three())
    assert fleet.shown == ("a", "b")
    assert fleet.cursor == "b"
    assert folded([Backed()], fleet).shown == ("a", "b", "c"), "escape shows all"


def test_what_begins_to_pass_later_is_shown_then() -> None:
    fleet = folded([Filtered(filter_of("state:failed"))], three())
    assert fleet.shown == ()
    assert folded([Arrived((named("b", created=2, exit=FAILED),))], fleet).shown == ("b",)


@pytest.mark.parametrize(
    ("sort", "shown"),
    [
        (Sort(By.ARRIVAL), "abc"),
        (Sort(By.ARRIVAL, turned=True), "cba"),
        (Sort(By.NAME, turned=True), "cba"),
        (Sort(By.ERRORS), "bac"),
        (Sort(By.ERRORS, turned=True), "cab"),
        (Sort(By.PROGRESS), "cab"),
        (Sort(By.AGE), "abc"),
    ],
)
def test_the_list_is_in_the_order_that_was_chosen(sort: Sort, shown: str) -> None:
    assert "".join(folded([Sorted(sort)], three()).shown) == shown


def test_what_is_not_known_is_last_either_way_round() -> None:
    known, unknown = subject(), subject(progress=None)
    for sort in (Sort(By.PROGRESS), Sort(By.PROGRESS, turned=True)):
        assert key_of(known, sort) < key_of(unknown, sort)


@given(st.lists(st.text(max_size=5), min_size=2, max_size=5))
def test_a_text_is_turned_round_as_a_number_is(names: list[str]) -> None:
    subjects = [subject(spec=a_spec(name=name)) for name in names]

    def sorted_names(*, turned: bool) -> list[str]:
        ordered = sorted(subjects, key=lambda each: key_of(each, Sort(By.NAME, turned)))
        return [each.records.spec.name.lower() for each in ordered if each.records.spec]

    assert sorted_names(turned=True) == sorted_names(turned=False)[::-1]


def test_what_changes_is_put_in_order_again_only_now_and_then_and_the_cursor_stays_on_its_run() -> None:
    fleet = folded([Sorted(Sort(By.ERRORS)), CursorPut(0)], three())
    assert (fleet.cursor, fleet.shown) == ("b", ("b", "a", "c"))
    fleet = folded([Arrived((named("c", created=1, errors=9),)), Ticked(T0 + AGAIN_AFTER - 1)], fleet)
    assert fleet.shown == ("b", "a", "c"), "it holds still"
    fleet = reduce(fleet, Ticked(T0 + AGAIN_AFTER))
    assert (fleet.cursor, fleet.shown) == ("b", ("c", "b", "a"))


def test_a_new_run_is_on_top_until_the_list_is_put_in_order_again() -> None:
    fleet = folded([Sorted(Sort(By.NAME)), Arrived((named("z", created=9),))], three())
    assert fleet.shown == ("z", "a", "b", "c")


# -- at the keyboard


def failed_and_done(home: Path) -> None:
    an_ended_run(home, "crawl", Exit(Outcome.FAILED, 1, attempts=1, started_at=1.0, ended_at=2.0))
    an_ended_run(home, "other", Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0))


def test_what_is_typed_is_shown_at_each_key_and_escape_brings_back_what_was(home: Path) -> None:
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("ampersand", *"state:f")
        await until(pilot, lambda: "1 of 2: state:f" in shown(app))
        await pilot.press("enter")
        assert app.fleet.filter.text == "state:f"
        await pilot.press("ampersand", *"oo")
        await until(pilot, lambda: app.screen.query_one("#filter", TypedLine).has_class("-wrong"))
        assert len(app.fleet.shown) == 1, "what means nothing shows as it was"
        await pilot.press("enter")
        await until(pilot, lambda: "state:foo: no such state" in shown(app))
        await pilot.press("escape")
        assert app.fleet.filter.text == "state:f"
        await pilot.press("escape")
        assert app.fleet.filter == Filter()
        assert len(app.fleet.shown) == 2

    drive(home, act)


def test_an_empty_list_says_why_and_what_shows_all(home: Path) -> None:
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("ampersand", *"err>9", "enter")
        await until(pilot, lambda: "No run passes err>9. esc shows them all." in shown(app))

    drive(home, act)


@pytest.mark.parametrize(("key", "field"), [("slash", "find"), ("ampersand", "filter")])
def test_what_comes_in_one_piece_with_the_key_is_typed_into_the_line(home: Path, key: str, field: str) -> None:
    """Over a slow line, keys arrive together."""
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        sign = {"slash": "/", "ampersand": "&"}[key]
        for each, character in ((key, sign), *((char, char) for char in "xq")):
            app.post_message(events.Key(each, character))
        await until(pilot, lambda: [each.value for each in app.screen.query(f"#{field}").results(TypedLine)] == ["xq"])
        await pilot.press("r", "backspace")
        assert app.screen.query_one(f"#{field}", TypedLine).value == "xq"
        assert app.is_running

    drive(home, act)


def test_what_comes_in_one_piece_behind_the_line_is_a_key_again(home: Path) -> None:
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for key, character in (("slash", "/"), ("o", "o"), ("t", "t"), ("enter", None), ("question_mark", "?")):
            app.post_message(events.Key(key, character))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "this help" in shown(app))
        assert app.fleet.sought == "ot"

    drive(home, act)


@pytest.mark.parametrize("keys", [("j", "enter"), ("2",)])
def test_an_order_is_chosen_from_a_menu(home: Path, keys: tuple[str, ...]) -> None:
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, SortScreen) and "a to z" in shown(app))
        await pilot.press(*keys)
        await until(pilot, lambda: app.fleet.sort == Sort(CHOICES[1]))
        await until(pilot, lambda: "by name" in shown(app))
        await pilot.press("s")
        await until(pilot, lambda: "z to a" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.fleet.sort == Sort(By.NAME, turned=True))

    drive(home, act)


def test_the_menu_of_orders_is_left_without_one(home: Path) -> None:
    failed_and_done(home)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", "escape")
        await until(pilot, lambda: not isinstance(app.screen, SortScreen))
        assert app.fleet.sort == Sort()

    drive(home, act)
