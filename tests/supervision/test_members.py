"""Whom a signal reaches: the processes of the agent, by identity, and nobody who merely has a number of theirs."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.agents.supervisor import members
from overnight.state import process
from overnight.state.home import Home
from overnight.state.records import Attempt
from tests.supervision.launched import state
from tests.waiting import eventually


@pytest.fixture
def bystander() -> Iterator[int]:
    """Leads a session and a group of its own, as an agent does."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process_:
        yield process_.pid
        process_.kill()


def attempt_of(pid: int, *, off_by: int = 0, boot_id: str | None = None) -> Attempt:
    """The record of an attempt with this process; forged where `off_by` or another boot is given."""
    found = process.identity_of(pid)
    assert found is not None
    return Attempt(1, pid, found.start_time + off_by, boot_id or found.boot_id, time.time())


def test_a_group_is_signalled_while_its_leader_is_the_one_on_record(bystander: int) -> None:
    assert members.signal_group(attempt_of(bystander), signal.SIGSTOP)
    eventually(lambda: state(bystander) == "T")


@pytest.mark.parametrize("forged", [{"off_by": 1}, {"boot_id": "another boot"}])
def test_a_recycled_pid_is_never_signalled(bystander: int, forged: dict[str, int | str]) -> None:
    attempt = attempt_of(bystander, **forged)  # type: ignore[arg-type]
    assert not members.signal_group(attempt, signal.SIGKILL)
    assert not members.signal_member(attempt, bystander, signal.SIGKILL)
    assert members.kernel_state(attempt) is None
    assert state(bystander) in {"R", "S"}


def test_a_process_outside_the_agents_session_is_never_signalled(bystander: int) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as agent:
        attempt = attempt_of(agent.pid)
        for named in (bystander, os.getpid(), 1, 0, -1, 2**31 - 1):
            assert not members.is_member(attempt, named)
            assert not members.signal_member(attempt, named, signal.SIGKILL)
        assert members.signal_member(attempt, agent.pid, signal.SIGKILL)
    assert state(bystander) in {"R", "S"}


def test_of_a_group_only_those_count_as_left_that_bear_the_run(home: Path, bystander: int) -> None:
    run = Home(str(home)).new_run("x")
    bearing = {**os.environ, "OVERNIGHT_RUN_ID": run.id}
    attempt = attempt_of(bystander)
    with subprocess.Popen(["sleep", "60"], process_group=0, env=bearing) as ours:
        eventually(lambda: members.leftovers(run, attempt_of(ours.pid)))
        assert [each.pid for each in members.leftovers(run, attempt_of(ours.pid))] == [ours.pid]
        ours.kill()
    assert members.leftovers(run, attempt) == []
