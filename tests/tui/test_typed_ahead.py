"""Keys that come in one piece with the one that opens a window belong to the window, in their order."""

import asyncio
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.pilot import Pilot

from overnight.state.records import Exit, Outcome
from overnight.tui.app import OvernightApp
from overnight.tui.detail import Tab
from overnight.tui.keys import KEYS, OPENING, Keymap
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.launch import LaunchScreen
from overnight.tui.screens.question import QuestionScreen
from overnight.tui.screens.sort import CHOICES
from overnight.tui.typed_ahead import TypedAhead
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run, asked_of, burst, drive, shown, until
from tests.tui.test_terminal import INTERFACE, settle

DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)


def key(name: str) -> Key:
    return Key(name, name if len(name) == 1 else None)


def test_a_key_that_opens_a_window_is_a_binding() -> None:
    assert {each.id for each in KEYS} >= OPENING


def test_those_that_were_handed_out_come_before_those_that_were_not() -> None:
    ahead = TypedAhead(Keymap())
    assert ahead.opens(key("n"))
    assert ahead.opens(Key("question_mark", "?"))
    assert not ahead.opens(key("p"))
    for each in "cd":
        ahead.keep_new(key(each))
    for each in "ab":
        ahead.keep_handed_out(key(each))
    ahead.keep_new(Paste("e"))
    assert [each.text if isinstance(each, Paste) else each.key for each in ahead.release()] == ["a", "b", "c", "d", "e"]
    assert ahead.release() == []


def test_what_is_typed_right_behind_n_lands_in_the_launch_dialog(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            for _ in range(3):
                burst(app, "nprxsleep fq")
                await until(pilot, lambda: "prxsleep fq" in shown(app))
                assert isinstance(app.screen, LaunchScreen)
                await pilot.press("escape")
                assert isinstance(app.screen, FleetScreen)
            assert app.is_running
            assert asked_of(run) == []

        drive(home, act)


def test_in_whatever_pieces_they_come_their_order_stays(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    keys = "nabcdefghijklmnop"

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for size in (1, 3):
            for turns in (0, 2):
                for start in range(0, len(keys), size):
                    burst(app, keys[start : start + size])
                    for _ in range(turns):
                        await asyncio.sleep(0)
                await until(pilot, lambda: keys[1:] in shown(app))
                await pilot.press("escape")

    drive(home, act)


def test_a_question_is_answered_by_the_key_right_behind_it(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            burst(app, "xn")
            burst(app, "xy")
            await until(pilot, lambda: asked_of(run) == ["cancel"])
            assert not isinstance(app.screen, QuestionScreen)

        drive(home, act)


def test_where_no_window_comes_of_it_the_keys_do_what_they_do(home: Path) -> None:
    runs = [an_ended_run(home, name, DONE) for name in ("one", "two", "three")]

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(app.fleet.order) == 3)
        burst(app, "xjXj")
        await until(pilot, lambda: app.fleet.cursor == app.fleet.order[2])
        assert all(asked_of(run) == [] for run in runs)

    drive(home, act)


def test_in_a_real_terminal_a_pasted_looking_burst_launches_what_it_says(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl")
        settle(terminal)
        terminal.type("necho qxX\r")
        terminal.shows("is launched")
        terminal.shows("echo", "done")
        terminal.type("q")
        assert terminal.ends() == 0


@pytest.mark.parametrize("opens", ["n", ":", "/", "&"])
def test_what_is_pasted_right_behind_the_key_that_opens_a_field_stands_in_it(home: Path, opens: str) -> None:
    an_ended_run(home, "crawl", DONE)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        burst(app, f"{opens}a")
        app.post_message(Paste("echo x"))
        burst(app, "z")
        await until(pilot, lambda: "aecho xz" in shown(app), timeout=5)

    drive(home, act)


@pytest.mark.parametrize("opens", [":", "/", "&"])
def test_what_is_pasted_right_behind_the_key_that_closes_a_line_is_for_what_is_there_then(
    home: Path, opens: str
) -> None:
    an_ended_run(home, "crawl", DONE)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        burst(app, f"{opens}a\x1b")
        app.post_message(Paste("nowhere"))
        burst(app, "/")
        app.post_message(Paste("sought"))
        await until(pilot, lambda: " sought" in shown(app), timeout=5)
        assert "nowhere" not in shown(app)

    drive(home, act)


@pytest.mark.parametrize("keys", ["?\x1bj", "?qj", "E\x1bj", ":\x1bj", "n\x1bj", "nls\x1bj"])
def test_what_comes_behind_the_key_that_closes_a_window_is_for_the_list(home: Path, keys: str) -> None:
    runs = [an_ended_run(home, name, DONE) for name in ("one", "two", "three")]

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(app.fleet.order) == 3)
        burst(app, keys)
        await until(pilot, lambda: app.fleet.cursor == app.fleet.shown[1], timeout=5)
        assert len(app.screen_stack) == 1
        assert all(asked_of(run) == [] for run in runs)

    drive(home, act)


def test_a_window_that_is_closed_twice_closes_nothing_else_and_answers_once(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            burst(app, "s22")
            await until(pilot, lambda: app.fleet.sort.by is CHOICES[1] and app.fleet.tab is Tab.LOGS)
            burst(app, "xyy")
            await until(pilot, lambda: asked_of(run) == ["cancel"])
            assert len(app.screen_stack) == 1

        drive(home, act)
