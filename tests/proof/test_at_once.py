"""Started several times at the same instant, a run is worked on by one process; the others say so in one line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from overnight.state.rundir import RunDir
from tests.command import launched, overnight
from tests.proof.oracle import Effects
from tests.proof.torture import command_of
from tests.supervision.launched import attempt, keeper_of, kill_and_wait, supervisor
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

ENDLESS = 1_000_000
RESUMES = Path(__file__).parent / "programs" / "resumes.py"
ROUNDS = [pytest.param(8, id="fast"), pytest.param(300, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])]

Process = subprocess.Popen[str]


@contextmanager
def let_go_at_once(command: list[str], count: int) -> Iterator[list[Process]]:
    """So many processes of one command, all loaded and waiting until the same pipe ends: it has ended by now."""
    waiting, go = os.pipe()
    processes = [
        subprocess.Popen(command, stdin=waiting, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    os.close(waiting)
    try:
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.read(1) == "!"
        finally:
            os.close(go)
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class Said(NamedTuple):
    code: int
    line: str


def heard(process: Process) -> Said:
    _, said = process.communicate(timeout=30)
    assert len(said.splitlines()) == 1, f"not one line: {said!r}"
    return Said(process.returncode, said)


def only_run(home: Path) -> RunDir:
    (run,) = (path.parent for path in (home / "runs").glob("*/spec.json"))
    return RunDir(str(run))


def when_more(effects: Effects, size: int) -> None:
    """As soon as somebody works."""
    eventually(lambda: effects.size() > size, message="somebody works")


def when_one_is_left(processes: list[Process]) -> None:
    eventually(lambda: sum(process.poll() is None for process in processes) == 1, message="all others have ended")


def assert_one_worked_at_a_time(effects: Effects) -> None:
    """No two processes between each other's items, and none of them twice as the same attempt."""
    workers = [worker for worker, _ in groupby((each.attempt, each.pid) for each in effects.read())]
    assert len(workers) == len({number for number, _ in workers}) == len({pid for _, pid in workers})


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("count", [2, 8])
def test_of_several_started_by_hand_one_works(home: Path, rounds: int, count: int) -> None:
    effects = Effects(home / "effects")
    command = [*command_of(ENDLESS, effects), "together"]
    for number in range(1, rounds // (count // 2) + 3):
        before = effects.size()
        with let_go_at_once(command, count) as processes:
            when_one_is_left(processes)
            for process in processes:
                if process.poll() is not None:
                    said = heard(process)
                    assert said.code == 1
                    assert f"{only_run(home).id} is already running" in said.line
            when_more(effects, before)
        assert only_run(home).last_attempt_number() == number
    assert_one_worked_at_a_time(effects)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_who_takes_over_from_a_worker_that_dies_at_that_instant_works_alone(home: Path, rounds: int) -> None:
    effects, chance = Effects(home / "effects"), random.Random(seed := random.randrange(10**9))
    print(f"seed {seed}")
    command = [*command_of(ENDLESS, effects), "together"]
    for _ in range(rounds):
        with let_go_at_once(command, 4) as processes:
            while alive := [process for process in processes if process.poll() is None]:
                time.sleep(chance.random() * 0.02)
                chance.choice(alive).send_signal(signal.SIGKILL)
            for process in processes:
                _, said = process.communicate()
                assert process.returncode == -signal.SIGKILL or (process.returncode == 1 and "already running" in said)
    assert_one_worked_at_a_time(effects)
    assert only_run(home).last_attempt_number() >= rounds // 4


def interrupt(run: RunDir) -> None:
    """Its supervisor ends, and the agent with it."""
    os.kill(supervisor(run).pid, signal.SIGTERM)
    eventually(lambda: not run.is_supervised() and run.exit())


def lose(run: RunDir) -> None:
    """All of it is killed: nobody has written why."""
    doomed = [supervisor(run).pid, keeper_of(run), attempt(run, run.last_attempt_number()).pid]
    for pid in doomed:
        kill_and_wait(pid)
    eventually(lambda: not run.is_supervised())


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("verb", ["resume", "retry"])
def test_of_several_that_continue_an_ended_run_one_gets_it(home: Path, rounds: int, verb: str) -> None:
    effects = Effects(home / "effects")
    run_id = launched("--", *command_of(ENDLESS, effects))
    run = RunDir(str(home / "runs" / run_id))
    command = [sys.executable, str(RESUMES), verb, run_id]
    for number in range(2, rounds // 2 + 2):
        before = effects.size()
        (interrupt, lose)[number % 2](run)
        with let_go_at_once(command, 2 if number % 4 else 8) as processes:
            said = [heard(process) for process in processes]
        when_more(effects, before)
        assert run.last_attempt_number() == number, "more than one attempt was started"
        done = [each for each in said if each.code == 0]
        assert done
        for each in said:
            assert each.code in {0, 1}
            assert run_id in each.line
        # Whoever asks that it goes on, when it does so by then, has what was asked for; another attempt has nobody.
        assert verb == "resume" or len(done) == 1
    assert overnight("kill", run_id).returncode == 0
    eventually(lambda: json.loads((home / "runs" / run_id / "exit.json").read_bytes())["outcome"] == "cancelled")
    assert_one_worked_at_a_time(effects)
