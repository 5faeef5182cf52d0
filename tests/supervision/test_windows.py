"""A process killed, or a command that comes, exactly between two steps: no agent is lost, doubled or misreported."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import revive, supervise
from overnight.state import control, lock, process
from overnight.state.atomic import replace
from overnight.state.home import Home
from overnight.state.records import Outcome, Verb
from overnight.state.rundir import RunDir
from tests.supervision.launched import (
    attempt,
    ended,
    is_alive,
    keeper_of,
    kill,
    kill_and_wait,
    kill_supervisor,
    output,
    sh,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

FAULTY = """
import os, signal, sys, time
from overnight.agents.supervisor import attempts, keeper
from overnight.agents.supervisor.__main__ import prepare, supervise
from overnight.agents.supervisor.bell import hold_back_signals
from overnight.agents.supervisor.report import Listener
from overnight.state import lock
from overnight.state.rundir import RunDir
claim = attempts.claim
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def claim_without_keeper(*given):
    said, kept = claim(*given), os.getppid()
    os.kill(kept, signal.SIGKILL)
    while os.getppid() == kept:
        time.sleep(0.001)
    return said
def claim_late(*given):
    open(os.environ["WAITS"], "w").close()
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.02)
    return claim(*given)
{fault}
held = lock.acquire(sys.argv[1] + "/lock")
run, listener = RunDir(sys.argv[1]), Listener(int(sys.argv[2]))
hold_back_signals()
sys.exit(supervise(run, listener, prepare(run, held, listener), held))
"""


class Faulty:
    """Supervisors whose keeper has a fault, as children of this process."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []

    def supervise(self, run: RunDir, fault: str, report: int = -1, **environment: str) -> int:
        handed = (report,) if report >= 0 else ()
        command = [sys.executable, "-c", FAULTY.format(fault=fault), run.path, str(report)]
        self.started.append(subprocess.Popen(command, pass_fds=handed, env={**os.environ, **environment}))
        return self.started[-1].pid


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    faulty = Faulty()
    yield faulty
    for each in faulty.started:
        each.kill()
        each.wait()


def queued(home: Path, script: str) -> RunDir:
    """A run that nobody has begun with."""
    model = sh(home, script)
    kill(attempt(model).pid)
    ended(model)
    run = Home(str(home)).new_run("fresh")
    replace(run.env_path, Path(model.env_path).read_bytes())
    replace(run.spec_path, Path(model.spec_path).read_bytes().replace(model.id.encode(), run.id.encode()))
    return run


def test_a_command_that_never_ran_is_not_completed(home: Path, faulty: Faulty) -> None:
    run = queued(home, "echo ran; exec sleep 60")
    faulty.supervise(run, "attempts.claim = claim_without_keeper")
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.FAILED, 3), "it is tried again, but not for ever"
    assert over.reason == "what starts its command was killed before that ran, three times"
    assert output(run) == ""


def test_a_launcher_hears_of_a_start_whose_keeper_was_killed_before_it_said_so(home: Path, faulty: Faulty) -> None:
    run = queued(home, "exec sleep 60")
    reader, writer = os.pipe()
    faulty.supervise(run, "keeper._tell = die", writer)
    os.close(writer)
    with open(reader, "rb") as report:
        assert report.read() == b"started\n"
    assert is_alive(attempt(run))
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_the_lock_is_not_free_before_a_start_is_on_record(home: Path, faulty: Faulty, tmp_path: Path) -> None:
    run, go, waits = queued(home, "echo ran; exec sleep 60"), tmp_path / "go", tmp_path / "waits"
    doomed = faulty.supervise(run, "attempts.claim = claim_late", GO=str(go), WAITS=str(waits))
    eventually(waits.exists)
    kill_and_wait(doomed)
    assert run.is_supervised(), "its keeper is still about to start something"
    assert supervise(run) is False
    go.touch()
    eventually(lambda: not run.is_supervised())
    assert supervise(run) is True
    operate.cancel(run)
    assert ended(run).attempts == 1
    assert output(run) == "ran\n"


def test_an_ended_run_is_not_supervised_again(home: Path) -> None:
    run = sh(home, "exit 3")
    over = ended(run)
    assert supervise(run) is False
    assert run.exit() == over


def test_a_removed_run_is_not_supervised_again(home: Path) -> None:
    run = sh(home, "true")
    ended(run)
    operate.remove(run)
    assert supervise(run) is False


def test_what_has_just_ended_can_be_retried_before_its_supervisor_is_gone(home: Path) -> None:
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2")
    ended(run)
    held = lock.acquire(run.lock_path)
    assert held is not None
    going = threading.Timer(0.2, os.close, (held,))
    going.start()
    operate.retry(run)
    going.join()
    assert ended(run).outcome is Outcome.COMPLETED


def test_a_kill_is_a_cancel_though_the_supervisor_was_killed_with_the_agent(home: Path) -> None:
    run = sh(home, "exec sleep 60", retries=3)
    kill_supervisor(run)
    control.ask(run, Verb.KILL, attempt=1)
    kill_and_wait(attempt(run).pid)
    eventually(lambda: attempt(run).ended_at)
    supervise(run)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.CANCELLED, 1)


def test_a_finished_agent_is_not_run_again_while_its_keeper_is_still_writing(home: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    run = sh(home, f"while ! test -e {go}; do sleep 0.02; done")
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill(keeper, signal.SIGSTOP)
    go.touch()
    eventually(lambda: not is_alive(attempt(run)))
    writing = threading.Timer(0.2, os.kill, (keeper, signal.SIGCONT))
    writing.start()
    revive(run)
    writing.join()
    assert (ended(run).outcome, run.last_attempt_number()) == (Outcome.COMPLETED, 1)


def test_a_supervisor_of_a_deleted_run_ends(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    found, agent = supervisor(run), attempt(run)
    os.rename(run.path, f"{run.path}.gone")
    kill(agent.pid)
    eventually(lambda: process.state_of(found.pid, found.start_time) is None)


def test_a_lost_run_that_is_killed_while_it_is_resumed_can_be_resumed_again(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    keeper = keeper_of(run)
    kill(keeper, signal.SIGSTOP)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(attempt(run).pid)
    # Behind the word on how it ended, before anything is started.
    script = f"""
import os, signal
from overnight.agents.launchers import local
from overnight.agents.supervisor import book
from overnight.state.rundir import RunDir
book.set_exit_aside = lambda run: os.kill(os.getpid(), signal.SIGKILL)
local.revive(RunDir({run.path!r}))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    operate.resume(run)
    eventually(lambda: run.last_attempt_number() == 2)
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED
