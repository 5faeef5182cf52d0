"""However its terminal goes, the interface goes too: soon, with the right code, and without any agent."""

import os
import pty
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from overnight.tui.driver import read_typed
from tests.command import OVERNIGHT, launched, listed, overnight
from tests.stories.scenes import agent, assert_whole, processed, when_processed
from tests.terminal import Terminal, a_terminal
from tests.tmux import Tmux, a_tmux, needs_tmux
from tests.tui.driven import a_supervised_run
from tests.tui.test_terminal import SOON, assert_restored, attributes, pid_of
from tests.tui.test_written import write_progress
from tests.waiting import eventually

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.usefixtures("home")]


WRITES = ("1 0x2 ", "64 0x2 ")
"""A thread in a write to descriptor 2, by the kernel's numbers on x86 and on ARM."""


def is_stuck(pid: int) -> bool:
    """Whether a thread of it waits for the terminal to take what it writes."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return any((task / "syscall").read_text().startswith(WRITES) for task in tasks)


def seconds_used(pid: int) -> float:
    """Of a core, since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stall(terminal: Terminal) -> None:
    """Read nothing until it can write nothing any more."""

    def writes_nothing_more() -> bool:
        terminal.type("\x0c")
        return is_stuck(pid_of(terminal))

    eventually(writes_nothing_more, message="the terminal takes no more")


def test_a_line_that_stalls_is_not_waited_for_when_it_shall_end(home: Path) -> None:
    with a_supervised_run(home, "crawl"), a_terminal([OVERNIGHT], 120, 40) as terminal:
        before = attributes(terminal)
        terminal.shows("crawl")
        stall(terminal)
        os.kill(pid_of(terminal), signal.SIGTERM)
        eventually(lambda: not terminal.child.isalive(), timeout=SOON, message="it has ended")
        assert terminal.child.exitstatus == 143
        assert attributes(terminal) == before


def test_a_line_that_stalls_costs_nothing_and_shows_what_is_true_when_it_goes_on(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run, a_terminal([OVERNIGHT], 120, 40) as terminal:
        terminal.shows("crawl")
        stall(terminal)
        pid, started = pid_of(terminal), time.monotonic()
        used = seconds_used(pid)
        for done in range(0, 5000, 100):
            write_progress(run, done)
            time.sleep(0.02)  # the line is idle for so long: the span is what is measured, nothing is waited for
        share = (seconds_used(pid) - used) / (time.monotonic() - started)
        assert share < 0.5, "no core spins"
        write_progress(run, 4500)
        terminal.shows("90%")
        terminal.type("?")
        terminal.shows("this help")


def test_a_stdin_that_ends_ends_it_though_it_is_drawn_elsewhere(home: Path) -> None:
    """As where the one who typed is gone, and the other end of stderr is somebody else's."""
    keys, stdin = pty.openpty()
    with a_supervised_run(home, "crawl"):
        drawing = f"exec {sys.executable} -c 'from overnight.tui.cli import command; command()' <{os.ttyname(stdin)}"
        with a_terminal(["sh", "-c", drawing]) as terminal:
            terminal.shows("crawl")
            os.close(stdin)
            os.close(keys)
            assert terminal.ends(SOON) == 129
            assert_restored(terminal)


def launch_patient(count: int = 100) -> str:
    return launched("--name", "crawl", "--", *agent("durable", count, 0.02))


@needs_tmux
def test_a_tmux_that_is_killed_takes_the_interface_with_it_and_no_agent(tmp_path: Path) -> None:
    run = launch_patient()
    code = tmp_path / "code"
    with a_tmux(tmp_path, f"trap '' HUP; {OVERNIGHT}; echo $? > {code}") as tmux:
        tmux.shows("crawl", "running")
        when_processed(run, 3)
        tmux.kill_server()
        assert eventually(lambda: code.exists() and code.read_text(), timeout=SOON, message="it is left") == "129\n"
    assert processed(run) < 100
    assert_whole(run, 100)


@needs_tmux
def test_in_a_tmux_it_goes_on_while_nobody_looks_and_fits_whoever_comes_back(tmp_path: Path) -> None:
    run = launch_patient(4000)
    with a_tmux(tmp_path, OVERNIGHT) as tmux:
        tmux.shows("crawl", "running")
        for columns, rows in ((120, 40), (70, 20)):
            with a_terminal([*tmux.command, "attach"], columns, rows) as terminal:
                terminal.shows("crawl", "running", "Leave")
                # tmux has a line of its own at the bottom.
                eventually(partial(fits, tmux, columns, rows - 1), message=f"it fits {columns}x{rows}")
                tmux.type("p")
                terminal.shows("paused")
                tmux.type("p")
                terminal.shows("running")
                terminal.type("\x02d")
                assert terminal.ends() == 0
        tmux.type("q")
        eventually(lambda: "crawl" not in tmux.text(), message="it is left")
    assert listed(run)["status"] == "running"
    assert overnight("kill", run).returncode == 0


def fits(tmux: Tmux, columns: int, rows: int) -> bool:
    lines = tmux.text().splitlines()
    assert len(lines) == rows
    assert len(lines[0]) in {columns - 1, columns}, "the clock stands at the right end"
    return True


def test_what_another_program_has_read_first_is_not_the_end_of_the_terminal() -> None:
    """As where a child has set the terminal that both share so that nobody waits for it."""
    reads, writes = os.pipe()
    try:
        os.set_blocking(reads, False)
        assert read_typed(reads) == b""
        os.write(writes, b"j")
        assert read_typed(reads) == b"j"
        os.close(writes)
        assert read_typed(reads) is None
    finally:
        os.close(reads)
