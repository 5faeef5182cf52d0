"""What a key asks of many marked runs: it shows how far it has come, can be stopped, and sums up in one notice."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot

from overnight.state import groups
from overnight.state.records import Exit, Outcome, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status
from overnight.tui import steering
from overnight.tui.app import OvernightApp
from overnight.tui.bulk import Bulk, progress_words, summary_words, with_answer
from overnight.tui.events import Asking, Event
from overnight.tui.footer import footer
from overnight.tui.glyphs import UNICODE
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.question import QuestionScreen
from overnight.tui.steering import adopted_words
from tests.tui.driven import a_supervised_run, an_ended_run, asked_of, drive, shown, until

DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)


def test_one_notice_says_how_many_were_asked_and_why_others_were_not() -> None:
    bulk = Bulk(Verb.CANCEL, 4)
    assert progress_words(bulk) == "asked 0 of 4 to cancel"
    for refusal in (None, "b is completed", None):
        bulk = with_answer(bulk, refusal)
    assert progress_words(bulk) == "asked 3 of 4 to cancel"
    assert summary_words(with_answer(bulk, None)) == "3 runs asked to cancel; 1 refused: b is completed."
    assert summary_words(with_answer(bulk, "c is lost")) == (
        "2 runs asked to cancel; 2 refused: b is completed (and 1 more)."
    )
    assert summary_words(bulk._replace(stopped=True)) == (
        "2 runs asked to cancel; 1 refused: b is completed; stopped before the other 1."
    )
    assert summary_words(Bulk("retry", 2, 0, 2, "a is running")) == (
        "2 runs refused to start again: a is running (and 1 more)."
    )


def test_one_that_lost_its_supervisor_is_spoken_of_as_one_and_many_as_many() -> None:
    assert adopted_words(1) == "1 run had lost its supervisor and got a new one."
    assert adopted_words(2) == "2 runs had lost their supervisors and got new ones."


@pytest.mark.parametrize(("verb", "words"), [("kill", "end at once"), ("stacks", "show stacks"), ("resume", "go on")])
def test_what_runs_are_asked_to_do_is_said_as_a_person_says_it(verb: str, words: str) -> None:
    assert summary_words(Bulk(verb, 3, 3)) == f"3 runs asked to {words}."


def test_many_are_asked_and_one_notice_sums_up(home: Path) -> None:
    with ExitStack() as stack:
        runs = [stack.enter_context(a_supervised_run(home, f"crawl-{number}")) for number in range(25)]

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 25)
            await pilot.press("asterisk", "p")
            await until(pilot, lambda: "25 runs asked to pause." in shown(app))
            assert [asked_of(run) for run in runs] == [["pause"]] * 25
            assert len(app._notifications) == 1
            assert app.fleet.bulk is None
            assert not app.fleet.marks

        drive(home, act)


def test_how_far_it_has_come_stands_below_and_esc_stops_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "AT_ONCE", 1)
    with ExitStack() as stack:
        runs = [stack.enter_context(a_supervised_run(home, f"crawl-{number}")) for number in range(120)]

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 120)
            change, seen = app.change, list[str]()

            def changing(*happened: Event) -> None:
                """What is seen at the third; then the key is pressed."""
                change(*happened)
                if not seen and any(event == Asking(Bulk(Verb.PAUSE, 120, 3)) for event in happened):
                    seen.append(footer(app.fleet, 80, UNICODE).text)
                    app.post_message(Key("escape", None))

            monkeypatch.setattr(app, "change", changing)
            await pilot.press("asterisk", "p")
            await until(pilot, lambda: "stopped before the other" in shown(app))
            asked = sum(bool(asked_of(run)) for run in runs)
            assert 0 < asked < 120
            assert f"{asked} run" in shown(app)
            assert app.fleet.bulk is None
            assert seen == [" asked 3 of 120 to pause   esc Stop"]

        drive(home, act)


def test_the_question_for_many_sums_up_and_says_which_are_left_as_they_are(home: Path) -> None:
    for number in range(2):
        an_ended_run(home, f"done-{number}", DONE)
    with ExitStack() as stack:
        runs = [stack.enter_context(a_supervised_run(home, f"crawl-{number}")) for number in range(7)]
        for run in runs[:3]:
            Path(run.checkpoint_log_path).write_text("")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 9)
            await pilot.press("asterisk", "x")
            question = shown(app)
            assert "Cancel 7 runs?" in question
            assert "2 others are left as they are: 2 completed." in question
            assert "4 without a checkpoint: 4m of work would be lost." in question
            assert "3 with one, the oldest" in question
            assert "no checkpoint: 1m of work" in question
            assert "and 2 more" in question
            await pilot.press("n")
            assert isinstance(app.screen, FleetScreen)
            assert len(app.fleet.marks) == 9, "nothing was asked: they are still marked"
            await pilot.press("X", "y")
            await until(pilot, lambda: all(asked_of(run) == ["kill"] for run in runs))

        drive(home, act)


def shut(run: RunDir) -> None:
    """Nobody is let into the folder of its attempts, whoever it is."""
    os.rename(run.attempts_path, f"{run.path}/aside")
    os.symlink(run.attempts_path, run.attempts_path)


def test_a_run_that_cannot_be_looked_into_refuses_and_hurts_no_other(home: Path) -> None:
    with ExitStack() as stack:
        runs = [stack.enter_context(a_supervised_run(home, f"crawl-{number}")) for number in range(3)]
        shut(runs[1])

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 3)
            await pilot.press("asterisk", "p")
            await until(pilot, lambda: "2 runs asked to pause; 1 refused" in shown(app))
            assert "symbolic links" in shown(app)
            assert [asked_of(run) for run in runs] == [["pause"], [], ["pause"]]
            assert app.fleet.bulk is None

        drive(home, act)


def test_one_that_cannot_be_looked_into_says_why(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        shut(run)

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: "symbolic links" in notified(app))

        drive(home, act)


def notified(app: OvernightApp) -> str:
    return " ".join(each.message for each in app._notifications)


def test_what_goes_wrong_with_a_group_is_said(home: Path) -> None:
    Path(groups.lock_path_of(str(home))).mkdir()
    with a_supervised_run(home, "crawl"):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            for keys in ("colon", *"pause", "space", *"group", "space", *"default", "enter"):
                await pilot.press(keys)
            await until(pilot, lambda: "queue.lock: Is a directory" in notified(app))

        drive(home, act)


def test_where_none_of_many_can_be_asked_that_is_said_once(home: Path) -> None:
    for number in range(3):
        an_ended_run(home, f"done-{number}", DONE)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: list(app.fleet.statuses.values()) == [Status.COMPLETED] * 3)
        await pilot.press("asterisk", "x")
        await until(pilot, lambda: "None of the 3 runs can be asked to cancel" in shown(app))
        assert not isinstance(app.screen, QuestionScreen)
        assert len(app._notifications) == 1

    drive(home, act)
