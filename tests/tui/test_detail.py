"""What the panes and `overnight show` and `errors` make of item errors and events."""

from typing import Any

import pytest

from overnight.state.records import Event, Exit, ItemError, Outcome, Restart
from overnight.tui.card import card_lines
from overnight.tui.detail import Detail, Tab
from overnight.tui.errorgroups import groups_of
from overnight.tui.event_words import clean_event, source_words
from overnight.tui.glyphs import UNICODE
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.postmortem import often_words
from overnight.tui.table import Style
from overnight.tui.view import row_of
from tests.builders import T0, a_run, a_spec

FRAME = Frame(80, 24, UNICODE)


def shown(tab: Tab, detail: Detail, **run: Any) -> str:
    return "\n".join(line.text for line in lines_of(tab, row_of(a_run(**run), T0), detail, FRAME))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ItemError(item="x"), "x"),
        (ItemError(item="x", outcome="failed"), "x"),
        (ItemError(item="x", tries=3), "x  (3 tries)"),
        (ItemError(item="x", outcome="ended the attempt"), "x  (ended the attempt)"),
        (ItemError(item="x", tries=3, outcome="killed the process"), "x  (3 tries, killed the process)"),
        (ItemError(outcome="ended the attempt"), "(ended the attempt)"),
        (ItemError(item="\x1b[2Jx", outcome="\x1b[2J[/x]"), "x  ([/x])"),
        (ItemError(), ""),
    ],
)
def test_tries_and_outcome_are_told_where_they_say_more_than_that_it_failed(error: ItemError, text: str) -> None:
    (group,) = groups_of([error])
    assert group.items == (text,)


def test_of_any_number_of_errors_a_group_keeps_the_count_the_times_and_the_newest() -> None:
    def many() -> Any:
        for number in range(10_000):
            yield ItemError(T0 + number, item=str(number), type=f"E{number % 2}", message=f"at {number}")

    even, odd = sorted(groups_of(many()), key=lambda group: group.kind)
    assert (even.seen, even.first_at, even.last_at) == (5000, T0, T0 + 9998)
    assert odd.items == ("9999", "9997", "9995", "9993", "9991")
    assert odd.message == "at 9999"


def test_an_item_that_failed_in_several_attempts_is_one_item() -> None:
    again = [ItemError(T0 + number, number, item, "KeyError") for number, item in enumerate(("a", "b", "a"))]
    (group,) = groups_of(again)
    assert (group.seen, group.failed_items, group.items) == (3, 2, ("a  (failed 2 times)", "b"))
    assert often_words([group]) == "KeyError, 2 items, 3 failures"
    assert often_words(groups_of(again[1:])) == "KeyError, 2 items"
    assert groups_of([ItemError(T0)] * 3)[0].failed_items == 3, "which ones is not known"


def test_the_newest_traceback_is_kept_though_the_newest_error_has_none() -> None:
    (group,) = groups_of([ItemError(traceback="old"), ItemError(traceback="new\nline"), ItemError()])
    assert group.traceback == ("new", "line")


def test_the_pane_says_when_it_does_not_show_all_errors() -> None:
    groups = groups_of(ItemError(T0, item=f"x{number}", type="OSError", tries=2) for number in range(641))
    pane = shown(Tab.ERRORS, Detail("", errors=groups, errors_are_whole=False), errors=10_000)
    assert "the newest 641 of 10 000; all: overnight errors crawl-a1b2c3" in pane
    assert "x640  (2 tries)" in pane
    assert "newest" not in shown(Tab.ERRORS, Detail("", errors=groups), errors=641)


def test_errors_that_are_all_too_long_to_be_shown_are_not_called_none() -> None:
    pane = shown(Tab.ERRORS, Detail("", errors_are_whole=False), errors=1)
    assert "the newest 0 of 1" in pane
    assert "No item has failed" not in pane


def source_changed(**detail: list[str]) -> Event:
    return Event(T0 - 9, "source_changed", 2, detail={"changed": [], "added": [], "removed": [], **detail})


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (source_changed(changed=["a.py"]), "the agent's source changed: a.py"),
        (
            source_changed(changed=["a.py"], added=["b.py"], removed=["c.py"]),
            "the agent's source changed: a.py, b.py (new), c.py (gone)",
        ),
        (source_changed(changed=list("vwxyz")), "the agent's source changed: v, w, x and 2 more"),
        (source_changed(), "the agent's source changed"),
        (Event(T0, "source_changed"), "the agent's source changed"),
        (Event(T0, "source_changed", detail={"changed": 3}), "the agent's source changed"),
        (source_changed(changed=["\x1b[2Ja.py"]), "the agent's source changed: a.py"),
        (Event(T0, "started", 1), None),
    ],
)
def test_a_change_of_the_source_is_told_in_words(event: Event, words: str | None) -> None:
    assert source_words(clean_event(event)) == words


def test_the_history_tells_of_it_in_the_pane_and_on_the_card() -> None:
    event = source_changed(changed=["a.py"])
    words = "the agent's source changed: a.py"
    pane = shown(Tab.HISTORY, Detail("", history=(clean_event(event),)))
    assert f"source       attempt 2  {words}" in pane
    card = card_lines(a_run(), [event], T0, Style())
    assert card[-1].endswith(f"source         attempt 2  {words}")


def test_a_request_is_told_with_its_options() -> None:
    asked = {"number": 3, "verb": "resume", "errors": True}
    for detail, words in ((asked, "resume  errors"), ({**asked, "retry": True}, "retry  errors")):
        event = Event(T0 - 9, "requested", None, "ann@host", detail)
        assert f" {words}  by ann@host" in shown(Tab.HISTORY, Detail("", history=(clean_event(event),)))
        assert f" {words}  by ann@host" in card_lines(a_run(), [event], T0, Style())[-1]


def test_the_card_calls_nothing_remaining_of_what_is_over() -> None:
    over = a_run(exit=Exit(Outcome.COMPLETED, 0, started_at=T0 - 60, ended_at=T0), supervised=False)
    assert "  time       took 1m" in card_lines(over, [], T0, Style())


def test_restarts_have_a_bound_where_there_are_any() -> None:
    never, always = a_spec(restart=Restart.NEVER), a_spec(restart=Restart.ALWAYS, retries=5)
    assert "restart       never\n" in shown(Tab.CONFIG, Detail(""), spec=never)
    assert "restart       always, at most 5 without progress\n" in shown(Tab.CONFIG, Detail(""), spec=always)
