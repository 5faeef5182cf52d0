"""The Logs pane in a real pty: an agent's colours arrive, and of everything else that it writes not a byte."""

import os
import re
from pathlib import Path

import pytest

from overnight.state.rundir import RunDir
from tests.terminal import a_terminal
from tests.tui.driven import an_ended_run
from tests.tui.test_terminal import DONE, INTERFACE

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.usefixtures("home")]

COLOURED = b"\x1b[31mred\x1b[0m \x1b[38;2;1;2;3mtrue\x1b[0m \x1b[38;5;196mof 256\x1b[0m \x1b[48;5;21mbehind\x1b[0m\n"
HOSTILE = (
    b"ev\x1b]52;c;cHduZWQ=\x07il\x1b[2J\x1b]0;pwned\x07\xc2\x9b31m\xe2\x80\xae[/x][bold]\xed\xa0\x80{0}\x00\x1b[?1049l\n"
    b"\x1b[1;31;999;4294967296m\x1b[38;2;1m\x1b[48;5mtorn \x1b[31\x1b]8;;http://pwned\x1b\\link\x1b[5n\x1b[6n\xc2\x9d0;pwned\x07\n"
    b"bar 10%\rbar 99%\x1b[K\x07\x08\x08\n"
)


def a_run_that_printed(home: Path, output: bytes) -> RunDir:
    run = an_ended_run(home, "victim", DONE)
    Path(run.output_path).write_bytes(output)
    return run


def test_an_agents_colours_reach_the_terminal(home: Path) -> None:
    a_run_that_printed(home, COLOURED)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("victim", "done")
        terminal.type("l")
        terminal.shows("red true of 256 behind")
        for colour in (b";113;123", b"38;2;1;2;3", b"38;2;255;0;0", b"48;2;0;0;255"):
            assert colour in terminal.raw, colour


def test_without_colours_there_are_none(home: Path) -> None:
    a_run_that_printed(home, COLOURED)
    with a_terminal(["env", "NO_COLOR=1", *INTERFACE]) as terminal:
        terminal.shows("victim", "done")
        terminal.type("lm")
        terminal.shows("y Copy", "red true of 256 behind")
        terminal.type("/true\r")
        terminal.shows("red true of 256 behind", "n N")
        assert re.findall(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8])[0-9;]*m", terminal.raw) == []


def test_on_an_ascii_terminal_every_sign_is_ascii(home: Path) -> None:
    a_run_that_printed(home, "größe 漢字 \x1b[31m█ ende\x1b[0m\n".encode() + b"x" * 9000 + b"\n")
    with a_terminal(["env", "LC_ALL=C", *INTERFACE]) as terminal:
        terminal.shows("victim", "done")
        terminal.type("lmg")
        terminal.shows("gr??e ???? # ende")
        terminal.type("w")
        terminal.type("/ende\r")
        terminal.shows("n N")
        assert terminal.raw.isascii()


def test_no_byte_of_a_hostile_log_reaches_the_terminal_whatever_is_done_in_it(home: Path) -> None:
    a_run_that_printed(home, HOSTILE * 400 + HOSTILE.replace(b"\n", b" ") * 80 + b"\n" + HOSTILE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("victim", "done")
        terminal.type("lm")
        terminal.shows("bar 99%", "torn link", "evil[/x][bold]")
        terminal.type("/evil[/X\r")
        terminal.shows("is nowhere in the log")
        terminal.type("/evil[/x\r")
        terminal.shows("n N")
        terminal.type("wNkkg")
        terminal.shows("evil[/x][bold]", "bar 99%")
        terminal.type("/pwned\r")
        terminal.shows("is nowhere in the log")
        terminal.type("\x15\x04Gq")
        assert terminal.ends() == 0
    for code in (
        b"\x1b]52",
        b"\x1b]0;",
        b"\x1b]8",
        b"\x1b[2J",
        b"\x1b[5n",
        b"cHduZWQ",
        b"\x9b",
        b"\xe2\x80\xae",
        b"\x00",
    ):
        assert code not in terminal.raw, code
    assert terminal.raw.count(b"\x1b[?1049l") == 1, "only the interface leaves its screen"


def test_a_log_that_grows_is_followed_and_another_place_stays_where_it_is(home: Path) -> None:
    run = a_run_that_printed(home, b"".join(b"line %d\n" % number for number in range(3000)))
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("victim", "done")
        terminal.type("lm")
        terminal.shows("line 2999")
        with open(run.output_path, "ab") as file:
            file.write(b"newest\n")
        terminal.shows("newest")
        terminal.type("gg")
        terminal.shows(" line 0", " line 12")
        with open(run.output_path, "ab") as file:
            file.write(b"newer still\n")
        terminal.type("jj")
        assert " line 12" in terminal.shows(" line 0")
        terminal.type("F")
        terminal.shows("newer still")
        os.truncate(run.output_path, 0)
        terminal.shows("It has printed nothing so far")
