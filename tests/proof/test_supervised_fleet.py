"""Hundreds of agents at work for minutes: supervisors neither grow nor leak, and every status is right.

The long form: 500 agents, for FLEET_MINUTES (10). It prints its figures.
"""

import os
import re
import signal
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import ended, keeper_of, status_field, supervisor
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

MINUTES = float(os.environ.get("FLEET_MINUTES", "10"))
MORE_MEMORY = 64
"""Kilobytes that one may have more at the end: a page here and there, which the kernel shares or not as it likes."""


class Figures(NamedTuple):
    """Of all processes of one kind."""

    private: int
    """Kilobytes of memory that nobody shares."""
    descriptors: int


def figures_of(pids: list[int]) -> Figures:
    private = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        private += sum(int(found) for found in re.findall(r"Private_\w+: +(\d+) kB", rollup))
    return Figures(private, sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids))


def statuses(runs: list[RunDir]) -> set[Status]:
    return {status_of(run.read(), time.time()) for run in runs}


def be_looked_at(runs: list[RunDir]) -> None:
    """By their supervisors, at everything, because somebody asks for what is so already."""
    for run in runs:
        asked = operate.resume(run)
        assert asked is None or operate.wait_obeyed(run, asked, 60)


def test_a_supervisor_that_looks_again_and_again_grows_by_nothing(home: Path) -> None:
    """What it takes in hours: it looks every five seconds, and here whenever somebody rings."""
    run = launch(Home(str(home)), Order(("sleep", "100000"), name="sleeper"))
    pid = supervisor(run).pid
    # From now on it looks at everything.
    be_looked_at([run])
    ring(pid, 100)
    before = own_memory(pid)
    ring(pid, 500)
    assert own_memory(pid) <= before + MORE_MEMORY
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def ring(pid: int, times: int) -> None:
    """One after the other: each is heard, and slept upon, before the next."""
    for _ in range(times):
        slept = sleeps_of(pid)
        os.kill(pid, signal.SIGURG)
        eventually(lambda slept=slept: sleeps_of(pid) > slept, interval=0.0005)  # type: ignore[misc]


def sleeps_of(pid: int) -> int:
    return int(status_field(pid, "voluntary_ctxt_switches"))


def own_memory(pid: int) -> int:
    """Kilobytes that are of no file."""
    (found,) = re.findall(r"Anonymous: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found)


@pytest.mark.parametrize(
    ("count", "minutes"),
    [(8, 0.0), pytest.param(500, MINUTES, marks=[pytest.mark.long, pytest.mark.timeout(60 * MINUTES + 1800)])],
    ids=["eight", "five-hundred"],
)
def test_supervisors_at_work_neither_grow_nor_leak(home: Path, count: int, minutes: float) -> None:
    runs = [launch(Home(str(home)), Order(("sleep", "100000"), name="sleeper")) for _ in range(count)]
    supervisors, keepers = [supervisor(run).pid for run in runs], [keeper_of(run) for run in runs]
    # What the first request takes is kept for the next ones.
    be_looked_at(runs)
    before, kept = figures_of(supervisors), figures_of(keepers)
    deadline = time.monotonic() + 60 * minutes
    while True:
        assert statuses(runs) == {Status.RUNNING}
        be_looked_at(runs[:: max(1, count // 8)])
        if time.monotonic() >= deadline:
            break
        time.sleep(min(30.0, 60 * minutes))
    after, kept_after = figures_of(supervisors), figures_of(keepers)
    print(f"{count} agents, {minutes:g} min: supervisors {before} -> {after}, keepers {kept} -> {kept_after}")
    assert after.descriptors == before.descriptors
    assert kept_after.descriptors == kept.descriptors
    assert after.private <= before.private + MORE_MEMORY * count
    assert kept_after.private <= kept.private + MORE_MEMORY * count
    for run in runs:
        operate.kill(run)
    assert {ended(run).outcome for run in runs} == {Outcome.CANCELLED}
