"""`overnight ls --watch`: the plain list, drawn again as it changes, without the interface."""

import signal
import subprocess
from pathlib import Path

import pytest

from overnight.state.records import Exit, Outcome
from overnight.tui.screenful import fitted
from tests.cli.records import an_ended_run
from tests.command import OVERNIGHT, launched, overnight
from tests.terminal import a_terminal
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_it_is_drawn_in_its_place_as_runs_come_change_and_go(home: Path) -> None:
    with a_terminal([OVERNIGHT, "ls", "--watch"]) as terminal:
        terminal.shows("No runs.")
        run = launched("--name", "crawl", "--", "sleep", "600")
        assert "No runs." not in terminal.shows("crawl", "running")
        assert overnight("kill", run, "--timeout", "30").returncode == 0
        terminal.shows("cancelled")
        assert terminal.text().count(run) == 1
        assert overnight("rm", run).returncode == 0
        terminal.shows("No runs.")
        terminal.type("\x03")
        assert terminal.ends() == 130
        terminal.shows("Runs go on")
    assert b"\x1b[?1049h" not in terminal.raw, "what it showed stays on the screen"


def test_of_a_group_only_its_runs_are_drawn_those_too_that_come_to_it(home: Path) -> None:
    an_ended_run(home, "other")
    with a_terminal([OVERNIGHT, "ls", "--watch", "--group", "night"]) as terminal:
        terminal.shows("No runs.")
        an_ended_run(home, "first", group="night")
        assert "other" not in terminal.shows("first")


def test_where_nothing_is_drawn_over_the_list_is_printed_again_when_it_has_changed(home: Path) -> None:
    run = an_ended_run(home)
    said = home.parent / "said"
    with said.open("wb") as out, subprocess.Popen([OVERNIGHT, "ls", "--watch"], stdout=out) as watching:
        eventually(lambda: "done" in said.read_text())
        run.write(run.exit_path, Exit(Outcome.FAILED, 1, ended_at=1.0))
        eventually(lambda: "FAILED" in said.read_text())
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 130
    assert "\x1b" not in said.read_text()


def test_it_ends_with_its_reader(home: Path) -> None:
    an_ended_run(home)
    done = subprocess.run(
        ["sh", "-c", f"{OVERNIGHT} ls --watch | head -n 1"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith("STATE")


def test_what_one_screen_cannot_hold_says_how_much_is_left_out() -> None:
    lines = ["title", *map(str, range(50))]
    assert fitted(lines, 60) == lines
    kept = fitted(lines, 10)
    assert len(kept) == 9, "one line is left for the cursor"
    assert kept[0] == "title"
    assert kept[1].startswith("43 more above")
    assert kept[2:] == [str(number) for number in range(43, 50)]


def test_a_program_is_told_what_follows_for_it() -> None:
    done = overnight("ls", "--watch", "--json")
    assert done.returncode == 2
    assert "events -f --json" in done.stderr
