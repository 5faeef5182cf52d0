"""Where a supervisor cannot be started, whoever asked for it is told, and nothing loses its place."""

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers import spawn
from overnight.agents.launchers.local import launch_all
from overnight.agents.launchers.order import Order
from overnight.agents.launchers.spawn import supervise_all
from overnight.agents.orphans import Refused, adopt_orphans
from overnight.agents.supervisor.report import FAILED, hear
from overnight.state import lock
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.status import Status
from tests.command import overnight
from tests.supervision.launched import ended, kill_supervisor, supervisor
from tests.supervision.queueing import Line, dispatch, kill_waiting, status

pytestmark = pytest.mark.leaves_no_process


@pytest.fixture
def line(home: Path) -> Line:
    """A group with one slot."""
    return Line(home, 1)


@contextmanager
def few_files(free: int) -> Iterator[None]:
    """Inside, this process can open so many files: enough to look and to write, too few to start anything."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit_with(free, os.getpid()), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def limit_with(free: int, pid: int) -> int:
    """The limit below which so many numbers of files are free in this process."""
    # Not by a listing of /proc/self/fd: that has one more open.
    unused = (number for number in range(1 << 20) if not os.path.lexists(f"/proc/{pid}/fd/{number}"))
    return next(islice(unused, free, None))


def test_a_launch_says_that_its_run_is_queued_and_could_not_be_started(home: Path, line: Line) -> None:
    first = line.add("a")
    line.let_end(first)
    with few_files(4):
        (answer,) = launch_all(Home(str(home)), [Order(("true",), group=line.group)])
    assert isinstance(answer, OvernightError)
    assert "no supervisor could be started: Too many open files" in str(answer)
    (run,) = (each for each in Home(str(home)).runs() if each.id != first.id)
    assert str(answer).startswith(run.id)
    assert status(run) is Status.QUEUED
    assert dispatch(home) == [run.id]
    assert ended(run).outcome is Outcome.COMPLETED


def test_who_looks_hears_who_could_not_be_helped(home: Path) -> None:
    line = Line(home, None)
    run = line.add("a")
    kill_supervisor(run)
    heard: list[Refused] = []
    with few_files(1):
        assert adopt_orphans(Home(str(home)), heard.append) == ((), ())
    assert [list(each) for each in heard] == [[run.id]]
    assert adopt_orphans(Home(str(home)), heard.append) == ((run.id,), ())
    assert len(heard) == 1
    line.let_all_end()
    ended(run)


def test_each_run_that_gets_no_supervisor_has_a_reason_of_its_own(home: Path) -> None:
    line = Line(home, None)
    blocked, helpless = line.add("a"), line.add("b")
    for run in (blocked, helpless):
        kill_supervisor(run)
    os.unlink(blocked.lock_path)
    os.mkdir(blocked.lock_path)
    with few_files(1):
        supervised, refused = supervise_all([blocked, helpless])
    assert supervised == []
    assert {run_id: error.errno for run_id, error in refused.items()} == {
        blocked.id: errno.EISDIR,
        helpless.id: errno.EMFILE,
    }
    os.rmdir(blocked.lock_path)
    assert sorted(dispatch(home)) == sorted((blocked.id, helpless.id))
    line.let_all_end()
    for run in (blocked, helpless):
        ended(run)


@pytest.mark.parametrize("name", ["attempts", "lock"])
def test_a_run_that_lets_nobody_in_holds_up_no_other(home: Path, line: Line, name: str) -> None:
    first, second = line.add("a"), line.add("b")
    kill_waiting(second)
    kill_supervisor(first)
    shut = first.file(name)
    os.rename(shut, f"{shut}.kept")
    os.symlink(shut, shut)
    assert dispatch(home) == [second.id], "who holds the slot nobody knows"
    listed = overnight("ls")
    assert listed.returncode == 0, listed.stderr
    assert second.id in listed.stdout
    checked = overnight("doctor")
    assert f"{first.id}: {shut}" in checked.stdout
    assert "cannot be read: Too many levels of symbolic links. Make it readable" in checked.stdout
    line.let_end(second)
    os.unlink(shut)
    os.rename(f"{shut}.kept", shut)
    assert dispatch(home) == [first.id]
    line.let_end(first)


def test_a_verb_that_looks_says_it_and_works_all_the_same(home: Path) -> None:
    line = Line(home, None)
    runs = [line.add(name) for name in "ab"]
    for run in runs:
        kill_supervisor(run)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Two locks fit in beside the three that every program has, and what hands them over does not.
    done = overnight("ls", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, most)))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("UNSUPERVISED") == 2
    assert " (and 1 more): no supervisor could be started: Too many open files." in done.stderr
    dispatch(home)
    line.let_all_end()
    for run in runs:
        ended(run)


FORKING = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execvp(sys.argv[2], sys.argv[2:])"
"""Hands over a lock as a launcher does."""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace has a fork refused")
def test_a_supervisor_that_could_not_be_forked_is_told_of_in_the_runs_log(home: Path) -> None:
    run = Line(home, None).add("a")
    kill_supervisor(run)
    held = lock.acquire(run.lock_path)
    assert held is not None
    refusing = ["strace", "-f", "-o", os.devnull, "-e", "inject=clone,clone3,fork:error=EAGAIN"]
    begin = [sys.executable, "-I", "-S", "-c", spawn._BOOT, spawn._root(), "1", "0", run.path]
    subprocess.run([sys.executable, "-c", FORKING, str(held), *refusing, *begin], pass_fds=[held], check=True)
    os.close(held)
    (line,) = Path(run.supervisor_log_path).read_text().splitlines()
    assert line == "no supervisor could be forked: Resource temporarily unavailable"
    assert dispatch(home) == [run.id]
    operate.kill(run)
    ended(run)


BUGGY = """
import sys
from overnight.agents.supervisor import loop
from overnight.agents.supervisor.__main__ import prepare, supervise
from overnight.agents.supervisor.bell import hold_back_signals
from overnight.agents.supervisor.report import Listener
from overnight.state import lock
from overnight.state.rundir import RunDir

def decide(facts):
    raise ValueError("a bug")

loop.decide = decide
run, held, nobody = RunDir(sys.argv[1]), lock.acquire(sys.argv[1] + "/lock"), Listener(-1)
hold_back_signals()
sys.exit(supervise(run, nobody, prepare(run, held, nobody), held))
"""


def test_a_supervisor_that_fails_keeps_its_traceback_and_one_that_is_refused_says_one_line(home: Path) -> None:
    run = Line(home, None).add("a")
    kill_supervisor(run)
    log = Path(run.supervisor_log_path)
    assert subprocess.run([sys.executable, "-c", BUGGY, run.path], check=False).returncode == 1
    assert log.read_text().startswith("Traceback")
    assert log.read_text().endswith("in decide\nValueError: a bug\n")
    log.unlink()
    os.rename(run.spec_path, f"{run.spec_path}.kept")
    held = lock.acquire(run.lock_path)
    assert held is not None
    (report,) = spawn.spawn([run], [held], report=True)
    word, reason = hear(report)
    assert (word, log.read_text()) == (FAILED, f"{run.spec_path}: is missing\n")
    assert reason == f"the supervisor failed: {run.spec_path}: is missing"
    os.rename(f"{run.spec_path}.kept", run.spec_path)
    assert dispatch(home) == [run.id]
    operate.kill(run)
    ended(run)


def test_a_supervisor_that_ends_and_cannot_start_the_next_says_so_in_its_log(home: Path, line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    kill_waiting(second)
    pid = supervisor(first).pid
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit_with(2, pid), most))
    line.let_end(first)
    assert "the queue does not go on: [Errno 24] Too many open files" in Path(first.supervisor_log_path).read_text()
    assert status(second) is Status.QUEUED
    dispatch(home)
    line.let_all_end()
    ended(second)
