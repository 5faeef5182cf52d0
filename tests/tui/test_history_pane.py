"""The History pane: its attempts, when requests were obeyed, and how long pauses lasted."""

from typing import Any

import pytest

from overnight.state.records import Attempt, Event, Exit, Outcome
from overnight.state.told import Told
from overnight.tui.card import card_lines
from overnight.tui.detail import Detail, Tab
from overnight.tui.event_list import told_line
from overnight.tui.event_words import clean_event, event_words
from overnight.tui.glyphs import UNICODE
from overnight.tui.model import Fleet
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.sequels import sequels_of
from overnight.tui.table import Style
from overnight.tui.view import row_of
from tests.builders import BOOT, T0, a_run, an_attempt


def event(name: str, ago: float, **detail: Any) -> Event:
    return Event(T0 - ago, name, None, None, detail)


def asked(verb: str, number: int, ago: float) -> Event:
    return Event(T0 - ago, "requested", None, "ann@host", {"number": number, "verb": verb})


def sequels(*history: Event, over: bool = False) -> list[str]:
    return [sequel for _, sequel in sequels_of(history, T0, over=over)]


def test_a_request_tells_when_it_was_obeyed_and_its_acknowledgement_is_told_with_it() -> None:
    pause, later = asked("pause", 1, 60), event("acknowledged", 57, number=1, verb="pause")
    assert sequels(pause, later) == ["obeyed after 3s"]
    assert sequels(pause, event("acknowledged", 59.8, number=1)) == ["obeyed at once"]
    # One whose request was lost stands by itself.
    assert sequels(event("acknowledged", 9, number=1)) == [""]


@pytest.mark.parametrize(
    ("history", "sequel"),
    [
        ([asked("pause", 1, 60)], "not obeyed yet"),
        ([asked("pause", 1, 60), event("frozen", 30, number=1)], "obeyed after 30s"),
        (
            [asked("pause", 1, 60), asked("resume", 2, 59), event("acknowledged", 58, number=2)],
            "overtaken by a later request",
        ),
        ([asked("resume", 1, 60), event("started", 55)], "obeyed after 5s"),
        ([asked("cancel", 1, 60), event("ended", 40)], "obeyed after 20s"),
        ([asked("restart", 1, 60), event("retrying", 50)], "obeyed after 10s"),
        ([asked("stacks", 1, 60)], ""),
        ([asked("\x07", 1, 60)], ""),
    ],
)
def test_what_followed_a_request(history: list[Event], sequel: str) -> None:
    assert sequels(*history)[0] == sequel


def test_nothing_is_awaited_of_a_run_that_is_over() -> None:
    assert sequels(asked("pause", 1, 60), event("paused", 50), over=True) == ["", ""]


def test_a_pause_tells_how_long_it_has_lasted() -> None:
    assert sequels(event("paused", 300), event("resumed", 60)) == ["for 4m00", ""]
    assert sequels(event("frozen", 300)) == ["for 5m so far"]
    assert sequels(event("paused", 300), event("ended", 180)) == ["for 2m00", ""]


KILLED = Attempt(1, 4200, 1, BOOT, T0 - 4200, T0 - 4080, None, "SIGKILL", 2_020 << 20, 96.0)
FAILED = Attempt(2, 4210, 1, BOOT, T0 - 4000, T0 - 3990, 3)
LIVING = an_attempt(attempt=3)
HISTORY = (event("created", 4201), asked("pause", 1, 60), event("acknowledged", 57, number=1), event("paused", 57))


def pane(frame: Frame, attempts: tuple[Attempt, ...], **run: Any) -> list[str]:
    row = row_of(a_run(attempt=attempts[-1], **run), T0)
    return [line.text for line in lines_of(Tab.HISTORY, row, Detail("", history=HISTORY, attempts=attempts), frame)]


def test_each_attempt_tells_when_it_began_what_it_took_and_how_it_ended() -> None:
    heading, first, second, third, *_ = pane(Frame(60, 30, UNICODE), (KILLED, FAILED, LIVING))
    assert heading.split() == ["#", "BEGAN", "TOOK", "CPU", "PEAK", "ENDED"]
    assert first.split()[2:] == ["2m00", "1m36", "2.0G", "SIGKILL"]
    assert second.split()[2:] == ["10s", "exit", "3"]
    assert third.split()[2:] == ["10m00", "works"]


def test_an_attempt_ended_for_the_reason_that_its_supervisor_gave() -> None:
    reason = "held 2.1G of memory, more than its limit of 2G"
    died = Event(T0 - 4080, "died", 1, None, {"signal": "SIGKILL", "reason": reason})
    detail = Detail("", history=(died,), attempts=(KILLED,))
    lines = [line.text for line in lines_of(Tab.HISTORY, row_of(a_run(), T0), detail, Frame(100, 30, UNICODE))]
    assert lines[1].endswith(reason)


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ({"restarts": 1, "delay": 0.812, "reason": "exit 1"}, "restart 1 without progress begins in 0.8s"),
        ({"restarts": 0, "delay": 0.0, "reason": "it stopped"}, "it stopped; the next attempt begins at once"),
        ({"restarts": 3, "delay": 75.0}, "restart 3 without progress begins in 1m15"),
        ({"restarts": "x", "reason": "exit code 1"}, "restarts x  exit code 1"),
    ],
)
def test_a_restart_is_told_in_words(detail: dict[str, Any], words: str) -> None:
    assert event_words(Event(T0, "retrying", 2, None, detail)) == f"attempt 2  {words}"


def test_of_an_attempt_whose_end_nobody_wrote_down_none_is_told() -> None:
    lines = pane(Frame(60, 30, UNICODE), (KILLED, LIVING), process_state=None, supervised=False)
    assert len(lines[2].split()) == 2


def test_one_attempt_takes_no_room_where_there_is_little() -> None:
    assert pane(Frame(80, 8, UNICODE), (LIVING,))[0].split()[1] == "created"
    assert pane(Frame(80, 8, UNICODE), (KILLED, LIVING))[0].split()[0] == "#"


@pytest.mark.parametrize("width", [40, 51, 80, 200])
@pytest.mark.parametrize("height", [8, 30])
def test_what_became_of_a_request_is_seen_however_narrow_the_pane(width: int, height: int) -> None:
    lines = pane(Frame(width, height, UNICODE), (KILLED, LIVING))
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert "obeyed after 3s" in text
    assert "for 57s so far" in text


DETAILS = ("number", "verb", "outcome", "restarts", "delay", "reason", "left", "item", "log")
KINDS = ("requested", "died", "retrying", "ended")


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, [[]], {"a": 1}, True, -1, ""])
def test_no_event_says_anything_that_cannot_be_told(value: object) -> None:
    raw = [event(kind, 9, **dict.fromkeys(DETAILS, value)) for kind in KINDS]
    detail, row = Detail("", history=tuple(map(clean_event, raw))), row_of(a_run(), T0)
    lines = lines_of(Tab.HISTORY, row, detail, Frame(80, 30, UNICODE))
    assert [line.text.split()[1] for line in lines if line.text[1].isdigit()] == list(KINDS)
    listed = [told_line(Fleet(now=T0), Told("a", each), 80, UNICODE, chosen=False) for each in detail.history]
    card = card_lines(a_run(), raw, T0, Style())
    for kind, told in zip(KINDS, listed, strict=True):
        assert kind in told.text
        assert any(f" {kind} " in each for each in card)


def test_the_card_says_the_same() -> None:
    lines = card_lines(a_run(), HISTORY, T0, Style())
    assert lines[-2].endswith("pause  by ann@host  obeyed after 3s")
    assert lines[-1].endswith("paused         for 57s so far")
    over = a_run(exit=Exit(Outcome.CANCELLED, ended_at=T0), supervised=False)
    assert card_lines(over, HISTORY, T0, Style())[-1].endswith("paused")


def test_where_all_of_it_has_room_no_end_is_cut() -> None:
    words = "its exit code is not known: all that watched it was killed"
    ends = KILLED._replace(exec_error=words), LIVING
    lines = pane(Frame(60, 9, UNICODE), ends)
    assert words in " ".join(" ".join(lines).split())
    assert "…" in "".join(pane(Frame(60, 5, UNICODE), ends))


def test_a_stall_is_told_with_how_long_it_lasted() -> None:
    history = (event("stalled", 960), event("recovered", 240), event("stalled", 60))
    assert sequels(*history) == ["for 12m00", "", "for 1m so far"]
