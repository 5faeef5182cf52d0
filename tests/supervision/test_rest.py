"""A supervisor at rest, which leaves alone what it shares with others, misses nothing of what it is there for."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers.order import Order, spec_of
from overnight.agents.supervisor import environment
from overnight.state import surroundings
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    events,
    keeper_of,
    kill_and_wait,
    sh,
    status_field,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

HASTY = """
import sys
from overnight.agents.supervisor import loop, rest
from overnight.agents.supervisor.__main__ import prepare, supervise
from overnight.agents.supervisor.bell import hold_back_signals
from overnight.agents.supervisor.report import Listener
from overnight.state import health, lock
from overnight.state.rundir import RunDir
health.LEAST_SILENCE, rest.GLIMPSE_AFTER, loop.LOOK_AFTER = 0.5, 0.1, 0.1
held = lock.acquire(sys.argv[1] + "/lock")
run, nobody = RunDir(sys.argv[1]), Listener(-1)
hold_back_signals()
sys.exit(supervise(run, nobody, prepare(run, held, nobody, admitted=True), held))
"""
"""A supervisor to which half a second without progress is a stall."""
QUICK = '{"version":1,"attempt":1,"status":"running","item_seconds":{"p50":0.01,"p95":0.01,"longest":0.01}}'
"""The progress of an agent whose items take no time."""


@contextmanager
def hasty(run: RunDir) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", HASTY, run.path]) as process:
        yield
        process.wait(20)


def unbegun(home: Path, script: str) -> RunDir:
    """A run whose launcher was killed before it had started anything."""
    run = Home(str(home)).new_run("rest")
    surroundings.write(run, environment.surroundings_here())
    run.write(run.spec_path, spec_of(Order(("sh", "-c", script)))._replace(id=run.id))
    return run


def says(progress: str) -> str:
    return f"printf '%s' '{progress}' >\"$OVERNIGHT_RUN_DIR/progress.json\"\n"


def test_a_stall_is_noticed_from_rest(home: Path) -> None:
    run = unbegun(home, says(QUICK) + "exec sleep 60")
    with hasty(run):
        eventually(lambda: "stalled" in events(run))
        operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_stop_from_outside_is_noticed_from_rest_and_that_it_is_over(home: Path) -> None:
    run = unbegun(home, "exec sleep 60")
    with hasty(run):
        eventually(lambda: "started" in events(run))
        # That is on record before its process becomes the command.
        eventually(lambda: Path(f"/proc/{attempt(run).pid}/comm").read_text() == "sleep\n")
        for _ in range(2):
            os.kill(attempt(run).pid, signal.SIGSTOP)
            stopped_at = eventually(lambda: supervisor(run).stopped_at)
            assert attempt(run).started_at < stopped_at <= time.time()
            os.kill(attempt(run).pid, signal.SIGCONT)
            eventually(lambda: supervisor(run).stopped_at is None)
        assert [each for each in events(run) if each in {"frozen", "resumed"}] == ["frozen", "resumed"] * 2
        operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


BEATS = """
import datetime, itertools, json, os, time
RUN = os.environ["OVERNIGHT_RUN_DIR"]

def write(name, **record):
    with open(f"{RUN}/.{name}.draft", "w") as file:
        json.dump({"version": 1, "attempt": 1, **record}, file)
    os.rename(f"{RUN}/.{name}.draft", f"{RUN}/{name}")

def iso(at):
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()

begun, items = time.time(), {"p95": 0.01, "longest": 0.01}
write("progress.json", status="running", processed_items=3, item_seconds=items)
for beat in itertools.count():
    told = begun + beat % 2 / 1000
    write("heartbeat.json", last_heartbeat=iso(time.time()), last_progress=iso(told), pid=os.getpid())
    time.sleep(0.03)
"""
"""Counts back to its last progress at each beat, and comes to another millisecond each time."""


def test_one_moment_that_is_told_anew_in_each_beat_is_no_progress(home: Path) -> None:
    run = unbegun(home, f"exec {sys.executable} -S -c '{BEATS}'")
    with hasty(run):
        eventually(lambda: "stalled" in events(run))
        operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert "recovered" not in events(run)


def test_an_agent_that_gets_on_is_never_stalled(home: Path) -> None:
    one = says(QUICK.replace("{", "{\"processed_items\":'$n',", 1))
    run = unbegun(home, f"n=0; while [ $n -lt 12 ]; do n=$((n + 1)); {one} sleep 0.1; done")
    with hasty(run):
        assert ended(run).outcome is Outcome.COMPLETED
    assert "stalled" not in events(run)


def test_what_an_agent_leaves_behind_is_reaped_at_rest(home: Path) -> None:
    run = sh(home, "(sh -c 'exec sleep 0.05' &); exec sleep 60")
    own = supervisor(run).pid
    eventually(lambda: not children_of(own) - {keeper_of(run)})
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_killed_keeper_is_noticed_at_rest(home: Path) -> None:
    run = agent(home, "beat('stop'); progress(); forever()")
    found = attempt(run)
    eventually(lambda: run.read().progress)
    kill_and_wait(keeper_of(run))
    os.kill(found.pid, 15)
    assert (ended(run).outcome, ended(run).signal) == (Outcome.INTERRUPTED, "SIGTERM")


def children_of(pid: int) -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdecimal() and _parent(name) == str(pid)}


def _parent(name: str) -> str:
    try:
        return status_field(int(name), "PPid")
    except OSError:
        return ""
