"""`overnight show --stacks`: where an agent hangs, in any language, and nobody is harmed who does not expect it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import launched, listed, overnight, when_ended
from tests.stories.scenes import agent, when_processed
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


@contextmanager
def run_of(*command: str) -> Iterator[str]:
    run = launched("--", *command)
    try:
        yield run
    finally:
        overnight("kill", run)
        when_ended(run)


def stacks(run: str) -> str:
    done = overnight("show", run, "--stacks")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_agent_shows_its_stacks_twice_and_what_stayed_the_same_is_marked(home: Path) -> None:
    with run_of(*agent("stuck")) as run:
        when_processed(run, 3)
        said = stacks(run)
    assert "2 of 2 have not moved" in said
    assert said.index("  before:\n") < said.index("  then:\n")
    assert len([line for line in said.splitlines() if line.startswith("  =   File") and "in main" in line]) == 2
    over = stacks(run)
    assert "no process of it is left, and this is what it has shown last" in over
    assert "in main" in over


def test_an_agent_of_tasks_shows_them(home: Path) -> None:
    with run_of(*agent("waiting_tasks")) as run:
        eventually(lambda: listed(run)["heartbeat_age"] is not None)
        said = stacks(run)
    assert "= Task Task-2" in said
    assert "in fetch" in said


def test_of_a_plain_command_the_kernel_tells_and_it_is_not_harmed(home: Path) -> None:
    with run_of("sh", "-c", "sleep 60; exit 3") as run:
        pid = eventually(lambda: listed(run)["pid"])
        said = stacks(run)
        assert listed(run)["pid"] == pid, "SIGUSR1 would have killed it"
    assert "its agent does not say that it shows its stacks; this is what the kernel tells" in said
    assert f"= Thread {pid} (sh, process {pid})" in said
    assert "(sleep, process " in said
    assert "=   state S" in said
    assert stacks(run).endswith("  no process of it is left\n")


def test_what_is_stopped_is_looked_at_instead_of_asked(home: Path) -> None:
    with run_of(*agent("stuck")) as run:
        when_processed(run, 3)
        os.kill(listed(run)["pid"], signal.SIGSTOP)
        eventually(lambda: listed(run)["status"] == "frozen")
        said = stacks(run)
        assert "it is stopped by a signal, and shows nothing" in said
        assert "=   state T" in said
        os.kill(listed(run)["pid"], signal.SIGCONT)
