"""The least size that is promised is enough: what is asked, the answers, and what is wrong are seen in every window."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.state.records import Exit, Outcome
from overnight.tui.app import OvernightApp
from overnight.tui.keys import SECTIONS
from overnight.tui.lines import line
from overnight.tui.screens.question import QuestionScreen
from tests.tui.driven import a_supervised_run, an_ended_run, drive, shown, until

SHORT, LONG = [(60, 15), (80, 24)], [(72, 18), (80, 20), (120, 40), (250, 70)]
SIZES = [*SHORT, *(pytest.param(size, marks=pytest.mark.long) for size in LONG)]
DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)
every_size = pytest.mark.parametrize("size", SIZES, ids=["x".join(map(str, size)) for size in (*SHORT, *LONG)])


@every_size
def test_a_launch_says_what_is_wrong_below_what_was_launched_lately(home: Path, size: tuple[int, int]) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("n", *"nosuch", "enter")
        await until(pilot, lambda: "command not found: nosuch" in shown(app))
        assert "Check the spelling" in shown(app)
        assert "esc Back" in shown(app)
        assert "program-11" in shown(app)
        await pilot.press(*["down"] * 12)
        await until(pilot, lambda: "▌ digest" in shown(app))
        assert "retries" in shown(app)

    for number in range(12):
        with a_supervised_run(home, f"run-{number}", command=(f"program-{number}",)) as run:
            run.write(run.exit_path, DONE)
    drive(home, act, size=size)


@every_size
@pytest.mark.parametrize("key", ["x", "X"])
def test_a_question_about_many_scrolls_and_its_answers_stay(home: Path, size: tuple[int, int], key: str) -> None:
    with ExitStack() as stack:
        for number in range(8):
            stack.enter_context(a_supervised_run(home, f"crawl-{number}"))
        an_ended_run(home, "over", DONE)

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 9)
            await pilot.press("asterisk", key)
            seen = ""
            for _ in range(20):
                await pilot.pause()
                assert "let them go on" in shown(app)
                seen += shown(app)
                await pilot.press("j")
            for words in ("8 runs?", "1 other is left", "8 without a checkpoint", "would be lost", "and 3 more"):
                assert words in seen
            assert "…" not in "\n".join(row for row in seen.splitlines() if "│" in row)

        drive(home, act, size=size)


@every_size
def test_every_section_of_the_help_can_be_reached_and_a_key_looked_for(home: Path, size: tuple[int, int]) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        seen = set()
        for _ in range(60):
            await pilot.pause()
            seen |= {
                words for words in (*SECTIONS, "everything by name", "resume all interrupted") if words in shown(app)
            }
            assert "Find a key" in shown(app)
            await pilot.press("j")
        assert seen == {*SECTIONS, "everything by name", "resume all interrupted"}
        await pilot.press("g")
        await until(pilot, lambda: "j ↓ k ↑" in shown(app))
        assert ("▼" in shown(app)) is (size < (80, 24))
        await pilot.press("G")
        await until(pilot, lambda: "▼" not in shown(app))
        assert "leave" in shown(app)
        await pilot.press("slash", *"suspend")
        await until(pilot, lambda: "shell; fg comes back" in shown(app))
        assert all(
            row.startswith(("╭", "│", "╰")) or "╭" not in shown(app).splitlines()[0] for row in shown(app).split("\n")
        )

    drive(home, act, size=size)


def test_a_long_word_in_a_question_is_not_cut(home: Path) -> None:
    name = "a-name-that-nobody-would-give-to-anything-but-a-test-" * 3

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        app.open(QuestionScreen((line(f"Cancel {name}?"),), line("y n"), app.glyphs))
        await until(pilot, lambda: "y n" in shown(app))
        said = "".join(row.strip(" │") for row in shown(app).splitlines() if row.count("│") == 2)
        assert name in said

    drive(home, act, size=(60, 15))


def test_a_long_name_leaves_room_for_what_the_launch_again_is(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("R")
        await until(pilot, lambda: "a-name-that-…ut-for-test again, changed: a new run" in shown(app))

    with a_supervised_run(home, "a-name-that-nobody-would-give-to-anything-but-for-test"):
        drive(home, act, size=(60, 15))


@every_size
def test_the_sort_menu_and_the_palette_are_whole(home: Path, size: tuple[int, int]) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "9 age" in shown(app))
        assert "Sort by" in shown(app)
        await pilot.press("escape", "colon")
        await until(pilot, lambda: "a verb and a run" in shown(app))
        await until(pilot, lambda: "▼" in shown(app) and "╰" in shown(app))
        await pilot.press("up")
        await until(pilot, lambda: "▲" in shown(app) and "▼" not in shown(app))

    with a_supervised_run(home, "crawl"):
        drive(home, act, size=size)
