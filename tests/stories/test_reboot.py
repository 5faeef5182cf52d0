"""A machine that goes down: what was at work is interrupted, and goes on where it was when somebody says so."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.command import launched, listed, overnight, when, when_ended
from tests.conftest import processes_of
from tests.stories.scenes import (
    agent_pid,
    assert_whole,
    launch_durable,
    processed,
    reboot,
    record,
    when_processed,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_after_a_reboot_resume_all_continues_what_was_cut_off_or_paused_and_nothing_else(home: Path) -> None:
    held = launch_durable(100, 0.02, "--name", "held")
    when_processed(held, 3)
    assert overnight("pause", held, "--timeout", "30").returncode == 0
    failed = launched("--name", "failed", "--", "false")
    completed, cancelled = launched("--", "true"), launched("--name", "cancelled", "--", "sleep", "600")
    assert overnight("cancel", cancelled, "--timeout", "30").returncode == 0
    for run in (failed, completed, cancelled):
        when_ended(run)
    at_work = launch_durable(100, 0.02)
    when_processed(at_work, 3)
    reboot(at_work, held)
    before = {run: processed(run) for run in (at_work, held)}
    assert {run: listed(run)["status"] for run in before} == dict.fromkeys(before, "interrupted")
    done = overnight("resume", "--all", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stderr.splitlines()) == sorted(f"resumed {run}" for run in before)
    for run, count in before.items():
        assert_whole(run, 100)
        assert record(run, "progress.json")["resumed_items"] >= count > 0
        assert record(run, "exit.1.json")["reason"] == "the machine was restarted"
    assert [listed(run)["attempt"] for run in (failed, completed, cancelled)] == [1, 1, 1]


def test_a_run_that_waits_for_its_next_attempt_unpaused_is_no_business_of_resume(home: Path) -> None:
    waiting = launched("--retries", "5", "--", "false")
    when(waiting, "backoff")
    done = overnight("resume", "--all")
    assert (done.returncode, done.stderr) == (0, "There is no run to resume.\n")
    assert os.listdir(home / "runs" / waiting / "control") == []
    assert overnight("pause", waiting).returncode == 0
    done = overnight("resume", "--all")
    assert waiting in done.stderr
    assert overnight("cancel", waiting, "--timeout", "30").returncode == 0


# A shell waits until its `sleep` has ended before it runs a trap: the trap stops it.
QUITS = "trap 'kill $!; exit 0' TERM; sleep 600 & wait"


@pytest.mark.parametrize("script", ["exec sleep 600", QUITS, "trap 'kill $!; exit 143' TERM; sleep 600 & wait"])
def test_a_shutdown_that_ends_every_process_interrupts_a_plain_command(home: Path, script: str) -> None:
    run = launched("--retries", "3", "--", "sh", "-c", f"echo up; {script}")
    eventually(lambda: (home / "runs" / run / "output.log").read_text() == "up\n")
    shut_down(home)
    ended = when_ended(run)
    assert (ended["status"], ended["attempt"]) == ("interrupted", 1)
    assert overnight("resume", "--all", "--timeout", "30").returncode == 0
    when(run, "running")
    kill(home, run)


def test_a_shutdown_that_ends_every_process_interrupts_a_durable_agent_and_a_frozen_one(home: Path) -> None:
    frozen = launched("--name", "frozen", "--", "sleep", "600")
    assert overnight("pause", frozen, "--timeout", "30").returncode == 0
    durable = launch_durable(100, 0.02)
    when_processed(durable, 3)
    shut_down(home)
    assert [when_ended(run)["status"] for run in (durable, frozen)] == ["interrupted", "interrupted"]
    assert 0 < processed(durable) < 100
    assert overnight("resume", "--all", "--timeout", "30").returncode == 0
    assert_whole(durable, 100)
    when(frozen, "running")
    assert agent_pid(frozen)
    kill(home, frozen)


def kill(home: Path, run_id: str) -> None:
    assert overnight("kill", run_id, "--timeout", "30").returncode == 0
    eventually(lambda: not processes_of(home))


def shut_down(home: Path) -> None:
    """SIGTERM to every process at once, as the system's own end does it."""
    for pid in processes_of(home):
        # The one before may have ended it by now.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
