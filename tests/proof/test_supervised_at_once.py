"""Fifty commands at once on one run: each request has a number of its own, and the run ends as the last one wishes."""

import json
import random
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.state.records import Outcome, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status
from tests.proof.supervised import Scene, Stage, begun_in
from tests.proof.supervised_scenes import UNTIL_TOLD
from tests.proof.test_torture import a_seed
from tests.supervision.launched import events
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

PROGRAM = Path(__file__).parent / "programs" / "at_once.py"
STEERING = ("pause", "resume", "show", "ls", "retry", "why")
ASKS = frozenset({"pause", "resume", "cancel"})


def all_at_once(run: RunDir, verbs: list[str]) -> list[tuple[str, int, str]]:
    """What each command answered: verb, exit code, standard error."""
    wanted = [[verb, *(["--timeout", "0"] if verb in ASKS | {"retry"} else []), run.id] for verb in verbs]
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], input=json.dumps(wanted), stdout=subprocess.PIPE, text=True, check=True
    )
    return [(verb, code, said) for verb, (code, said) in zip(verbs, json.loads(done.stdout), strict=True)]


def is_numbered_once(run: RunDir, asked: int) -> None:
    """As many requests as were asked for, with the numbers from 1 on."""
    good, damaged = run.requests()
    assert not damaged
    assert [each.number for each in good] == list(range(1, asked + 1))


@pytest.mark.parametrize("supervised", [True, False], ids=["supervised", "without-a-supervisor"])
def test_fifty_commands_at_once_leave_one_agent_in_the_state_that_was_asked_last(home: Path, supervised: bool) -> None:
    chance = random.Random(a_seed())
    stage = Stage(home, Scene("works", Outcome.COMPLETED, work=UNTIL_TOLD), 1)
    if supervised:
        stage.begins()
    verbs = [chance.choice(STEERING) for _ in range(50)]
    answers = all_at_once(stage.run, verbs)
    assert not [said for _, _, said in answers if "Traceback" in said]
    assert all(said.count("\n") <= 3 for _, code, said in answers if code)
    done = Counter(verb for verb, code, _ in answers if code in {0, 4})
    is_numbered_once(stage.run, done["pause"] + done["resume"])
    last = stage.run.requests()[0][-1]
    # What is paused before it has begun does not begin.
    wanted = {Status.FROZEN, Status.QUEUED} if last.verb is Verb.PAUSE else {Status.RUNNING}
    eventually(lambda: stage.status() in wanted)
    operate.resume(stage.run)
    stage.let_go()
    stage.judge()


def test_cancels_among_fifty_commands_end_each_attempt_once(home: Path) -> None:
    chance = random.Random(a_seed())
    stage = Stage(home, Scene("works", Outcome.CANCELLED, work="exec sleep 60"), 1)
    stage.begins()
    verbs = [chance.choice(STEERING) for _ in range(40)] + ["cancel"] * 10
    chance.shuffle(verbs)
    answers = all_at_once(stage.run, verbs)
    assert not [said for _, _, said in answers if "Traceback" in said]
    numbers = [each.number for each in stage.run.requests()[0]]
    assert numbers == list(range(1, len(numbers) + 1))
    operate_until_over(stage)
    begun = begun_in(stage.lines())
    assert begun == sorted(set(begun)), "no attempt ran twice"
    retried = [code for verb, code, _ in answers if verb == "retry" and code in {0, 4}]
    assert len(begun) <= 1 + len(retried) + taken_back(stage.run)
    assert events(stage.run).count("ended") == 1 + len(list(Path(stage.run.path).glob("exit.*.json")))


def taken_back(run: RunDir) -> int:
    """Cancels that something later took back: what they had stopped by then is to go on, with a next attempt."""
    verbs = [each.verb for each in run.requests()[0]]
    return sum(verb is Verb.CANCEL and later is not Verb.CANCEL for verb, later in pairwise(verbs))


def operate_until_over(stage: Stage) -> None:
    """A resume that came last has taken the cancel back."""

    def is_over() -> bool:
        stage.look()
        if stage.run.exit() is None and stage.run.requests()[0][-1].verb is not Verb.CANCEL:
            operate.cancel(stage.run)
        return stage.run.exit() is not None and not stage.run.is_supervised()

    eventually(is_over)
