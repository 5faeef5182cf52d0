"""Whatever stands in its records, a run can be looked at, and one whose end is on record is never shown otherwise.

The fast form tries some 2,000 ways; the long form (`-m long`) 100,000. Each prints its seed.
"""

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.settle import goes_on
from overnight.agents.supervisor.situation import Situation
from overnight.state import control, rundir
from overnight.state.examination import examine_run
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Exit, Spec, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, FINAL, status_of
from overnight.state.summary import plain, summary_of
from tests.command import overnight
from tests.proof.damage import damage
from tests.proof.test_torture import a_seed
from tests.supervision.launched import agent, ended
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

KINDS = (
    "spec.json", "supervisor.json", "progress.json", "heartbeat.json", "errors.jsonl", "history.jsonl", "exit.json",
    "exit.1.json", "attempts/0001.json", "attempts/0002.json", "control/000001.json", "control/000002.json", "env.json",
)  # fmt: skip
AGENT = """
beat("pause", "stop")
progress(processed_items=3, total_items=9, current_item="a", counters={"usd": 0.5}, errors=["a: b"], acknowledged=1,
         estimate={"low": 1, "likely": 2, "high": 3}, phases=[{"name": "a", "processed_items": 1, "total_items": 2}])
with open(f"{RUN}/errors.jsonl", "a") as file:
    file.write('{"at": "2026-11-23T12:00:00+00:00", "attempt": 1, "item": "a", "type": "E", "message": "m"}\\n')
sys.exit(3)
"""


@pytest.fixture
def model(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunDir]:
    """A run that ended twice, with a record of every kind."""
    # A file that is cut short is looked at again a moment later: here it stays as it is.
    monkeypatch.setattr(rundir, "REREAD_AFTER", 0.0)
    run = agent(home, AGENT)
    ended(run)
    operate.retry(run)
    ended(run)
    control.ask(run, Verb.PAUSE)
    assert all(Path(run.file(name)).exists() for name in KINDS)
    yield run
    shutil.rmtree(home / "runs")


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])], ids=["some", "many"]
)
def test_no_damage_makes_a_reader_fail_or_an_end_unseen(model: RunDir, count: int) -> None:
    chance = random.Random(a_seed())
    whole = {name: Path(model.file(name)).read_bytes() for name in KINDS}
    exit_of = model.exit()
    assert isinstance(exit_of, Exit)
    spec = model.spec()
    assert isinstance(spec, Spec)
    for number in range(count):
        hit = chance.sample(KINDS, chance.choice((1, 1, 2, 4)))
        if number % 2:
            # Another half without its end: a supervisor that takes it up looks at everything.
            Path(model.exit_path).unlink()
            hit = [name for name in hit if name != "exit.json"]
        ways = {name: damage(Path(model.file(name)), chance, large=count > 2_000) for name in hit}
        try:
            look_at(model)
            if not number % 2 and "exit.json" not in ways:
                assert status_of(model.read(), time.time()) is FINAL[exit_of.outcome]
            take_up(model, spec)
        except Exception as error:
            error.add_note(f"example {number}: {ways} in {model.path}")
            raise
        for name in {*hit, "exit.json"}:
            restore(Path(model.file(name)), whole[name])


def look_at(run: RunDir) -> None:
    """As every view does, and `doctor`."""
    records = run.read()
    json.dumps(plain(summary_of(records, time.time())))
    history_of(run)
    goes_on(run)
    examine_run(run)


def take_up(run: RunDir, spec: Spec) -> None:
    """As a supervisor does that begins with it."""
    situation = Situation(run, spec, Child(run, spec, -1), admitted=False)
    attempt = situation.recall()
    situation.begin(os.getpid())
    if attempt is not None:
        situation.child.take_over(attempt, time.monotonic())
    situation.look()
    situation.facts()
    situation.record()


def restore(path: Path, data: bytes) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("put", [os.mkdir, os.mkfifo])
def test_nobody_waits_for_what_is_no_file(model: RunDir, put: Callable[[str], None]) -> None:
    for name in (*KINDS, "lock", "supervisor.log", "output.log", "stacks.txt", "origins.jsonl", "checkpoint.log"):
        path = Path(model.file(name))
        whole = path.read_bytes() if path.exists() else b""
        path.unlink(missing_ok=True)
        put(str(path))
        look_at(model)
        restore(path, whole)


@pytest.mark.parametrize("count", [8, pytest.param(400, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
def test_supervisors_and_commands_on_damaged_records_end_in_order(model: RunDir, home: Path, count: int) -> None:
    """Real ones: nothing that had ended is started again, and no command shows a traceback."""
    chance = random.Random(a_seed())
    output = Path(model.output_path).read_bytes()
    whole = home / "whole"
    shutil.copytree(model.path, whole)
    runs = []
    for number in range(count):
        run = RunDir(str(home / "runs" / f"agent-{number:06x}"))
        shutil.copytree(whole, run.path)
        runs.append(run)
        Path(run.exit_path).unlink()
        for name in chance.sample([name for name in KINDS if name not in {"exit.json", "env.json"}], 2):
            damage(Path(run.file(name)), chance)
    adopt_orphans(Home(str(home)))
    for words in (["ls"], ["ls", "--json"], ["why", *(run.id for run in runs)], ["doctor"]):
        assert "Traceback" not in (said := overnight(*words)).stderr, said.stderr
    eventually(lambda: not [run for run in runs if run.is_supervised()], message="every supervisor has ended")
    for run in runs:
        complaint = Path(run.supervisor_log_path)
        assert not complaint.is_file() or b"Traceback" not in complaint.read_bytes(), complaint.read_text()
        assert Path(run.output_path).read_bytes() == output
        assert run.last_attempt_number() <= 2, "nothing was started again"
        if isinstance(run.exit(), Exit):
            assert status_of(run.read(), time.time()) in ENDED
