"""What is kept of a death, as it is shown: in `show`, `why`, for a program, and in the pane of errors."""

import json

import pytest

from overnight.state.records import Event, Exit, Outcome
from overnight.tui.detail import Detail, Tab
from overnight.tui.event_words import clean_event
from overnight.tui.evidence import death_of
from overnight.tui.glyphs import UNICODE
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.view import row_of
from tests.builders import T0, a_run
from tests.command import launched, overnight, when_ended

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

DIES = r"""printf '\033]0;owned\007no such model\n\n' >&2; test $OVERNIGHT_ATTEMPT = 3 || exit 4"""


def test_the_last_words_of_a_run_that_failed_are_shown_wherever_one_looks() -> None:
    run = launched("--retries", "1", "--", "sh", "-c", DIES)
    when_ended(run)
    shown = overnight("show", run).stdout
    assert "\n  the last it printed:\n    no such model\n" in shown
    assert "\x1b" not in shown
    history = overnight("history", run).stdout
    assert "died" in history
    assert "no such model" not in history, "a line for each event"
    assert "; the last it printed was: no such model." in overnight("why", run).stdout
    died = json.loads(overnight("show", "--json", run).stdout)["died"]
    assert (died["event"], died["attempt"], died["detail"]["code"]) == ("died", 2, 4)
    assert died["detail"]["log"] == ["\x1b]0;owned\x07no such model", ""]


def test_of_a_run_that_got_over_it_nothing_is_told_but_the_event() -> None:
    run = launched("--retries", "2", "--", "sh", "-c", DIES)
    assert when_ended(run)["status"] == "completed"
    assert "the last it printed" not in overnight("show", run).stdout
    shown = json.loads(overnight("show", "--json", run).stdout)
    assert shown["died"] is None
    assert [each["detail"]["log"][1] for each in shown["history"] if each["event"] == "died"] == ["", ""]


def test_the_pane_of_errors_shows_it_behind_the_errors() -> None:
    died = Event(T0, "died", 1, detail={"code": 1, "log": ["Traceback", "\x1b[2JValueError: x"], "stacks": ["File a"]})
    failed = row_of(a_run(exit=Exit(Outcome.FAILED, 1, reason="exit code 1"), process_state=None), T0)
    death = death_of([clean_event(died)])
    lines = [line.text for line in lines_of(Tab.ERRORS, failed, Detail("", death=death), Frame(80, 24, UNICODE))]
    assert lines[-7:] == [
        "",
        " the last it printed:",
        "   Traceback",
        "   ValueError: x",
        "",
        " its stacks, as it last showed them:",
        "   File a",
    ]
