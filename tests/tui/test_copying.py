"""What y copies and o opens, and what they say where they cannot."""

import base64
import os
import stat
import sys
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.tui.app import OvernightApp
from overnight.tui.copying import MOST, NAME
from overnight.tui.logfile import whole_line
from overnight.tui.pager import command_for, find_pager
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run, drive, shown, until
from tests.tui.test_terminal import DONE, INTERFACE

pytestmark = pytest.mark.leaves_no_process


def test_in_the_list_the_id_is_copied_or_those_of_all_marked_runs(home: Path) -> None:
    with a_supervised_run(home, "one") as one, a_supervised_run(home, "two") as two:
        copied = home / NAME

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            await pilot.press("y")
            await until(pilot, lambda: copied.exists() and copied.read_text() == f"{app.fleet.cursor}\n")
            await until(pilot, lambda: app.clipboard == app.fleet.cursor)
            await until(pilot, lambda: f"Copied {app.fleet.cursor}" in shown(app))
            assert stat.S_IMODE(copied.stat().st_mode) == 0o600
            await pilot.press("asterisk", "y")
            await until(pilot, lambda: set(copied.read_text().split()) == {one.id, two.id})

        drive(home, act, size=(120, 40))


def test_of_a_folder_whose_name_is_no_text_what_is_shown_is_copied(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        os.rename(run.path, os.fsencode(home / "runs") + b"/a\xff\x1b[2Jz")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("y")
            await until(pilot, lambda: (home / NAME).exists() and (home / NAME).read_text() == "a\ufffdz\n")
            await until(pilot, lambda: app.clipboard == "a\ufffdz")

        drive(home, act)


def test_in_the_log_the_whole_line_is_copied_clean_though_it_is_shown_in_pieces(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        short, long = "\x1b[31mshort\x1b[0m \x1b]52;c;AAAA\x07line", "x" * 50_000 + "漢"
        Path(run.output_path).write_text(f"{short}\n{long}\n{'y' * MOST}z\n")
        copied = home / NAME

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l", "m", "g")
            await until(pilot, lambda: "short line" in shown(app))
            await pilot.press("y")
            await until(pilot, lambda: app.clipboard == "short line")
            await pilot.press("j", "j", "j", "y")
            await until(pilot, lambda: app.clipboard == long)
            assert copied.read_text() == f"{long}\n"
            await pilot.press("G", "y")
            await until(pilot, lambda: copied.read_text() == "y" * MOST + "z\n")
            await until(pilot, lambda: "too much" in shown(app))
            assert app.clipboard == long, "nothing of it is given to the terminal"

        drive(home, act)


def test_a_home_that_cannot_be_written_is_told_and_nothing_ends(home: Path) -> None:
    with a_supervised_run(home, "crawl"):
        (home / NAME).mkdir()

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("y")
            await until(pilot, lambda: "OVERNIGHT_HOME" in shown(app))

        drive(home, act)


def test_of_a_line_that_is_gone_nothing_is_copied(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run:
        Path(run.output_path).write_text("one line\n")
        (home / NAME).write_text("copied before")

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("l", "m")
            await until(pilot, lambda: "one line" in shown(app))
            os.truncate(run.output_path, 0)
            await pilot.press("y")
            await until(pilot, lambda: "line is gone" in shown(app) or "no line to copy" in shown(app))
            assert (home / NAME).read_text() == "copied before"

        drive(home, act)


def test_a_line_is_found_by_any_byte_of_it(tmp_path: Path) -> None:
    assert whole_line(str(tmp_path / "none"), 3) is None
    (tmp_path / "log").write_text("ab\ncd")
    assert whole_line(str(tmp_path / "log"), 4) == "cd"
    assert whole_line(str(tmp_path / "log"), 1) == "ab"
    assert whole_line(str(tmp_path / "log"), 99) is None


def test_the_clipboard_of_the_terminal_gets_the_text_and_nothing_else(home: Path) -> None:
    run = an_ended_run(home, "crawl", DONE)
    Path(run.output_path).write_text("\x1b]52;c;ZXZpbA==\x07[/x] é\n")
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl", "done")
        terminal.type("lm")
        terminal.shows("[/x] é", "y Copy")
        terminal.type("y")
        terminal.shows("Copied the line")
        told = base64.b64encode("[/x] é".encode())
        assert terminal.raw.count(b"\x1b]52;") == 1
        assert b"\x1b]52;c;" + told + b"\x07" in terminal.raw


PAGER = """
import signal, sys
print("PAGER SHOWS", open(sys.argv[-1]).read(), flush=True)
signal.signal(signal.SIGINT, lambda *_: print("PAGER HEARS", flush=True))
sys.stdin.readline()
"""


def test_the_pager_has_the_terminal_until_it_is_left(home: Path, tmp_path: Path) -> None:
    run = an_ended_run(home, "crawl", DONE)
    Path(run.output_path).write_text("what it printed\n")
    program = tmp_path / "pager.py"
    program.write_text(PAGER)
    with a_terminal(["env", f"PAGER='{sys.executable}' '{program}'", *INTERFACE]) as terminal:
        terminal.shows("crawl", "done")
        terminal.type("o")
        terminal.shows("PAGER SHOWS what it printed")
        terminal.type("\x03")
        terminal.shows("PAGER HEARS")
        terminal.type("\r")
        terminal.shows("overnight", "crawl", "done", "Leave")
        terminal.type("q")
        assert terminal.ends() == 0


def test_less_begins_at_the_line_under_the_cursor(home: Path) -> None:
    run = an_ended_run(home, "crawl", DONE)
    lines = [f"line {number}" for number in range(3000)]
    lines[1500] = "a needle"
    Path(run.output_path).write_text("\n".join(lines) + "\n")
    with a_terminal(["env", "PAGER=less", "LESS=", *INTERFACE]) as terminal:
        terminal.shows("crawl", "done")
        terminal.type("lm")
        terminal.shows("line 2999")
        terminal.type("/needle\r")
        terminal.shows("a needle")
        terminal.type("o")
        assert terminal.shows("a needle", "line 1522").startswith("a needle")
        terminal.type("q")
        terminal.shows("a needle", "Leave")


def test_less_shows_the_colours_of_a_log_as_colours(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run, a_terminal(["env", "PAGER=less", "LESS=", *INTERFACE]) as terminal:
        Path(run.output_path).write_text("\x1b[32mgreen words\x1b[0m of an agent\n")
        terminal.shows("crawl")
        terminal.type("o")
        terminal.shows("green words of an agent")
        assert "[32m" not in terminal.text()
        terminal.type("q")


def test_without_a_pager_it_says_so(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(["env", "PAGER=", "PATH=/nowhere", *INTERFACE]) as terminal:
        terminal.shows("crawl", "done")
        terminal.type("o")
        terminal.shows("There is no pager")


def test_which_pager(tmp_path: Path) -> None:
    for name in ("less", "more", "mine"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
    place = {"PATH": str(tmp_path)}
    assert find_pager({**place, "PAGER": "mine -R"}) == ["mine", "-R"]
    assert find_pager({**place, "PAGER": "gone"}) == ["less"]
    assert find_pager({**place, "PAGER": "mine 'open"}) == ["less"]
    (tmp_path / "less").unlink()
    assert find_pager(place) == ["more"]
    assert find_pager({"PATH": os.devnull}) is None
    assert command_for(["mine"], "/log", 7) == ["mine", "/log"]
    assert command_for(["/bin/less", "-S"], "/log", 7) == ["/bin/less", "-S", "-R", "-f", "+7P", "/log"]
    assert command_for(["less"], "/log", None)[-2:] == ["+G", "/log"]
