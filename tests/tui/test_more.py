"""Whoever sees a part of something is told how much of it is out of sight, and on which side."""

import time
from pathlib import Path

from textual.pilot import Pilot

from overnight.state import codec
from overnight.state.records import Event, Exit, Outcome
from overnight.state.rundir import RunDir
from overnight.tui.app import OvernightApp
from overnight.tui.glyphs import ASCII, UNICODE
from overnight.tui.lines import more_words
from tests.tui.driven import a_supervised_run, an_ended_run, drive, shown, until

DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)


def rule(app: OvernightApp) -> str:
    """The title of the pane."""
    return next(line for line in shown(app).splitlines() if "─ crawl ─" in line)


def write_history(run: RunDir, first: int, last: int) -> None:
    began = time.time() - 50
    lines = (codec.encode(Event(began + number, f"event-{number}", 1, None, {})) for number in range(first, last))
    with Path(run.history_path).open("ab") as file:
        file.write(b"".join(line.rstrip() + b"\n" for line in lines))


def test_words_say_how_many_lines_are_above_and_below() -> None:
    assert more_words(0, 0, UNICODE) == ""
    assert more_words(0, 12, UNICODE) == "▼ 12 more"
    assert more_words(3, 12, UNICODE) == "▲ 3 ▼ 12 more"
    assert more_words(3, 0, ASCII) == "^ 3 more"
    assert more_words(None, 0, UNICODE) == "▲ more"


def test_a_list_that_goes_on_says_so_beside_the_title_of_its_names(home: Path) -> None:
    for number in range(30):
        an_ended_run(home, f"run-{number}", DONE)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "AGENT  ▼ 18" in shown(app))
        await pilot.press("G")
        await until(pilot, lambda: "AGENT  ▲ 18" in shown(app))
        await pilot.press(*["k"] * 14)
        await until(pilot, lambda: "AGENT  ▲ 15 ▼ 3" in shown(app))

    drive(home, act)


def test_a_pane_says_how_much_of_it_is_out_of_sight(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("5", "enter")
        await until(pilot, lambda: "▼" in rule(app))
        hidden = int(rule(app).partition("▼ ")[2].split()[0])
        await pilot.press("j")
        await until(pilot, lambda: f"▲ 1 ▼ {hidden - 1} more" in rule(app))
        await pilot.press("G")
        await until(pilot, lambda: f"▲ {hidden} more" in rule(app))
        await pilot.press("m")
        await until(pilot, lambda: "more" not in rule(app))

    with a_supervised_run(home, "crawl"):
        drive(home, act)


def test_the_history_opens_at_its_newest_and_stays_there_until_it_is_scrolled_away(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("h")
        await until(pilot, lambda: "event-29" in shown(app) and "▲ 23 more" in rule(app))
        write_history(run, 30, 32)
        await until(pilot, lambda: "event-31" in shown(app))
        await pilot.press("enter", "k", "k")
        await until(pilot, lambda: "▲ 23 ▼ 2 more" in rule(app))
        write_history(run, 32, 34)
        await until(pilot, lambda: "▲ 23 ▼ 4 more" in rule(app))

    with a_supervised_run(home, "crawl") as run:
        write_history(run, 0, 30)
        drive(home, act)


def test_a_log_says_that_it_goes_on_and_no_number_while_it_is_followed(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("l")
        await until(pilot, lambda: "line 98" in shown(app) and "▲ more" in rule(app))
        await pilot.press("enter", "g")
        await until(pilot, lambda: "▼ 91 more" in rule(app))

    with a_supervised_run(home, "crawl") as run:
        Path(run.output_path).write_text("".join(f"line {number}\n" for number in range(99)))
        drive(home, act)


def test_the_list_of_events_says_how_many_are_out_of_sight(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("E")
        await until(pilot, lambda: "▲ 19 more" in shown(app))
        await pilot.press("g")
        await until(pilot, lambda: "▼ 19 more" in shown(app))

    with a_supervised_run(home, "crawl") as run:
        write_history(run, 0, 40)
        drive(home, act)
