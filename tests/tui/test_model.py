"""The fleet changes in one place, and as an operator expects it."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.state.records import AgentStatus, Exit, Outcome, Records, SupervisorState, Verb
from overnight.state.status import Status
from overnight.tui.arrivals import GRAIN, SPAN, add_sample
from overnight.tui.bars import Sample, rates_of
from overnight.tui.detail import Tab
from overnight.tui.events import (
    Arrived,
    Backed,
    CursorMoved,
    CursorPut,
    Event,
    Filtered,
    FoundNext,
    Marked,
    Marking,
    Mode,
    Opened,
    Pointed,
    Read,
    Sought,
    Switched,
    TabChosen,
    TabStepped,
    Ticked,
)
from overnight.tui.filtering import filter_of
from overnight.tui.forecast import grown_words
from overnight.tui.model import Depth, Fleet, pause_or_resume, row_at, targets
from overnight.tui.reducer import reduce
from overnight.tui.view import row_word
from tests.builders import T0, a_run, a_spec, a_supervisor, an_attempt, heartbeat, progress, requests

FAILED = Exit(Outcome.FAILED, 1, ended_at=T0)
DONE = Exit(Outcome.COMPLETED, 0, ended_at=T0)


def named(name: str, *, created: float = 0.0, **changes: Any) -> Read:
    records = a_run(spec=a_spec(id=name, name=name, created_at=T0 + created), **changes)
    return Read(name, records._replace(id=name))


def folded(events: Iterable[Event], fleet: Fleet | None = None) -> Fleet:
    fleet = fleet or Fleet(now=T0)
    for event in events:
        fleet = reduce(fleet, event)
    return fleet


def a_fleet(*reads: Read) -> Fleet:
    return folded([Arrived(reads)])


def three() -> Fleet:
    return a_fleet(named("a", created=3), named("b", created=2), named("c", created=1))


def test_new_runs_come_first_and_what_is_over_comes_last() -> None:
    fleet = a_fleet(
        named("old", created=1),
        named("new", created=2),
        named("over", created=3, exit=DONE),
        named("waits", created=4, attempt=None, supervisor=a_supervisor(state=SupervisorState.WAITING)),
    )
    assert fleet.order == ("new", "old", "waits", "over")


def test_order_stays_put_while_statuses_change() -> None:
    fleet = folded([Arrived((named("a", created=3, exit=FAILED), named("c", created=1, exit=DONE)))], three())
    assert fleet.order == ("a", "b", "c")
    assert fleet.statuses["a"] is Status.FAILED


def test_a_new_run_appears_on_top_and_the_cursor_stays_on_its_run() -> None:
    fleet = folded([CursorPut(1), Arrived((named("d", created=4),))], three())
    assert fleet.order == ("d", "a", "b", "c")
    assert fleet.cursor == "b"


def test_the_cursor_goes_to_a_neighbour_when_its_run_is_gone() -> None:
    fleet = folded([CursorPut(1), Arrived((), frozenset({"b"}))], three())
    assert fleet.shown == ("a", "c")
    assert fleet.cursor in fleet.shown


def test_nobody_went_to_the_neighbour_until_a_key_is_pressed() -> None:
    entered = folded([CursorPut(1), Opened(), Opened()], three())
    assert entered.depth is Depth.ENTERED
    fleet = folded([Arrived((), frozenset({"b"}))], entered)
    assert (fleet.depth, fleet.displaced_from) == (Depth.OPEN, "b")
    assert folded([Ticked(T0 + 1), Arrived((named("a", created=3),))], fleet).displaced_from == "b"
    assert folded([CursorMoved(1)], fleet).displaced_from is None


def test_the_pane_of_the_neighbour_does_not_stand_alone() -> None:
    alone = folded([CursorPut(1), Switched(Mode.MAXIMISED)], three())
    fleet = folded([Arrived((), frozenset({"b"}))], alone)
    assert (fleet.depth, fleet.modes) == (Depth.OPEN, frozenset())


def test_a_run_that_the_filter_hides_by_itself_displaces_the_cursor_too() -> None:
    fleet = folded([Filtered(filter_of("-state:completed")), CursorPut(1)], three())
    assert fleet.displaced_from is None
    assert folded([Arrived((named("b", created=2, exit=DONE),))], fleet).displaced_from == "b"


def test_time_alone_makes_a_silent_run_stale_and_leaves_an_ended_one_as_it_is() -> None:
    fleet = folded([Ticked(T0 + 120)], a_fleet(named("a", heartbeat=heartbeat()), named("b", exit=DONE)))
    assert fleet.statuses == {"a": Status.STALE, "b": Status.COMPLETED}


def test_a_status_follows_from_records_alone() -> None:
    """No key event changes one."""
    fleet = three()
    keys: list[Event] = [Marked(Marking.ALL), Opened(), Switched(Mode.ONLY_TROUBLE), Switched(Mode.WRAP), TabStepped(1)]
    assert folded(keys, fleet).statuses == fleet.statuses


def test_an_unobeyed_pause_shows_as_pausing_until_the_agent_acknowledges_it() -> None:
    asked = named("a", requests=requests(Verb.PAUSE))
    obeyed = named("a", requests=requests(Verb.PAUSE), progress=progress(acknowledged=1, status=AgentStatus.PAUSED))
    fleet = a_fleet(asked)
    assert fleet.statuses["a"] is Status.PAUSING
    assert folded([Arrived((obeyed,))], fleet).statuses["a"] is Status.PAUSED


def test_queued_runs_know_their_place() -> None:
    waiting = {"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}
    fleet = a_fleet(named("late", created=2, **waiting), named("early", created=1, **waiting))
    assert [fleet.stands[each].place for each in ("early", "late")] == [1, 2]


def test_a_long_queue_is_looked_at_with_the_tick_and_not_with_each_arrival() -> None:
    waiting = {"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}
    queue = [named(f"waits-{each:03}", created=each, **waiting) for each in range(1, 602)]
    fleet = folded([Ticked(T0)], a_fleet(*queue))
    assert fleet.stands["waits-600"].place == 600
    begun = folded([Arrived((named("waits-001", created=1),))], fleet)
    assert begun.stands is fleet.stands
    ticked = folded([Ticked(T0 + 1)], begun)
    assert ticked.stands["waits-600"].place == 599
    assert "waits-001" not in ticked.stands


def test_what_changes_nothing_in_the_queue_leaves_it_as_it_was_looked_at() -> None:
    waiting = {"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}
    fleet = a_fleet(named("works"), named("late", created=2, **waiting), named("early", created=1, **waiting))
    assert folded([Arrived((named("works"),))], fleet).stands is fleet.stands
    sooner = named("late", created=0.5, **waiting)
    assert folded([Arrived((sooner,))], fleet).stands["late"].place == 1


def test_a_run_that_waits_for_one_that_failed_is_trouble() -> None:
    waiting = {"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}
    spec = a_spec(id="next", name="next", created_at=T0, after=("load",))
    fleet = a_fleet(
        named("load", exit=DONE._replace(outcome=Outcome.FAILED)), Read("next", a_run(spec=spec, **waiting))
    )
    assert folded([Switched(Mode.ONLY_TROUBLE)], fleet).shown == ("next", "load")
    assert row_word(row_at(fleet, "next")) == "QUEUED"
    fleet = a_fleet(named("load"), Read("next", a_run(spec=spec, **waiting)))
    assert folded([Switched(Mode.ONLY_TROUBLE)], fleet).shown == ()


def test_only_trouble_hides_the_rest_and_brings_it_back() -> None:
    fleet = a_fleet(named("fine", created=3), named("bad", created=2, exit=FAILED), named("errs", created=1, errors=2))
    only = folded([Switched(Mode.ONLY_TROUBLE)], fleet)
    assert only.shown == ("errs", "bad")
    assert only.cursor in only.shown
    assert folded([Switched(Mode.ONLY_TROUBLE)], only).shown == fleet.order


def test_pointing_at_a_run_shows_it_whatever_hid_it() -> None:
    fleet = a_fleet(named("fine", created=3), named("bad", created=2, exit=FAILED))
    hidden = folded([Switched(Mode.ONLY_TROUBLE), Filtered(filter_of("name:bad"))], fleet)
    assert hidden.shown == ("bad",)
    pointed = folded([Pointed("fine")], hidden)
    assert (pointed.cursor, pointed.depth) == ("fine", Depth.OPEN)
    assert pointed.shown == fleet.order
    assert folded([Pointed("bad")], hidden).shown == ("bad",), "nothing hides it: all stays as it is"
    assert folded([Pointed("gone")], hidden) == hidden


def test_marks_are_what_a_key_acts_on_and_the_cursor_where_there_are_none() -> None:
    fleet = three()
    assert targets(fleet) == ("a",)
    marked = folded([Marked(Marking.ONE), CursorPut(2), Marked(Marking.RANGE)], fleet)
    assert targets(marked) == ("a", "b", "c")
    assert targets(folded([Marked(Marking.NONE)], marked)) == ("c",)


def test_marking_all_twice_marks_none() -> None:
    fleet = three()
    assert folded([Marked(Marking.ALL)], fleet).marks == {"a", "b", "c"}
    assert folded([Marked(Marking.ALL), Marked(Marking.ALL)], fleet).marks == frozenset()


def test_a_run_that_is_gone_is_no_longer_marked() -> None:
    fleet = folded([Marked(Marking.ALL), Arrived((), frozenset({"a"}))], three())
    assert fleet.marks == {"b", "c"}


def test_finding_goes_round_and_ignores_capitals() -> None:
    fleet = a_fleet(named("crawl-1", created=3), named("embed", created=2), named("CRAWL-2", created=1))
    found = folded([Sought("crawl-")], fleet)
    assert found.cursor == "crawl-1"
    assert folded([FoundNext(1)], found).cursor == "CRAWL-2"
    assert folded([FoundNext(1), FoundNext(1)], found).cursor == "crawl-1"
    assert folded([FoundNext(-1)], found).cursor == "CRAWL-2"
    assert folded([Sought("nothing like it")], fleet).cursor == fleet.cursor


def test_a_text_that_no_run_has_leaves_the_cursor_where_it_was() -> None:
    fleet = a_fleet(named("crawl", created=3), named("embed", created=2), named("backup", created=1))
    typed = folded([CursorMoved(1), *(Sought("bare"[:length]) for length in (1, 2))], fleet)
    assert typed.cursor == "backup"
    assert folded([Sought("bar"), Sought("bare")], typed).cursor == "embed"
    assert folded([Sought("bar"), Sought("ba")], typed).cursor == "backup"
    again = folded([Sought(""), CursorMoved(-2), Sought("z")], typed)
    assert again.cursor == "crawl"


def test_escape_steps_out_and_never_further_than_the_list() -> None:
    fleet = folded([TabChosen(Tab.LOGS), Opened(), Switched(Mode.MAXIMISED)], three())
    assert fleet.depth is Depth.ENTERED
    depths = []
    for _ in range(5):
        fleet = reduce(fleet, Backed())
        depths.append(fleet.depth)
    assert depths[0] is Depth.OPEN
    assert set(depths[1:]) == {Depth.LIST}
    assert Mode.MAXIMISED not in fleet.modes


def test_tabs_go_round() -> None:
    fleet = three()
    assert folded([TabStepped(1)] * 5, fleet).tab is fleet.tab
    assert folded([TabStepped(-1)], fleet).tab is Tab.CONFIG


@pytest.mark.parametrize(
    ("changes", "verb"),
    [
        ({}, Verb.PAUSE),
        ({"requests": requests(Verb.PAUSE)}, Verb.RESUME),
        ({"process_state": "T"}, Verb.RESUME),
        ({"exit": Exit(Outcome.INTERRUPTED)}, Verb.RESUME),
        ({"supervised": False, "process_state": None}, Verb.RESUME),
        ({"attempt": None, "supervisor": a_supervisor(state=SupervisorState.WAITING)}, Verb.PAUSE),
        (
            {
                "attempt": None,
                "supervisor": a_supervisor(state=SupervisorState.WAITING),
                "requests": requests(Verb.PAUSE),
            },
            Verb.RESUME,
        ),
    ],
)
def test_p_pauses_what_works_and_lets_go_on_what_is_held_or_was_cut_off(changes: dict[str, Any], verb: Verb) -> None:
    assert pause_or_resume(a_fleet(named("a", **changes))) is verb


def test_p_on_several_pauses_as_long_as_one_of_them_works() -> None:
    fleet = folded([Marked(Marking.ALL)], a_fleet(named("a"), named("b", process_state="T")))
    assert pause_or_resume(fleet) is Verb.PAUSE


def test_the_time_that_nothing_worked_is_not_in_the_pace_of_the_next_attempt() -> None:
    fleet = a_fleet(named("crawl", progress=progress(processed_items=10)))
    for at, attempt, done in ((1, 1, 20), (2, 1, 30), (600, 2, 30), (601, 2, 40), (602, 2, 50)):
        run = named("crawl", progress=progress(processed_items=done), attempt=an_attempt(attempt=attempt))
        fleet = folded([Ticked(T0 + at), Arrived((run,))], fleet)
    assert rates_of(fleet.samples["crawl"], 8) == [10, 10]


def test_what_was_seen_of_a_run_holds_how_its_total_has_grown() -> None:
    fleet = a_fleet(named("crawl", progress=progress(processed_items=10, total_items=300)))
    for at in (60, 120, 180):
        run = named("crawl", progress=progress(processed_items=10 + at, total_items=300 + 2 * at))
        fleet = folded([Ticked(T0 + at), Arrived((run,))], fleet)
    assert grown_words(fleet.samples["crawl"]) == "has grown from 300 to 660 in 3m"


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.0, 0.01, 0.7, 1.0, 2.5, 60.0]), st.integers(-5, 1000)), max_size=400))
def test_the_samples_of_a_sparkline_are_bounded_and_in_order(steps: list[tuple[float, int]]) -> None:
    ring: tuple[Sample, ...] = ()
    at, done = T0, 0
    for seconds, count in steps:
        at, done = at + seconds, max(0, done + count)
        ring = add_sample(ring, Sample(at, done))
    assert len(ring) <= 6 * GRAIN
    assert [each.at for each in ring] == sorted({each.at for each in ring})
    assert all(ring[-1].at - each.at <= SPAN for each in ring)
    assert all(a.processed <= b.processed for a, b in pairwise(ring))
    assert not ring or ring[-1].processed == done


KEYS = st.one_of(
    st.builds(CursorMoved, st.integers(-5, 5)),
    st.builds(CursorPut, st.integers(-1, 5)),
    st.builds(Pointed, st.sampled_from(["a", "b", "c", "zz"])),
    st.builds(Opened),
    st.builds(Backed),
    st.builds(TabChosen, st.sampled_from(Tab)),
    st.builds(Switched, st.sampled_from(Mode)),
    st.builds(Marked, st.sampled_from(Marking)),
    st.builds(Sought, st.sampled_from(["a", "b", "zz", ""])),
    st.builds(FoundNext, st.sampled_from([1, -1])),
    st.builds(lambda names: Arrived((), frozenset(names)), st.sets(st.sampled_from("abc"))),
    st.builds(
        lambda name, bad: Arrived((named(name, exit=FAILED if bad else None),)), st.sampled_from("abc"), st.booleans()
    ),
    st.builds(lambda after: Ticked(T0 + after), st.floats(0, 100)),
)


@given(st.lists(KEYS, max_size=30))
def test_whatever_happens_the_cursor_is_on_a_shown_run(events: list[Event]) -> None:
    fleet = folded(events)
    assert (fleet.cursor in fleet.shown) if fleet.shown else fleet.cursor is None
    assert set(fleet.shown) <= set(fleet.order) == set(fleet.reads) == set(fleet.statuses)
    assert fleet.marks <= set(fleet.reads)


def test_records_are_not_needed_to_have_a_spec() -> None:
    fleet = a_fleet(Read("x", Records("x", "/x")))
    assert row_at(fleet, "x").summary.name == "x"


def test_until_all_are_read_the_newest_stands_on_top_with_the_cursor_whichever_was_read_first() -> None:
    pieces = [Arrived((named("b", created=2),), more=True), Arrived((named("c", created=1), named("d", created=4)))]
    fleet = folded(pieces)
    assert (fleet.shown, fleet.cursor) == (("d", "b", "c"), "d")
    assert folded([Arrived((named("e", created=5),))], fleet).cursor == "d"


def test_a_key_that_is_pressed_while_runs_are_read_keeps_the_cursor_where_it_put_it() -> None:
    first = Arrived((named("b", created=2), named("a", created=1)), more=True)
    fleet = folded([first, CursorMoved(1), Arrived((named("c", created=3),))])
    assert (fleet.shown, fleet.cursor) == (("c", "b", "a"), "a")
