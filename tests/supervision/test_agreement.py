"""Who starts the next run and who shows the queue look in two ways, and see the same in every situation."""

import os
import subprocess
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from overnight.agents.supervisor import attempts
from overnight.agents.survey import Slot, place_of, survey
from overnight.state import groups, lock, process
from overnight.state.home import Home
from overnight.state.process import Identity
from overnight.state.queue import Queue, queue_of
from overnight.state.records import Attempt, Damaged, Exit, Outcome, SupervisorRecord, SupervisorState
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.builders import a_spec

DAMAGED = "{"
ATTEMPTS = ("none", "damaged", "works", "vanished", "ended", "before the reboot", "ended before the reboot")
STATES = (None, DAMAGED, SupervisorState.WAITING, SupervisorState.STARTING, SupervisorState.BACKOFF)


class Situation(NamedTuple):
    """What may lie in a run's folder, and who may hold its lock."""

    held: bool
    state: SupervisorState | str | None
    """In supervisor.json; None = there is none."""
    attempt: str
    judged: bool
    """It was resumed after that attempt."""
    keeper: bool
    """The keeper of that attempt is still at work."""
    end: str
    """exit.json."""

    @property
    def name(self) -> str:
        return "-".join(str(each).replace(" ", "_").replace(DAMAGED, "damaged") for each in self)


SITUATIONS = [
    each
    for each in map(Situation._make, product((0, 1), STATES, ATTEMPTS, (0, 1), (0, 1), ("none", "good", DAMAGED)))
    if each.attempt != "none" or not (each.judged or each.keeper)
]


@pytest.fixture
def working() -> Iterator[Identity]:
    """A process that works, for all of them."""
    with subprocess.Popen(["sleep", "60"]) as child:
        found = process.identity_of(child.pid)
        assert found is not None
        yield found
        child.kill()


def make(home: Home, each: Situation, working: Identity) -> int | None:
    """A run in this situation; the lock, if it is held."""
    run = RunDir(f"{home.runs_path}/{each.name}")
    for folder in (run.path, run.control_path, run.attempts_path):
        os.makedirs(folder)
    run.write(run.spec_path, a_spec(id=run.id, group="gpu"))
    if isinstance(each.state, SupervisorState):
        run.write(run.supervisor_path, SupervisorRecord(*working, "here", each.state))
    elif each.state is not None:
        Path(run.supervisor_path).write_text(each.state)
    put_attempt(run, each, working)
    if each.judged:
        run.write(run.file("exit.1.json"), Exit(Outcome.FAILED, attempts=1))
    if each.end == "good":
        run.write(run.exit_path, Exit(Outcome.COMPLETED, attempts=1))
    elif each.end == DAMAGED:
        Path(run.exit_path).write_text(DAMAGED)
    return lock.acquire(run.lock_path) if each.held else None


def put_attempt(run: RunDir, each: Situation, working: Identity) -> None:
    if each.attempt == "damaged":
        Path(run.attempt_path(1)).write_text(DAMAGED)
    elif each.attempt != "none":
        boot_id = "another" if "reboot" in each.attempt else working.boot_id
        start_time = working.start_time - (each.attempt != "works")
        ended_at = time.time() if "ended" in each.attempt else None
        run.write(run.attempt_path(1), Attempt(1, working.pid, start_time, boot_id, time.time(), ended_at))
    if each.keeper:
        Path(attempts.reserved_path(run, 1, working)).touch()


def shown(home: Home, now: float) -> Queue:
    """As a picture of all runs has it."""
    every = {run.id: run.read() for run in home.runs()}
    statuses = {run_id: status_of(records, now) for run_id, records in every.items()}
    return queue_of(every, statuses, groups.read(home.path), now)


def places_of(queue: Queue) -> dict[str, object]:
    """What each run is in it; one that is missing neither waits nor works."""
    return {
        **{waiter.id: waiter for waiter in queue.waiters},
        **{run_id: "works" for ids in queue.busy.values() for run_id in ids},
    }


def test_what_is_shown_of_the_queue_is_what_it_goes_by_in_every_situation(home: Path, working: Identity) -> None:
    there, now = Home(str(home)), time.time()
    locks = [make(there, each, working) for each in SITUATIONS]
    try:
        acted_on, seen = places_of(survey(there.path, now).queue), places_of(shown(there, now))
        differ = {each: (acted_on.get(each), seen.get(each)) for each in acted_on.keys() | seen.keys()}
        assert {each: pair for each, pair in differ.items() if pair[0] != pair[1]} == {}
    finally:
        for held in locks:
            if held is not None:
                os.close(held)


class Overtaken(RunDir):
    """A run whose keeper puts the end in place, and ends, right after somebody has read the attempt so often."""

    keeper: subprocess.Popen[bytes]
    often = 1

    def attempt(self, number: int) -> Attempt | Damaged | None:
        read = super().attempt(number)
        self.often -= 1
        if isinstance(read, Attempt) and self.often == 0:
            attempts.put_end(self, attempts.ended_attempt(read, 0), identity(self.keeper))
            self.keeper.kill()
            self.keeper.wait()
        return read


@pytest.fixture(params=(1, 2, 3))
def overtaken(home: Path, request: pytest.FixtureRequest) -> Iterator[Overtaken]:
    """Its supervisor was killed, and its agent has just ended."""
    run = Overtaken(f"{home}/runs/crawl-a1b2c3")
    for folder in (run.control_path, run.attempts_path):
        os.makedirs(folder)
    run.write(run.spec_path, a_spec(id=run.id))
    run.keeper, run.often = subprocess.Popen(["sleep", "60"]), request.param
    me = identity(run.keeper)
    attempts.claim(run, Attempt(1, me.pid, me.start_time - 1, me.boot_id, time.time()), me)
    yield run
    run.keeper.kill()
    run.keeper.wait()


def identity(child: "subprocess.Popen[bytes]") -> Identity:
    found = process.identity_of(child.pid)
    assert found is not None
    return found


def test_a_run_whose_end_is_put_on_record_meanwhile_holds_its_slot(overtaken: Overtaken) -> None:
    looks = [place_of(overtaken, a_spec(id=overtaken.id)) for _ in range(3)]
    assert looks[0] is not None
    assert looks[-1] is Slot.ORPHAN


def test_a_run_whose_end_is_put_on_record_meanwhile_is_not_lost(overtaken: Overtaken) -> None:
    looks = [status_of(overtaken.read(), time.time()) for _ in range(3)]
    assert Status.LOST not in looks
    assert looks[-1] is Status.UNSUPERVISED


def test_a_run_is_kept_by_its_keeper_and_not_by_who_got_its_pid(home: Path, working: Identity) -> None:
    run = RunDir(f"{home}/runs/crawl-a1b2c3")
    os.makedirs(run.attempts_path)
    for start_time, kept in ((working.start_time - 1, False), (working.start_time, True)):
        attempts.claim(run, Attempt(1, 1, 1, working.boot_id, 0.0), working._replace(start_time=start_time))
        assert run.is_kept(1) is kept
        os.unlink(run.attempt_path(1))
