"""Each key does what the help says, to the run that it is meant for, and paints nothing by itself."""

import os
import signal
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from overnight.state.atomic import append_line
from overnight.state.codec import encode
from overnight.state.records import Exit, ItemError, Outcome, Progress
from overnight.state.status import Status
from overnight.tui.app import OvernightApp
from overnight.tui.detail import Tab
from overnight.tui.events import Mode
from overnight.tui.keys import KEYS, Key
from overnight.tui.model import Depth, Fleet
from overnight.tui.offers import offering_of, offers_of, words_of
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.help import HelpScreen
from overnight.tui.screens.palette import PaletteScreen
from overnight.tui.screens.question import QuestionScreen
from overnight.tui.start import farewell
from overnight.tui.themes import THEMES
from tests.builders import T0
from tests.command import launched, when_ended
from tests.stories.scenes import agent, assert_whole, processed, record, when_processed
from tests.tui.driven import a_supervised_run, an_ended_run, asked_of, drive, shown, until

pytestmark = pytest.mark.leaves_no_process

FAILED = Exit(Outcome.FAILED, 1, attempts=1, reason="exit code 1", started_at=1.0, ended_at=2.0)


def depth_of(app: OvernightApp) -> Depth:
    return app.fleet.depth


def tab_of(app: OvernightApp) -> Tab:
    return app.fleet.tab


def test_p_asks_for_a_pause_and_shows_it_as_pausing_until_it_is_obeyed(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("p")
            await until(pilot, lambda: asked_of(run) == ["pause"])
            await until(pilot, lambda: app.fleet.statuses[run.id] is Status.PAUSING)
            await until(pilot, lambda: "pausing" in shown(app))
            run.write(
                run.progress_path,
                Progress(processed_items=40, total_items=100, status="paused", acknowledged=1, attempt=1),  # type: ignore[arg-type]
            )
            await until(pilot, lambda: app.fleet.statuses[run.id] is Status.PAUSED)
            await pilot.press("p")
            await until(pilot, lambda: asked_of(run) == ["pause", "resume"])

        drive(home, act)


def test_cancel_asks_first_and_only_y_says_yes(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        Path(run.checkpoint_log_path).write_text("")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            for no in ("enter", "n", "escape"):
                await pilot.press("x")
                assert isinstance(app.screen, QuestionScreen)
                assert "Cancel crawl?" in shown(app)
                assert "Last checkpoint" in shown(app)
                await pilot.press("enter")
                assert isinstance(app.screen, QuestionScreen), "Enter does nothing"
                await pilot.press(no if no != "enter" else "n")
                assert isinstance(app.screen, FleetScreen)
            assert asked_of(run) == []
            await pilot.press("x", "y")
            await until(pilot, lambda: asked_of(run) == ["cancel"])
            await pilot.press("X", "y")
            await until(pilot, lambda: asked_of(run) == ["cancel", "kill"])

        drive(home, act)


def test_what_has_no_checkpoint_says_so_before_it_is_killed(home: Path) -> None:
    with a_supervised_run(home, "crawl"):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("X")
            assert "It has no checkpoint: 1m of work would be lost" in shown(app)

        drive(home, act)


def test_a_key_acts_on_all_marked_runs(home: Path) -> None:
    with (
        a_supervised_run(home, "one") as one,
        a_supervised_run(home, "two") as two,
        a_supervised_run(home, "x") as rest,
    ):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 3)
            await pilot.press("slash", *"one", "enter", "space", "slash", *"two", "enter", "space")
            assert app.fleet.marks == {one.id, two.id}
            await pilot.press("x")
            assert "Cancel 2 runs?" in shown(app)
            await pilot.press("y")
            await until(pilot, lambda: asked_of(one) == asked_of(two) == ["cancel"])
            assert asked_of(rest) == []
            assert app.fleet.marks == frozenset()

        drive(home, act)


def test_what_many_marked_runs_refuse_is_told_once(home: Path) -> None:
    for number in range(5):
        an_ended_run(home, f"done-{number}", Exit(Outcome.COMPLETED, 0, started_at=1.0, ended_at=2.0))

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(app.fleet.order) == 5)
        await pilot.press("asterisk", "r")
        await until(pilot, lambda: "5 runs refused to start again:" in shown(app))
        assert "(and 4 more)" in shown(app)
        assert len(app._notifications) == 1

    drive(home, act)


def test_what_cannot_be_done_is_said_and_nothing_is_asked(home: Path) -> None:
    run = an_ended_run(home, "train", FAILED)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "there is nothing to cancel" in shown(app))
        await pilot.press("p")
        await until(pilot, lambda: "r starts it again" in shown(app))
        assert asked_of(run) == []

    drive(home, act)


def test_moving_opening_and_going_back(home: Path) -> None:
    for number in range(3):
        an_ended_run(home, f"run{number}", FAILED)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        order = app.fleet.order
        for keys, index in (
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("G", 2),
            ("up", 1),
            ("g", 0),
            ("ctrl+d", 2),
            ("ctrl+u", 0),
        ):
            await pilot.press(keys)
            assert app.fleet.cursor == order[index], keys
        await pilot.press("enter")
        assert depth_of(app) is Depth.ENTERED
        await pilot.press("j")
        assert app.fleet.cursor == order[0], "inside of the pane, keys move the pane"
        await pilot.press("escape", "escape")
        assert depth_of(app) is Depth.LIST
        await pilot.press("escape")
        assert app.is_running, "esc never leaves"
        await pilot.press("enter")
        assert depth_of(app) is Depth.OPEN

    drive(home, act)


def test_panes_by_number_letter_and_tab(home: Path) -> None:
    an_ended_run(home, "run", FAILED)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        named = {"1": Tab.PROGRESS, "2": Tab.LOGS, "3": Tab.ERRORS, "4": Tab.HISTORY, "5": Tab.CONFIG}
        named |= {"l": Tab.LOGS, "e": Tab.ERRORS, "h": Tab.HISTORY}
        for key, tab in named.items():
            await pilot.press(key)
            assert tab_of(app) is tab
        await pilot.press("tab")
        assert tab_of(app) is Tab.CONFIG
        await pilot.press("tab")
        assert tab_of(app) is Tab.PROGRESS
        await pilot.press("shift+tab")
        assert tab_of(app) is Tab.CONFIG
        await until(pilot, lambda: "python agent.py" in shown(app))
        await pilot.press("w", "m")
        assert {Mode.WRAP, Mode.MAXIMISED} <= app.fleet.modes
        await pilot.press("m")
        assert Mode.MAXIMISED not in app.fleet.modes

    drive(home, act)


def test_the_log_is_followed_until_somebody_scrolls_back_and_again_when_asked(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        log = Path(run.output_path)
        log.write_text("".join(f"line {number}\n" for number in range(100)))

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l")
            await until(pilot, lambda: "line 99" in shown(app))
            with log.open("a") as file:
                file.write("line 100\n")
            await until(pilot, lambda: "line 100" in shown(app))
            await pilot.press("enter", "g")
            await until(pilot, lambda: " line 0" in shown(app))
            assert app.fleet.reading.at is not None, "it follows no more"
            with log.open("a") as file:
                file.write("line 101\n")
            await until(pilot, lambda: app.fleet.detail and "line 101" in app.fleet.detail.log)
            assert " line 0" in shown(app)
            await pilot.press("F")
            await until(pilot, lambda: "line 101" in shown(app))

        drive(home, act)


def test_in_the_log_the_cursor_goes_to_any_line_and_what_is_not_loaded_is(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        Path(run.output_path).write_text("".join(f"line {number}\n" for number in range(50_000)))

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l", "m")
            await until(pilot, lambda: "line 49999" in shown(app))
            await pilot.press(*["ctrl+u"] * 20)
            await until(pilot, lambda: " line 49439\n" in shown(app))
            await pilot.press("g")
            await until(pilot, lambda: " line 0\n" in shown(app))
            await pilot.press("j", "j")
            assert app.fleet.reading.at == len("line 0\nline 1\n")
            await pilot.press(*["ctrl+d"] * 20)
            await until(pilot, lambda: " line 562\n" in shown(app))
            await pilot.press("G")
            await until(pilot, lambda: "line 49999" in shown(app))
            assert app.fleet.reading.at is None
            os.truncate(run.output_path, 0)
            await until(pilot, lambda: "It has printed nothing so far" in shown(app))

        drive(home, act, size=(80, 60))


def test_a_long_line_is_scrolled_through_before_the_next_one(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        words = " ".join(f"word{number}" for number in range(400))
        Path(run.output_path).write_text(f"first\n{words}\nlast\n")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l", "m", "w", "g")
            await until(pilot, lambda: " first\n" in shown(app))
            await pilot.press("j")
            assert "word0" in shown(app)
            while "word399" not in shown(app):
                await pilot.press("j")
                assert app.fleet.reading.at == len("first\n")
            await pilot.press("j")
            assert app.fleet.reading.at is None
            await pilot.press("k", "k")
            await until(pilot, lambda: app.fleet.reading.at == len("first\n"))

        drive(home, act)


def test_in_the_log_a_text_is_found_across_the_whole_of_it(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        lines = [f"line {number}" for number in range(200_000)]
        for number in (7, 100_000, 199_990):
            lines[number] += " Needle [/x]"
        Path(run.output_path).write_text("\n".join(lines) + "\n")
        at = {number: sum(len(line) + 1 for line in lines[:number]) for number in (7, 100_000, 199_990)}

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            async def finds(number: int) -> None:
                await until(pilot, lambda: app.fleet.reading.at == at[number])
                await until(pilot, lambda: f"line {number} Needle [/x]" in shown(app))

            await pilot.press("l", "m")
            await until(pilot, lambda: "line 199999" in shown(app))
            await pilot.press("slash", *"needle [/", "enter")
            await finds(199_990)
            for key, number in (("n", 7), ("n", 100_000), ("N", 7), ("N", 199_990)):
                await pilot.press(key)
                await finds(number)
            assert app.fleet.sought == "", "among the runs nothing is looked for"
            await pilot.press("slash", *"Needles", "enter")
            await until(pilot, lambda: "'Needles' is nowhere in the log" in shown(app))
            await pilot.press("slash", *"x", "escape")
            assert app.fleet.reading.sought == "Needles"
            assert depth_of(app) is Depth.ENTERED

        drive(home, act)


def test_a_search_of_a_huge_log_says_how_far_it_is_and_esc_ends_it(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        with open(run.output_path, "wb") as file:
            file.write(b"first\n")
            # Of which nothing is on the disk: it is one line end after the other terabyte.
            file.seek(4 << 40)
            file.write(b"\nlast\n")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l", "m")
            await until(pilot, lambda: " last" in shown(app))
            await pilot.press("slash", *"nowhere", "enter")
            await until(pilot, lambda: app.fleet.reading.share > 0)
            await until(pilot, lambda: "looking for 'nowhere': 0%" in shown(app))
            await pilot.press("escape")
            await until(pilot, lambda: "looking for" not in shown(app))
            assert app.fleet.reading.search is None
            assert depth_of(app) is Depth.ENTERED
            await pilot.press("slash", *"last", "enter")
            await until(pilot, lambda: app.fleet.reading.search is None)
            assert not app.fleet.reading.missed

        drive(home, act)


def test_errors_are_grouped_with_their_count_and_traceback(home: Path) -> None:
    with a_supervised_run(home, "index") as run:
        for number in range(3):
            error = ItemError(time.time(), 1, f"src/{number}.py", "SyntaxError", "invalid [/x]", "Traceback:\n  boom\n")
            append_line(run.errors_path, encode(error))

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("e")
            await until(pilot, lambda: "SyntaxError  3 items" in shown(app))
            for text in ("invalid [/x]", "src/2.py", "boom"):
                assert text in shown(app)

        drive(home, act)


def test_find_marks_and_only_trouble(home: Path) -> None:
    with a_supervised_run(home, "fine"):
        an_ended_run(home, "bad", FAILED)

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            await pilot.press("slash", *"bad")
            assert app.fleet.cursor is not None
            assert app.fleet.cursor.startswith("bad")
            await pilot.press("escape")
            assert app.fleet.sought == ""
            await pilot.press("G", "slash", *"bare", "enter")
            await until(pilot, lambda: "No run that is shown has 'bare'" in shown(app))
            assert app.fleet.cursor == app.fleet.shown[-1]
            await pilot.press("escape", "f")
            assert len(app.fleet.shown) == 1
            await pilot.press("f", "asterisk")
            assert len(app.fleet.marks) == 2
            await pilot.press("asterisk")
            assert not app.fleet.marks
            await pilot.press("g", "space", "G", "v")
            assert len(app.fleet.marks) == 2

        drive(home, act)


def test_ctrl_c_explains_the_first_time_and_leaves_the_second(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "the agents go on" in shown(app))
        await pilot.press("ctrl+c")

    assert drive(home, act).return_code == 130


def test_q_leaves_with_zero_and_says_what_goes_on(home: Path) -> None:
    with a_supervised_run(home, "crawl"):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("q")

        app = drive(home, act)
        assert app.return_code == 0
        assert farewell(app.fleet).startswith("1 run goes on. `overnight` opens the list again")


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        ([Status.RUNNING, Status.QUEUED, Status.COMPLETED], "2 runs go on. "),
        ([Status.RUNNING, Status.PAUSED, Status.FROZEN], "1 run goes on, 2 stay paused. "),
        ([Status.RUNNING, Status.RUNNING, Status.PAUSED], "2 runs go on, 1 stays paused. "),
        ([Status.PAUSED, Status.FROZEN], "2 runs stay paused. "),
        ([Status.PAUSED], "1 run stays paused. "),
        ([Status.FAILED], "Nothing runs. "),
    ],
)
def test_what_is_paused_is_not_said_to_go_on(statuses: list[Status], words: str) -> None:
    named = {str(number): status for number, status in enumerate(statuses)}
    assert farewell(Fleet(T0, order=tuple(named), statuses=named)).startswith(words)


def test_the_help_shows_every_key_whole_and_keys_have_ids(home: Path) -> None:
    assert len({key.id for key in KEYS}) == len(KEYS)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        signs = shown(app).split()
        for key in KEYS:
            assert set(key.shown.split()) <= set(signs), key.id
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)

    for size in ((80, 24), (120, 40)):
        drive(home, act, size=size)


def test_a_key_that_is_looked_for_in_the_help_does_what_it_does(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("question_mark", "slash", *"cancel")
            assert "j ↓" not in shown(app)
            await pilot.press("enter")
            await until(pilot, lambda: "Cancel crawl?" in shown(app))
            await pilot.press("n", "question_mark", "slash", *"nothing does this")
            assert "No key does that." in shown(app)
            await pilot.press("enter")
            assert "j ↓" in shown(app), "it is back at all keys"
            await pilot.press("escape")
            assert isinstance(app.screen, FleetScreen)
            assert asked_of(run) == []

        drive(home, act)


NAMES = {"?": "question_mark", "/": "slash", "*": "asterisk", ":": "colon", "&": "ampersand"}
SOME_KEYS = [key for key in KEYS if key.id != "suspend"]
"""Without the one that would stop the tests themselves; it is tried in a pty."""


@pytest.mark.parametrize("key", SOME_KEYS, ids=lambda key: key.id)
def test_no_key_fails_over_an_empty_fleet(home: Path, key: Key) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for each in key.keys.split(","):
            await pilot.press(NAMES.get(each, each))

    drive(home, act)


def test_the_palette_knows_every_action_and_closes_without_one(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("colon")
        assert isinstance(app.screen, PaletteScreen)
        offered = {words_of(offer) for offer in offers_of(offering_of(app.fleet, tuple(THEMES)), "")}
        assert offered >= {
            "Light colours",
            "Only trouble",
            *(key.words.capitalize() for key in KEYS if key.id == "sort"),
        }
        await pilot.press("escape")
        assert isinstance(app.screen, FleetScreen)

    drive(home, act)


INTERRUPTED = Exit(Outcome.INTERRUPTED, None, "SIGTERM", 1)


def test_runs_that_were_cut_off_are_offered_at_the_start_and_when_there_are_more(home: Path) -> None:
    an_ended_run(home, "crawl", INTERRUPTED)
    an_ended_run(home, "train", FAILED)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "1 run was interrupted: press I to resume it." in shown(app))
        assert "I Resume 1" in shown(app)
        an_ended_run(home, "index", INTERRUPTED)
        await until(pilot, lambda: "2 runs were interrupted: press I to resume them." in shown(app))

    drive(home, act)


def test_one_press_resumes_all_that_were_cut_off_from_their_checkpoints_and_nothing_else(home: Path) -> None:
    cut_off = [launched("--name", name, "--", *agent("durable", 40, 0.02)) for name in ("one", "two")]
    with a_supervised_run(home, "paused") as other:
        failed, cancelled = an_ended_run(home, "failed", FAILED), an_ended_run(home, "no", Exit(Outcome.CANCELLED))
        for run in cut_off:
            when_processed(run, 2)
            os.kill(record(run, "supervisor.json")["pid"], signal.SIGTERM)
            assert when_ended(run)["status"] == "interrupted"
        done = [processed(run) for run in cut_off]

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: "2 runs were interrupted" in shown(app))
            await pilot.press("space", "I")
            assert len(app.fleet.marks) == 1
            await until(pilot, lambda: all(record(run, "attempts/0002.json") for run in cut_off))
            await until(pilot, lambda: [app.fleet.statuses[run] for run in cut_off] == [Status.COMPLETED] * 2)
            await pilot.press("I")
            await until(pilot, lambda: "No run was interrupted." in shown(app))
            assert asked_of(other) == asked_of(failed) == asked_of(cancelled) == []

        drive(home, act)
        for run, before in zip(cut_off, done, strict=True):
            assert record(run, "progress.json")["resumed_items"] >= before
            assert_whole(run, 40)


def test_a_new_size_that_is_told_when_all_is_closed_draws_nothing(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        screens.append(app.screen)

    screens: list[Screen[object]] = []
    drive(home, act)
    assert isinstance(screens[0], FleetScreen)
    screens[0]._draw_fitted()


def test_an_empty_fleet_teaches(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "overnight demo" in shown(app))
        assert "overnight run -- COMMAND" in shown(app)
        assert "they go on" in shown(app)

    drive(home, act)


def test_below_60_by_15_one_line_has_the_counts(home: Path) -> None:
    an_ended_run(home, "bad", FAILED)
    for size in ((59, 24), (80, 14)):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            lines = [line for line in shown(app).splitlines() if line]
            assert len(lines) == 1
            assert "✖ 1" in lines[0]
            assert "needs 60x15" in lines[0]

        drive(home, act, size=size)


def test_a_run_that_appears_or_vanishes_shows_without_a_key(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        with a_supervised_run(home, "late") as run:
            await until(pilot, lambda: run.id in app.fleet.order)
            assert "late" in shown(app)

    drive(home, act)
