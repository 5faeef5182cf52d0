"""Whole stories at the keyboard, over real runs: what a person comes for, from the first look to what came of it."""

import os
import re
import signal
from pathlib import Path

import pytest

from tests.command import OVERNIGHT, PYTHON, launched, listed, overnight, when, when_ended
from tests.stories.scenes import launch_durable, record
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run, asked_of
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

FAILS_WHILE = """
import os, sys
from overnight.agents import Run, start

def main(run: Run) -> None:
    for item in run.each(range(30)):
        if item == 20 and os.path.exists(sys.argv[1]):
            raise ValueError("no quota left for item 20")

start(main)
"""


def left(terminal: Terminal) -> None:
    terminal.type("q")
    assert terminal.ends() == 0


def where(changes: dict[str, str]) -> list[str]:
    """The interface in an environment that says something else."""
    return ["env", *(f"{name}={value}" for name, value in changes.items()), OVERNIGHT]


def test_a_run_that_failed_is_found_its_error_read_and_it_finishes_from_where_it_was(tmp_path: Path) -> None:
    agent, flag = tmp_path / "agent.py", tmp_path / "full"
    agent.write_text(FAILS_WHILE)
    flag.touch()
    for number in range(3):
        launched("--name", f"fine-{number}", "--", "true")
    run = launched("--name", "embed", "--", PYTHON, str(agent), str(flag))
    assert when_ended(run)["status"] == "failed"
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("embed", "fine-0")
        terminal.type("f")
        terminal.shows("FAILED")
        eventually(lambda: "fine-0" not in terminal.text())
        terminal.type("e")
        terminal.shows("no quota left for item 20")
        flag.unlink()
        terminal.type("r")
        # Only trouble is shown: it goes as soon as it works.
        terminal.type("f")
        terminal.shows("embed", "100%", "✔ done")
        left(terminal)
    assert listed(run)["status"] == "completed"
    assert record(run, "progress.json")["resumed_items"] == 20


def test_all_of_a_group_are_paused_and_go_on_and_no_other() -> None:
    works = [launch_durable(10**6, 0.01, "--name", f"work-{number}", "--group", "night") for number in range(2)]
    other = launch_durable(10**6, 0.01, "--name", "other")
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("work-0", "work-1", "other")
        terminal.type("&group:night\r")
        terminal.shows("2 of 3: group:night")
        terminal.type("*p")
        for run in works:
            when(run, "paused")
        terminal.shows("= paused")
        assert listed(other)["status"] == "running"
        terminal.type("*p")
        for run in works:
            when(run, "running")
        left(terminal)
    overnight("kill", "--all")
    for run in (*works, other):
        when_ended(run)


def test_what_is_typed_into_the_dialog_is_launched_and_all_is_as_it_was_when_somebody_comes_back() -> None:
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("overnight demo")
        terminal.type("nsh -c 'echo hello; exec sleep 60'\r")
        terminal.shows("is launched", "running")
        terminal.type("l")
        terminal.shows("hello")
        left(terminal)
        terminal.read()
        assert "1 run goes on" in terminal.raw.decode()
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("sh", "running")
        terminal.type("l")
        terminal.shows("hello")
        terminal.type("xy")
        terminal.shows("cancelled")
        left(terminal)


def test_a_supervisor_that_is_killed_while_somebody_looks_is_replaced_and_the_agent_works_on() -> None:
    run = launch_durable(10**6, 0.01, "--name", "crawl")
    when(run, "running")
    before = listed(run)
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("crawl", "running")
        os.kill(before["supervisor_pid"], signal.SIGKILL)
        terminal.shows("1 run had lost its supervisor and got a new one.")
        terminal.shows("running")
        left(terminal)
    after = listed(run)
    assert after["pid"] == before["pid"]
    assert after["supervisor_pid"] != before["supervisor_pid"]
    assert overnight("kill", run).returncode == 0
    when_ended(run)


def test_two_who_look_at_once_see_what_either_does() -> None:
    run = launch_durable(10**6, 0.01, "--name", "crawl")
    with a_terminal([OVERNIGHT]) as one, a_terminal([OVERNIGHT], 120, 40) as other:
        for terminal in (one, other):
            terminal.shows("crawl", "running")
        one.type("p")
        for terminal in (one, other):
            terminal.shows("= paused")
        other.type("p")
        for terminal in (one, other):
            terminal.shows("● running")
        other.type("Xy")
        for terminal in (one, other):
            terminal.shows("cancelled")
            left(terminal)
    assert listed(run)["status"] == "cancelled"


def test_a_paste_outside_of_a_field_does_nothing(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run, a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("crawl", "running")
        terminal.type("\x1b[200~xy\rXy\rq\x1b[201~")
        terminal.type("?")
        terminal.shows("this help")
        assert asked_of(run) == []


@pytest.mark.parametrize(
    ("changes", "colour"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm-256color"}, rb"38;2;\d+"),
        ({"COLORTERM": "", "TERM": "xterm-256color"}, rb"38;5;\d+"),
        ({"COLORTERM": "", "TERM": "xterm"}, rb"[\[;][39][0-7][;m]"),
    ],
)
def test_a_terminal_is_told_only_colours_that_it_has(home: Path, changes: dict[str, str], colour: bytes) -> None:
    kinds = [rb"38;2;\d+", rb"38;5;\d+", rb"[\[;][39][0-7][;m]"]
    with a_supervised_run(home, "crawl"), a_terminal(where(changes)) as terminal:
        terminal.shows("crawl", "running")
        left(terminal)
    assert re.search(colour, terminal.raw)
    for richer in kinds[: kinds.index(colour)]:
        assert not re.search(richer, terminal.raw), richer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TERM": "dumb"}, "Plain list: TERM=dumb cannot be drawn on."),
        ({"TERM": ""}, "Plain list: TERM= cannot be drawn on."),
    ],
)
def test_where_nothing_can_be_drawn_the_list_is_printed(home: Path, changes: dict[str, str], words: str) -> None:
    with a_supervised_run(home, "crawl"), a_terminal(where(changes)) as terminal:
        assert terminal.ends() == 0
        terminal.shows(words, "crawl", "running")
    assert b"\x1b" not in terminal.raw


@pytest.mark.parametrize("changes", [{"TERM": "linux"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX", "TERM": "vt100"}])
def test_a_terminal_without_our_signs_gets_ascii(home: Path, changes: dict[str, str]) -> None:
    with a_supervised_run(home, "crawl"), a_terminal(where(changes), 120, 40) as terminal:
        terminal.shows("crawl", "* running")
        for key, word in (("2", "printed nothing"), ("4", "created"), ("?", "this help")):
            terminal.type(key)
            terminal.shows(word)
        terminal.type("q")
        eventually(lambda: "this help" not in terminal.text())
        left(terminal)
    assert terminal.raw.isascii()
