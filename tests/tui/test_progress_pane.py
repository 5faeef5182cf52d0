"""The Progress pane: how far, how fast, how alive, how safe, what it uses; and how a run came to its end."""

from collections.abc import Callable
from typing import Any

import pytest

from overnight.state.kept import Kept, KeptBreaker, KeptLimit
from overnight.state.queue import Cause, Stand
from overnight.state.records import (
    Estimate,
    Event,
    Exit,
    Handle,
    InHand,
    ItemError,
    Outcome,
    Request,
    SupervisorState,
    Verb,
    Waiting,
)
from overnight.state.status import Status
from overnight.state.waits import EXPECTED
from overnight.tui.bars import Sample
from overnight.tui.card import card_lines
from overnight.tui.detail import Detail, Tab
from overnight.tui.errorgroups import groups_of
from overnight.tui.glyphs import ASCII, UNICODE
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.postmortem import Found
from overnight.tui.resources import Resources
from overnight.tui.safety import repeat_words
from overnight.tui.table import Style
from overnight.tui.view import row_of
from overnight.tui.why import why
from tests.builders import STARTED, T0, a_run, a_spec, a_supervisor, an_attempt, heartbeat, progress, requests

SHORT, BESIDE, WIDE = Frame(80, 8, UNICODE), Frame(51, 36, UNICODE), Frame(110, 44, UNICODE)
FRAMES = (SHORT, BESIDE, WIDE)
USES = Resources(97, 188 << 20, True, 21, 4, 1)


def pane(detail: Detail | None = None, frame: Frame = WIDE, **run: Any) -> list[str]:
    row = row_of(a_run(**run), T0)
    return [line.text for line in lines_of(Tab.PROGRESS, row, detail or Detail(""), frame)]


def said(label: str, lines: list[str]) -> str:
    """What stands beside a label; "" = it is not there."""
    return next((line[12:].strip() for line in lines if line.startswith(f" {label} ")), "")


# -- how safe


@pytest.mark.parametrize(
    ("in_hand", "age", "words"),
    [
        (("a",), 2, "a resume repeats at most the item in hand"),
        (("a",), 40, "a resume repeats at most the item in hand, about 40s of work"),
        (tuple("abcdefgh"), 2, "a resume repeats at most the 8 items in hand"),
        (None, 40, "a resume repeats about 40s of work"),
        # Between two items.
        ((), 40, "a resume repeats about 40s of work"),
        (None, 2, ""),
    ],
)
def test_what_a_resume_would_cost_comes_from_what_is_on_record(
    in_hand: tuple[str, ...] | None, age: float, words: str
) -> None:
    assert repeat_words(row_of(a_run(), T0), T0 - age, in_hand) == words


def test_work_behind_a_checkpoint_of_an_earlier_attempt_is_counted_from_this_one() -> None:
    row = row_of(a_run(attempt=an_attempt(started_at=T0 - 30)), T0)
    assert repeat_words(row, T0 - 5000, None) == "a resume repeats about 30s of work"


def test_a_plain_command_begins_anew_and_one_that_went_on_by_itself_is_believed() -> None:
    assert repeat_words(row_of(a_run(progress=None), T0), None, None) == "a resume runs its command from the beginning"
    assert repeat_words(row_of(a_run(progress=progress(resumed_items=9)), T0), None, None) == ""


def test_nothing_is_said_of_what_is_not_known() -> None:
    lines = pane(Detail(""), progress=progress(estimate=None, active_seconds=None), heartbeat=None)
    assert not any("None" in line or "unknown" in line for line in lines)
    assert [said(each, lines) for each in ("beat", "memory", "usd", "breaker")] == [""] * 4


# -- how alive


def test_the_beat_says_what_the_agent_handles_itself() -> None:
    both = heartbeat(handles=frozenset({Handle.PAUSE, Handle.STOP, Handle.STACKS}))
    assert said("beat", pane(heartbeat=both)) == "1s ago; handles pause and stop"
    assert said("beat", pane(heartbeat=heartbeat())) == "1s ago; a pause freezes it"
    assert said("beat", pane(heartbeat=both._replace(pid=4250))) == "1s ago, pid 4250; handles pause and stop"


def test_the_range_of_the_end_is_told_in_words() -> None:
    lines = pane(progress=progress(estimate=Estimate(2100, 2460, 2820), resumed_items=20, failed_items=3))
    assert " ends in 35m to 47m, in 4 of 5 cases" in lines
    assert " 20 resumed, 3 failed" in lines


# -- what it uses


def budget(used: float, most: float, on: str = "pause") -> list[str]:
    kept = Kept(limits=(KeptLimit("usd", most, on),))
    return pane(Detail("", kept=kept), progress=progress(counters={"tokens": 1_310_000, "usd": used}))


def test_a_counter_with_a_limit_says_how_much_of_it_is_used_and_what_follows() -> None:
    lines = budget(3.71, 5.0)
    assert said("usd", lines).startswith("3.71 of 5  ██")
    assert said("usd", lines).endswith("74%, then pause")
    assert said("tokens", lines) == "1 310 000"


def limited(seconds: float, **run: Any) -> list[str]:
    told = Detail("", history=(Event(STARTED, "started", 1),))
    return pane(told, spec=a_spec(time_limit=seconds), **run)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (12, " its time limit ends it in 12s, before it is done"),
        (700, " its time limit ends it in 11m40, maybe before it is done"),
        (3600, ""),
    ],
)
def test_a_time_limit_that_comes_before_the_end_is_told_of(left: float, words: str) -> None:
    told = progress(estimate=Estimate(240, 360, 900))
    found = [each for each in limited(600 + left, progress=told) if "time limit ends" in each]
    assert found == ([words] if words else [])
    card = card_lines(
        a_run(progress=told, spec=a_spec(time_limit=600 + left)), [Event(STARTED, "started", 1)], T0, Style()
    )
    assert any(words.strip() in each for each in card if each.startswith("  limit ")) == bool(words)


def test_a_time_limit_counts_work_alone_and_is_told_of_where_no_end_is_known() -> None:
    history = (Event(STARTED, "started", 1), Event(T0 - 300, "paused", 1), Event(T0 - 100, "resumed", 1))
    lines = pane(Detail("", history=history), spec=a_spec(time_limit=420), progress=None)
    assert " its time limit ends it in 20s if it is not done by then" in lines


def test_a_budget_that_is_used_up_before_the_end_is_told_of() -> None:
    # 40 of 100 items have used three quarters of it.
    assert budget_told(3.75) == [" its budget of 5 usd ends at about 53 of 100, before it is done"]
    assert budget_told(1.9) == budget_told(5.0) == budget_told(0.0) == []


def budget_told(used: float) -> list[str]:
    return [each for each in budget(used, 5.0) if "its budget" in each]


# -- what it waits for


def test_a_wait_is_told_once_and_counts_down() -> None:
    run: dict[str, Any] = {
        "heartbeat": heartbeat(waiting=Waiting("the quota opens at six", T0 + 372)),
        "progress": progress(message="the quota opens at six"),
    }
    for frame in FRAMES:
        told = [each for each in pane(frame=frame, **run) if "the quota" in each]
        assert told == [" waits: the quota opens at six, 6m12 more"]
    card = card_lines(a_run(**run), (), T0, Style())
    assert [each for each in card if "the quota" in each] == ["  waits      the quota opens at six, 6m12 more"]


def test_an_item_that_is_expected_to_take_long_is_no_wait() -> None:
    told = pane(heartbeat=heartbeat(waiting=Waiting(f"{EXPECTED}5m00", T0 + 240)))
    assert " expected to take up to 5m00, 4m00 more" in told


def drawn(*samples: Sample) -> list[str]:
    row = row_of(a_run(), T0)._replace(samples=samples)
    return [line.text for line in lines_of(Tab.PROGRESS, row, Detail(""), WIDE)]


def test_a_median_of_nothing_is_no_rate() -> None:
    moved = (Sample(T0 - 400, 0), *(Sample(T0 - each, 40) for each in range(390, 0, -10)))
    assert "p50" not in said("rate", drawn(*moved))
    assert "p50 1.0/s" in said("rate", drawn(*(Sample(T0 - each, 400 - each) for each in range(400, 0, -10))))


def test_a_total_that_grows_is_told_of() -> None:
    grown = [Sample(T0 - 720 + each, each, 300 + 2 * each) for each in range(0, 257, 16)]
    assert said("total", drawn(*grown)) == "has grown from 300 to 812 in 4m"
    assert said("total", drawn(*(each._replace(total=300) for each in grown))) == ""
    assert said("total", drawn(*(each._replace(total=None) for each in grown))) == ""


# -- limits


def test_a_limit_that_is_passed_by_far_is_told() -> None:
    assert said("usd", budget(5.0, 5e-324)).endswith("9999%, then pause")
    kept = Kept(limits=(KeptLimit("usd", 5e-324, "pause"),))
    card = card_lines(a_run(progress=progress(counters={"usd": 5.0})), (), T0, Style(), kept=kept)
    assert any("(9999%, then pause)" in each for each in card)


def test_a_limit_of_nothing_is_none() -> None:
    lines = pane(Detail("", resources=USES), spec=a_spec(memory_limit=0))
    assert said("memory", lines) == "188M"


def test_a_limit_that_is_near_stands_out() -> None:
    def roles(used: float) -> set[str]:
        row = row_of(a_run(progress=progress(counters={"usd": used})), T0)
        detail = Detail("", kept=Kept(limits=(KeptLimit("usd", 5.0, "fail"),)))
        lines = lines_of(Tab.PROGRESS, row, detail, WIDE)
        return {role for line in lines if " usd" in line.text for _, role in line.spans}

    assert "warn" in roles(4.6)
    assert "warn" not in roles(3.0)


def test_the_time_of_a_budget_is_that_of_all_attempts() -> None:
    kept = Kept(limits=(KeptLimit("time", 7200.0, "fail"),), active_seconds=3600.0)
    assert said("time", pane(Detail("", kept=kept))).startswith("1h00 of 2h00")


def test_breakers_say_since_when_nobody_calls() -> None:
    kept = Kept((KeptBreaker("model", 10, T0 - 12), KeptBreaker("db", 2, None), KeptBreaker("web", 0, None)))
    lines = [line[12:] for line in pane(Detail("", kept=kept)) if "breaker" in line]
    assert lines == [
        "model failed 10 times in a row; since 12s nobody calls it",
        "db failed 2 times in a row",
        "web works",
    ]


def test_a_queued_run_says_what_it_waits_for_and_when_it_may_begin() -> None:
    queued = a_run(attempt=None, progress=None, heartbeat=None, supervisor=a_supervisor(state=SupervisorState.WAITING))
    row = row_of(queued, T0, Stand(Cause.AFTER, others=("load-1",), outcomes=(None,)))._replace(begins_at=T0 + 7200)
    lines = [each.text for each in lines_of(Tab.PROGRESS, row._replace(awaited=Status.PAUSED), Detail(""), WIDE)]
    assert " it waits for load-1, which is paused; it may begin in 2h00" in lines
    hopeless = row._replace(stand=Stand(Cause.AFTER, others=("load-1",), outcomes=(Outcome.FAILED,)))
    text = " ".join(each.text for each in lines_of(Tab.PROGRESS, hopeless, Detail(""), WIDE))
    assert "it waits for load-1, which failed" in text
    assert "`overnight retry load-1` does it again" in text


def test_what_its_processes_use_stands_beside_its_limits() -> None:
    limited = a_spec(memory_limit=2 << 30, on_memory="restart", time_limit=7200.0)
    lines = pane(Detail("", resources=USES), spec=limited)
    assert said("processor", lines) == "97%"
    assert said("memory", lines).startswith("188M of 2G  █")
    assert said("memory", lines).endswith("9%, then restart")
    assert said("processes", lines) == "4 threads, 21 open files, 1 child"
    assert said("time limit", lines) == "2h at work, then it fails"
    alone = pane(Detail("", resources=Resources(None, 9 << 20, False, 1, 1, 0)))
    assert said("memory", alone) == "9.0M resident"
    assert said("processes", alone) == "1 thread, 1 open file"


def test_in_a_short_pane_as_much_as_fits_stands_beside_each_other() -> None:
    kept = Kept(limits=(KeptLimit("usd", 5.0, "pause"),))
    detail = Detail("", resources=USES, kept=kept, checkpoint_at=T0 - 2, in_hand=("a",))
    lines = pane(detail, SHORT, progress=progress(counters={"usd": 3.71}))
    assert lines[1].strip() == "rate 4/m  beat 1s ago  checkpoint 2s ago"
    assert lines[2].strip() == "cpu 97%  memory 188M  a resume repeats at most the item in hand  usd 3.71 of 5"


# -- how it ended

OVER = Exit(Outcome.FAILED, 1, None, 2, "exit code 1", None, T0 - 2340, T0 - 540, worked=900)
DIED = Event(T0 - 540, "died", 2, None, {"code": 1, "item": "shards/7", "log": ["boom"]})
ERRORS = groups_of(
    [ItemError(T0, 1, each, "OSError", "no such file") for each in "xyz"] + [ItemError(T0, 1, "y", "KeyError")]
)
FOUND = Detail("", death=DIED, checkpoint_at=T0 - 544, errors=ERRORS, log=("one", "two", "boom"))


def ended(outcome: Outcome = Outcome.FAILED, **exit_: Any) -> dict[str, Any]:
    record = OVER._replace(outcome=outcome, **exit_)
    return {"exit": record, "supervised": False, "process_state": None, "heartbeat": None}


def test_a_failed_run_says_how_it_ended_what_is_safe_and_what_is_next() -> None:
    lines = pane(FOUND._replace(in_hand=("shards/8",)), **ended())
    assert lines[0] == " ✖ FAILED  worked 15m00"
    assert said("how", lines) == "exit code 1, 9m ago"
    assert said("last item", lines) == "shards/8"
    assert said("safe", lines) == "checkpoint 4s before its end; a retry repeats the item in hand"
    assert said("most often", lines) == "OSError, 3 items: no such file"
    assert said("next", lines) == "r starts it again from its checkpoint"
    assert lines[-3:] == [" one", " two", " boom"]


def test_in_a_short_pane_the_same_and_the_last_words() -> None:
    lines = pane(FOUND, SHORT, **ended())
    assert lines[0] == " ✖ FAILED  exit code 1, 9m ago, worked 15m00"
    assert said("last item", lines) == "shards/7"
    assert said("got to", lines) == "40%  40 / 100"
    assert lines[-1] == " boom"
    assert len(lines) == SHORT.height


def test_where_there_is_little_room_what_can_be_done_comes_first() -> None:
    lines = pane(FOUND, Frame(60, 5, UNICODE), **ended())
    assert said("next", lines[:2]) == "r starts it again from its checkpoint"


def test_of_many_items_in_hand_a_few_are_named() -> None:
    lines = pane(FOUND._replace(in_hand=tuple("abcde")), **ended())
    assert said("last item", lines) == "a, b, c and 2 more"
    assert said("safe", lines).endswith("a retry repeats the 5 items in hand")


CANCELLED = ended(Outcome.CANCELLED, code=0, reason=None)
INTERRUPTED = ended(Outcome.INTERRUPTED, signal="SIGTERM", reason=None)
LOST: dict[str, Any] = {"supervised": False, "process_state": None}


@pytest.mark.parametrize(
    ("run", "word", "how", "next_"),
    [
        (ended(out_of_memory=True, reason="SIGKILL"), "FAILED", "want of memory", "r starts it again"),
        (ended(limit="time", reason="ran longer than its limit of 2h"), "FAILED", "its limit of 2h", "r starts"),
        (CANCELLED, "cancelled", "ann@here asked it to cancel 9m ago", "r starts it again"),
        (INTERRUPTED, "INTERRUPTED", "it was stopped, 9m ago", "p continues it"),
        (LOST, "LOST", "nobody was left to write down how it ended", "p continues it"),
    ],
)
def test_each_end_has_its_cause_in_the_words_of_why(run: dict[str, Any], word: str, how: str, next_: str) -> None:
    if word == "cancelled":
        run = {**run, "requests": (Request(1, Verb.CANCEL, by="ann@here", at=T0 - 541),)}
    lines = pane(FOUND, Frame(200, 40, UNICODE), **run)
    assert lines[0].split()[1] == word
    assert how in said("how", lines)
    assert said("next", lines).startswith(next_)
    assert said("how", lines) in why(a_run(**run), (), T0).reason
    assert sum(line.startswith(" safe ") for line in lines) == 1


def test_who_keeps_a_place_of_its_own_is_not_said_to_begin_anew() -> None:
    run = {**ended(), "heartbeat": heartbeat(handles=frozenset({Handle.STOP}))}
    lines = pane(FOUND._replace(checkpoint_at=None), **run)
    assert said("next", lines) == "r starts it again from its checkpoint"
    assert not any(line.startswith(" safe ") for line in lines)
    assert "continues it from its checkpoint" in why(a_run(**run), (), T0).remedy


def test_without_a_checkpoint_none_is_promised() -> None:
    lines = pane(FOUND._replace(checkpoint_at=None), **ended())
    assert said("next", lines) == "r starts it again"
    assert said("safe", lines) == "no checkpoint: a retry runs its command from the beginning"


def test_a_run_that_is_done_with_failed_items_says_what_does_them_again() -> None:
    done = {**ended(Outcome.COMPLETED, code=0, reason=None), "progress": progress(failed_items=2, processed_items=100)}
    assert any(
        "2 items failed; `overnight retry crawl-a1b2c3 --errors` does them again" in each for each in pane(**done)
    )


def test_the_card_tells_the_same_and_its_last_message_once() -> None:
    run = a_run(**ended(), progress=progress(message="out of shards"))
    found = Found(DIED, ("shards/8",), T0 - 544, ERRORS)
    card = card_lines(run, (), T0, Style(), None, found)
    assert "  last item  shards/8" in card
    assert "  safe       checkpoint 4s before its end; a retry repeats the item in hand" in card
    assert "  most often OSError, 3 items: no such file" in card
    assert [line for line in card if "out of shards" in line] == ["  it said    out of shards"]


# -- the room


UNKNOWN = "its exit code is not known: all that watched it was killed"


@pytest.mark.parametrize(
    ("run", "words"),
    [(LOST, "nobody was left to write down how it ended"), (ended(code=None, reason=UNKNOWN), UNKNOWN)],
)
def test_an_explanation_is_whole_where_lines_below_it_are_free(run: dict[str, Any], words: str) -> None:
    for width in (60, 80):
        lines = pane(Detail(""), Frame(width, 8, UNICODE), **run)
        assert words in " ".join(" ".join(lines).split())
        assert "…" not in "".join(lines)
        assert max(len(line) for line in lines) <= width


def test_where_lines_are_scarce_each_thing_is_said_in_part() -> None:
    lines = pane(FOUND, Frame(50, 6, UNICODE), **ended(reason="x " * 200))
    assert len(lines) == 6
    assert lines[0].endswith("…")


def test_what_a_run_waits_for_is_whole_where_lines_are_free() -> None:
    words = "waits for a word that takes more than one line of a pane, as each of these words takes its place in it"
    lines = pane(Detail(""), Frame(60, 8, UNICODE), progress=progress(message=words))
    assert words in " ".join(" ".join(lines).split())


def everything(**changes: Any) -> tuple[Detail, dict[str, Any]]:
    long = "x" * 300
    kept = Kept((KeptBreaker(long, 3, T0 - 5),), (KeptLimit(long, 5.0, "pause"), KeptLimit("usd", 5.0, long)))
    run = {
        "progress": progress(current_item=long, message=long, counters={long: 4.9, "usd": 1e300}, unit="u" * 20),
        "spec": a_spec(memory_limit=1 << 40, time_limit=1e6),
        **changes,
    }
    uses = Resources(6400, 900 << 30, False, 99_999, 88_888, 77)
    return FOUND._replace(kept=kept, resources=uses, in_hand=(long,) * 9, log=(long,) * 50), run


@pytest.mark.parametrize(
    "frame", [*FRAMES, Frame(60, 6, ASCII), Frame(40, 30, ASCII)], ids=lambda frame: f"{frame.width}x{frame.height}"
)
@pytest.mark.parametrize(
    "over", [dict, ended, lambda: LOST, lambda: CANCELLED], ids=["at work", "failed", "lost", "cancelled"]
)
def test_nothing_is_wider_than_the_pane(frame: Frame, over: Callable[[], dict[str, Any]]) -> None:
    detail, run = everything(**over())
    assert max(len(line) for line in pane(detail, frame, **run)) <= frame.width


def test_what_is_drawn_for_an_ascii_terminal_is_ascii() -> None:
    for over in ({}, ended(), LOST):
        detail, run = everything(**over)
        assert all(line.isascii() for line in pane(detail, Frame(80, 40, ASCII), **run))


def test_a_stop_from_outside_is_told_with_its_time_and_the_key_that_ends_it() -> None:
    lines = pane(process_state="T", supervisor=a_supervisor(stopped_at=T0 - 250))
    assert lines[0] == " = FROZEN  frozen 4m"
    assert lines[1] == " a signal from outside of overnight has stopped its process 4m ago"
    assert lines[2] == " p lets it go on, or `kill -CONT 4242`"
    asked = pane(process_state="T", requests=requests(Verb.PAUSE))
    assert "outside" not in "\n".join(asked)


def test_of_several_items_in_hand_the_oldest_is_told_first_and_for_how_long() -> None:
    hands = (InHand("25", T0 - 250, 4300), InHand("29", T0 - 9), InHand("30", T0 - 8))
    said = pane(progress=progress(current_item="25", in_hand=hands))
    assert " item: 25, in hand for 4m; beside it 29, 30" in said
    short = pane(progress=progress(current_item="29", in_hand=hands[1:]))
    assert " item: 29; beside it 30" in short, "what changes each second would be drawn each second"


def test_a_loop_that_only_prints_is_told_so() -> None:
    detail = Detail("", printed_at=T0 - 1)
    said = pane(detail, spec=a_spec(stall=10), heartbeat=None, progress=None, progress_changed_at=None)
    assert any("it prints, but reports no progress" in each for each in said)
