"""The interface in a real pty: what it writes, what it never writes, and how it leaves."""

import os
import re
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from overnight.state.records import Exit, Outcome, Progress
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run
from tests.waiting import eventually

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.usefixtures("home")]

PROGRAM = (
    "import sys; from overnight.state.home import default_home as home; "
    "from overnight.tui.interface import open_interface; "
)
INTERFACE = [sys.executable, "-c", f"{PROGRAM}sys.exit(open_interface(home()))"]
DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)
SOON = 3.0
"""Seconds in which it has to be gone once nobody sees it."""


def pid_of(terminal: Terminal) -> int:
    pid = terminal.child.pid
    assert pid is not None
    return int(pid)


def attributes(terminal: Terminal) -> list[object]:
    return list(termios.tcgetattr(terminal.child.child_fd))


def settle(terminal: Terminal) -> None:
    """Wait until a second passes in which nothing is written."""

    def is_quiet() -> bool:
        before = len(terminal.raw)
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline and len(terminal.raw) == before:
            terminal.read()
        return len(terminal.raw) == before

    eventually(is_quiet, message="nothing is written any more")


def assert_restored(terminal: Terminal) -> None:
    """Out of the alternate screen, with cursor and wrapping, without reports of mouse, paste, focus."""
    for on, off in ((b"1049h", b"1049l"), (b"2004h", b"2004l"), (b"1004h", b"1004l"), (b"25l", b"25h"), (b"7l", b"7h")):
        assert terminal.raw.rfind(b"\x1b[?" + off) > terminal.raw.rfind(b"\x1b[?" + on), off
    assert terminal.raw.rfind(b"\x1b[?1003l") > terminal.raw.rfind(b"\x1b[?1003h")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly_with_its_code(home: Path, number: int, code: int) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        before = attributes(terminal)
        terminal.shows("crawl", "done")
        os.kill(pid_of(terminal), number)
        assert terminal.ends(SOON) == code
        assert attributes(terminal) == before
        assert_restored(terminal)


def test_a_terminal_that_is_gone_ends_it(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl")
        terminal.hang_up()
        assert_ends(terminal, 129)


def test_a_terminal_that_is_gone_ends_it_though_the_hang_up_is_ignored(home: Path) -> None:
    """As under nohup: the handler is set later, but a hang-up may also never arrive, as after setsid."""
    an_ended_run(home, "crawl", DONE)
    ignoring = f"{PROGRAM}import overnight.tui.terminal as t; t.SIGNALS = {{}}; import signal; "
    command = f"{ignoring}signal.signal(signal.SIGHUP, signal.SIG_IGN); sys.exit(open_interface(home()))"
    with a_terminal([sys.executable, "-c", command]) as terminal:
        terminal.shows("crawl")
        terminal.hang_up()
        assert_ends(terminal, 129)


def test_a_loop_that_is_stuck_is_ended_hard_with_the_terminal_restored(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    stuck = f"{PROGRAM}from overnight.tui.app import OvernightApp as A; import time; "
    stuck += "A.action_redraw = lambda self: time.sleep(60); sys.exit(open_interface(home()))"
    with a_terminal([sys.executable, "-c", stuck]) as terminal:
        before = attributes(terminal)
        terminal.shows("crawl")
        settle(terminal)
        terminal.type("\x0c")
        settle(terminal)
        os.kill(pid_of(terminal), signal.SIGTERM)
        assert terminal.ends(2 + SOON) == 143
        assert attributes(terminal) == before
        assert_restored(terminal)


def assert_ends(terminal: Terminal, code: int) -> None:
    eventually(lambda: not terminal.child.isalive(), timeout=SOON, message="the interface has ended")
    assert terminal.child.exitstatus == code


def test_ctrl_z_stops_it_and_coming_back_repaints_everything(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl", "done")
        settle(terminal)
        terminal.type("\x1a")
        eventually(lambda: state_of(terminal) == "T", message="it is stopped")
        terminal.read()
        assert_restored(terminal)
        terminal.screen.reset()
        os.kill(pid_of(terminal), signal.SIGCONT)
        terminal.shows("overnight", "crawl", "done", "Leave")


def test_ctrl_l_writes_everything_again(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl", "done")
        settle(terminal)
        terminal.screen.reset()
        terminal.type("\x0c")
        terminal.shows("overnight", "crawl", "done", "Leave")


@pytest.mark.parametrize(
    ("key", "words"), [("x", "let it go on"), ("n", "no command yet"), (":", "a verb and a run"), ("E", "1 event")]
)
def test_ctrl_l_writes_everything_again_in_windows_too(home: Path, key: str, words: str) -> None:
    with a_supervised_run(home, "crawl"), a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl")
        terminal.type(key)
        terminal.shows(words)
        terminal.screen.reset()
        terminal.type("\x0c")
        terminal.shows(words)


def state_of(terminal: Terminal) -> str:
    return Path(f"/proc/{terminal.child.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_where_nothing_changes_nothing_is_written(home: Path) -> None:
    for number in range(5):
        an_ended_run(home, f"run{number}", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("run0", "run4")
        settle(terminal)
        written = written_in(terminal, 4.0)
        # The clock of the header changes once a minute: that is the one line that may be written.
        assert written == b"" or len(written) < 1500
        assert b"run" not in written


def written_in(terminal: Terminal, seconds: float) -> bytes:
    before, deadline = len(terminal.raw), time.monotonic() + seconds
    while time.monotonic() < deadline:
        terminal.read()
    return terminal.raw[before:]


def test_a_focus_that_goes_and_comes_writes_nothing(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl")
        settle(terminal)
        before = len(terminal.raw)
        terminal.type("\x1b[O")
        terminal.type("\x1b[I")
        settle(terminal)
        assert len(terminal.raw) - before < 1500, "at most the header's clock"
        terminal.type("?")
        terminal.shows("this help")


def test_only_the_cells_that_changed_are_written(home: Path) -> None:
    with (
        a_supervised_run(home, "moves") as moves,
        a_supervised_run(home, "rests"),
        a_terminal(INTERFACE) as terminal,
    ):
        terminal.shows("moves", "rests")
        terminal.type("\x1b")
        written_in(terminal, 2.0)
        before = len(terminal.raw)
        moves.write(moves.progress_path, Progress(processed_items=90, total_items=100, attempt=1))
        terminal.shows("90%")
        written = terminal.raw[before:]
        assert b"moves" not in written
        assert len(written) < 4000


def test_the_mouse_is_left_to_the_terminal_over_ssh(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(["env", "SSH_CONNECTION=1", *INTERFACE]) as terminal:
        terminal.shows("crawl")
        settle(terminal)
        assert b"\x1b[?1003h" not in terminal.raw
        terminal.type("M")
        terminal.shows("The mouse works")
        assert b"\x1b[?1003h" in terminal.raw


def test_no_color_writes_no_colour(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal(["env", "NO_COLOR=1", *INTERFACE]) as terminal:
        terminal.shows("crawl", "done")
        settle(terminal)
        colours = re.findall(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8])[0-9;]*m", terminal.raw)
        assert colours == []


def test_a_locale_without_block_characters_gets_ascii_everywhere(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_supervised_run(home, "works"), a_terminal(["env", "LC_ALL=C", *INTERFACE]) as terminal:
        terminal.shows("crawl", "+ done", "works", "* running", "#####---")
        terminal.type("x")
        terminal.shows("Cancel works?")
        terminal.type("n?")
        terminal.shows("this help")
        terminal.type("\x1b")
        written_in(terminal, 1.0)
        terminal.type(":")
        written_in(terminal, 1.0)
        assert terminal.raw.isascii()


def test_bytes_that_are_no_text_end_nothing(home: Path) -> None:
    """As from a noisy line, or a keyboard of another encoding."""
    an_ended_run(home, "crawl", DONE)
    with a_terminal(INTERFACE) as terminal:
        terminal.shows("crawl", "done")
        terminal.child.send(b"\xff\xfe\xc3")
        terminal.type("/\xe9tude")
        terminal.child.send(b"\xe9x")
        terminal.shows("étude\ufffdx")
        # In two halves, as a slow line may bring it.
        terminal.child.send("ü".encode()[:1])
        settle(terminal)
        terminal.child.send("ü".encode()[1:])
        terminal.shows("étude\ufffdxü")
        terminal.child.send(b"\x1b")
        terminal.shows("Leave")
        terminal.child.send(b"q\xc3")
        assert terminal.ends() == 0
