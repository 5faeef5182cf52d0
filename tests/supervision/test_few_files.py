"""A supervisor that can open no more files goes on, and does what was asked once it can: nobody takes its place."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.state import control
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from tests.supervision.launched import agent, attempt, ended, is_alive, output, sh, state, status_field, supervisor
from tests.supervision.test_refused import limit_with
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

SAID = "nothing can be looked at or done: Too many open files"


@contextmanager
def few_files_of(pid: int, free: int) -> Iterator[None]:
    """Inside, that process can open so many more."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # It may have something open for a moment: the least of many.
    limit = min(limit_with(free, pid) for _ in range(50))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def watches_a_process(pid: int) -> bool:
    """Whether it has a pidfd."""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "pidfd" in os.readlink(each):
                return True
        except FileNotFoundError:
            # It had that open for a moment.
            continue
    return False


def complaints(run: RunDir) -> int:
    """How often it has said that."""
    log = Path(run.supervisor_log_path)
    return log.read_text().count(SAID) if log.exists() else 0


def wakes_up(run: RunDir) -> None:
    """Ring, and wait until it sleeps again."""
    pid = supervisor(run).pid
    slept = status_field(pid, "voluntary_ctxt_switches")
    control.ring(run)
    eventually(lambda: status_field(pid, "voluntary_ctxt_switches") != slept)
    eventually(lambda: state(pid) == "S")


def test_without_a_file_left_it_waits_and_says_so_afterwards(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    found = supervisor(run)
    with few_files_of(found.pid, 0):
        operate.pause(run)
        for _ in range(3):
            wakes_up(run)
        assert state(attempt(run).pid) != "T"
    control.ring(run)
    eventually(lambda: state(attempt(run).pid) == "T", message="it has not forgotten what was asked")
    assert supervisor(run).pid == found.pid
    assert complaints(run) == 1
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert "adopted" not in Path(run.history_path).read_text()


def test_who_cannot_be_signalled_is_asked_to_stop_once_that_is_possible(home: Path) -> None:
    body = """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("asked")))
    beat("stop"); print("up", flush=True); forever()
    """
    run = agent(home, body)
    eventually(lambda: output(run) == "up\n")
    found = supervisor(run)
    # One is left: enough to read what is asked, and too few to show that a process is the one that is meant.
    with few_files_of(found.pid, 1):
        operate.cancel(run)
        eventually(lambda: complaints(run))
        for _ in range(3):
            wakes_up(run)
        assert is_alive(attempt(run))
        assert run.is_supervised()
    control.ring(run)
    over = ended(run)
    assert (over.outcome, over.code) == (Outcome.CANCELLED, 0)
    assert output(run) == "up\nasked\n"
    assert complaints(run) == 1


def test_what_an_agent_left_of_its_group_is_ended_once_that_is_possible(home: Path) -> None:
    run = sh(home, "(trap '' TERM; echo up; while :; do sleep 0.02; done) & wait", stop_grace=60)
    eventually(lambda: output(run) == "up\n")
    found = supervisor(run)
    operate.cancel(run)
    eventually(lambda: attempt(run).signal == "SIGTERM")
    eventually(lambda: not watches_a_process(found.pid), message="it has seen that, too")
    with few_files_of(found.pid, 1):
        operate.kill(run)
        eventually(lambda: complaints(run))
        assert run.is_supervised()
    control.ring(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert supervisor(run).pid == found.pid
