"""What leaves an agent's session is found by the run in its environment, told of, and let alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overnight.agents import operate
from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor.family import below_me
from overnight.state.belonging import belongs, processes_of, runs_of_processes
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from tests.supervision.launched import agent, attempt, ended, kill_and_wait, kill_supervisor, output, sh, state
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

DAEMON = """
def daemon(seconds=60):
    # Twice forked, in a session of its own, without anything that is the agent's but its environment.
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(writer, str(os.getpid()).encode())
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.execvp("sleep", ["sleep", str(seconds)])
        os._exit(0)
    os.close(writer)
    os.wait()
    # Until its last copy was closed: by then it is executed.
    with open(reader) as told:
        print(told.read(), flush=True)
"""


def left_in(run: RunDir, event: str) -> list[Any]:
    return [each.detail.get("left") for each in history_of(run) if each.event == event]


def test_a_daemon_is_told_of_and_let_alone(home: Path) -> None:
    run = agent(home, f"{DAEMON}daemon()")
    assert ended(run).outcome is Outcome.COMPLETED
    pid = int(output(run))
    assert left_in(run, "ended") == [[f"{pid} sleep 60"]]
    assert state(pid) == "S"
    assert belongs(pid, run.id)
    kill_and_wait(pid)


def test_one_that_clears_nothing_but_its_run_names_its_parents(home: Path) -> None:
    env = {**os.environ, "OVERNIGHT_PARENT_RUN": "outer-123456"}
    with subprocess.Popen(["sleep", "60"], env=env) as child:
        eventually(lambda: belongs(child.pid, "outer-123456"))
        assert [each.pid for each in processes_of("outer-123456")] == [child.pid]
        assert "outer-123456" in runs_of_processes()
        assert not belongs(child.pid, "outer-12345")
        child.kill()


def test_what_is_started_for_others_is_not_waited_for_as_if_the_run_had_left_it() -> None:
    """A supervisor that waited its turn has others below it, which it gave the queue."""
    environments: tuple[dict[str, str], ...] = (
        {"OVERNIGHT_RUN_ID": "mine-123456"},
        {"OVERNIGHT_RUN_ID": "other-123456"},
        {"PATH": "/bin"},
        {},
    )
    children = [subprocess.Popen(["/bin/sleep", "60"], env=env) for env in environments]
    try:
        mine, *others, without = [each.pid for each in children]
        eventually(lambda: belongs(others[0], "other-123456"))
        # One without any environment may just be being executed.
        found = {each.pid for each in below_me("mine-123456")}
        assert found.intersection(each.pid for each in children) == {mine, without}
    finally:
        for each in children:
            each.kill()
            each.wait()


def test_each_attempt_tells_what_it_left(home: Path) -> None:
    run = agent(home, f"{DAEMON}daemon() if ATTEMPT < 3 else None\nsys.exit(ATTEMPT < 3)", retries=2)
    assert ended(run).outcome is Outcome.COMPLETED
    first, second = output(run).split()
    both = [f"{pid} sleep 60" for pid in sorted((int(first), int(second)))]
    assert left_in(run, "died") == [[f"{first} sleep 60"], both]
    for pid in (int(first), int(second)):
        assert state(pid) == "S"
        kill_and_wait(pid)


def test_what_ends_with_its_agent_is_not_left(home: Path) -> None:
    run = agent(home, f"{DAEMON}daemon(0.02)")
    ended(run)
    assert left_in(run, "ended") == [None]


def test_a_supervisor_that_adopted_the_attempt_finds_it_too(home: Path) -> None:
    go = home.parent / "go"
    run = agent(home, f"{DAEMON}daemon()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)")
    pid = int(eventually(lambda: output(run).strip()))
    kill_supervisor(run)
    adopt_orphans(Home(str(home)))
    eventually(lambda: "adopted" in [event.event for event in history_of(run)])
    go.touch()
    ended(run)
    (left,) = left_in(run, "ended")
    assert left == [f"{pid} sleep 60"]
    kill_and_wait(pid)


def test_a_stop_reaches_the_group_and_nobody_outside_of_it(home: Path) -> None:
    run = agent(home, f"{DAEMON}daemon()\nforever()")
    pid = int(eventually(lambda: output(run).strip()))
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert left_in(run, "ended") == [[f"{pid} sleep 60"]]
    assert state(pid) == "S"
    kill_and_wait(pid)


def test_an_agent_that_is_a_run_of_its_own_is_not_left_of_the_run_that_launched_it(home: Path) -> None:
    overnight = Path(sys.executable).parent / "overnight"
    run = sh(home, f"{overnight} run -- sleep 60")
    assert ended(run).outcome is Outcome.COMPLETED
    inner = Home(str(home)).run(output(run).strip())
    assert left_in(run, "ended") == [None]
    os.kill(attempt(inner).pid, signal.SIGKILL)
    ended(inner)
