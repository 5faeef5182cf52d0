"""`overnight show --stacks`: where an agent hangs, in any language, and nobody is harmed who does not expect it."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import launched, listed, overnight, when_ended
from tests.stories.scenes import agent, record, when_processed
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


def test_what_an_agent_shows_twice_and_stayed_the_same_is_told_once(home: Path) -> None:
    with run_of(*agent("stuck")) as run:
        when_processed(run, 3)
        said = stacks(run)
    assert "1 of 1 has not moved since the time before, and no item was done" in said
    assert "all of it was the same both times" in said
    assert len([line for line in said.splitlines() if line.startswith("  =   File") and "in main" in line]) == 1
    assert "_go_round" not in said, "what beats is not the agent's"
    over = stacks(run)
    assert "no process of it is left, and this is what it has shown last" in over
    assert "in main" in over


def test_of_an_agent_that_works_the_items_that_it_did_meanwhile_are_told(home: Path) -> None:
    with run_of(*agent("durable", 100_000, 0.001)) as run:
        when_processed(run, 3)
        said = stacks(run)
    assert re.search(r"  [\d ]+ items were done in between: it works\n", said)
    assert "not moved" not in said


@pytest.mark.parametrize(
    ("kind", "below"), [("child", "`sleep 86400` (pid "), ("processes", "with item 5: `python (multiprocessing)`")]
)
def test_what_an_agent_has_started_is_shown_with_it(home: Path, kind: str, below: str) -> None:
    with run_of(*agent("one_hangs", kind)) as run:
        when_processed(run, 5)
        # The others have done what they may before the fifth, and wait.
        eventually(lambda: [each["item"] for each in record(run, "progress.json")["in_hand"]] == ["5"])
        said = stacks(run)
    assert "what it has started, as the kernel tells:" in said
    assert below in said
    if kind == "child":
        calls = said.partition("what it has started")[0]
        idle = re.search(r"\n +\d more threads? waits? for work\n", calls)
        assert idle is not None
        assert calls.index("in call\n") < calls.index("in mapped\n") < idle.start()


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
