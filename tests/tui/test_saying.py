"""What is said for some seconds hides nothing that is asked, comes once, and makes room for what is newer."""

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.tui.app import OvernightApp
from overnight.tui.screens.fleet import FleetScreen
from tests.tui.driven import a_supervised_run, drive, shown, until

LONG = "The request was not put on record: No space left on device: /var/lib/overnight/runs/crawl/control/000007.json"


def has(app: OvernightApp, words: str) -> bool:
    return words in shown(app)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("x", ("Cancel crawl?", "y cancel it    n esc let it go on")),
        ("n", ("New run", "no command yet", "enter Launch")),
        ("s", ("Sort by", "9 age")),
    ],
)
def test_nothing_that_a_window_asks_is_covered(home: Path, size: tuple[int, int], key: str, asked: tuple[str]) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        app.tell(LONG, "error")
        await pilot.press(key)
        app.tell(LONG.replace("crawl", "other"), "error")
        await until(pilot, lambda: "The request was not put on record" in shown(app))
        assert not [words for words in asked if words not in shown(app)], shown(app)

    with a_supervised_run(home, "crawl"):
        drive(home, act, size=size)


def test_the_newest_three_are_seen_and_no_text_twice(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for text in ("first", "second", "third", "third", "second", "fourth"):
            app.tell(f"This is the {text}.", "warning")
        await until(pilot, lambda: "the fourth" in shown(app))
        said = [line.split()[-1] for line in shown(app).splitlines() if "This is the" in line]
        assert said == ["third.", "second.", "fourth."]

    with a_supervised_run(home, "crawl"):
        drive(home, act)


def test_what_was_said_before_leaves_no_gap(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for number in range(4):
            app.tell(LONG.replace("000007", f"00000{number}"), "error")
            await until(pilot, partial(has, app, f"00000{number}.json"))
        await pilot.press("s", "escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen) and "000003.json" in shown(app))
        lines = [number for number, line in enumerate(shown(app).splitlines()) if ".json" in line]
        assert lines == [1, 3]
        assert "000002.json" in shown(app).splitlines()[1]

    with a_supervised_run(home, "crawl"):
        drive(home, act)


def test_of_long_texts_the_newest_is_said_whole(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for number in range(3):
            app.tell(LONG.replace("000007", f"00000{number}"), "error")
        await until(pilot, lambda: "000002.json" in shown(app))
        assert "000001.json" in shown(app)
        await pilot.press("x")
        await until(pilot, lambda: "Cancel crawl?" in shown(app) and "000002.json" in shown(app))

    with a_supervised_run(home, "crawl"):
        drive(home, act)


def test_what_is_newest_in_the_log_and_among_events_is_not_covered(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        Path(run.output_path).write_text("".join(f"line {number} of it\n" for number in range(99)))
        await pilot.press("l")
        await until(pilot, lambda: "line 98" in shown(app))
        app.tell(LONG, "error")
        await until(pilot, lambda: "The request was not" in shown(app))
        assert "line 98 of it" in shown(app)
        assert "crawl" in shown(app).splitlines()[2], "the run under the cursor"

    with a_supervised_run(home, "crawl") as run:
        drive(home, act)
