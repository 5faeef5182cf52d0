"""Who merely has the pid of an agent or a supervisor is never signalled; after a reboot each run goes on once."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers.order import Order, spec_of
from overnight.state import process
from overnight.state.home import Home
from overnight.state.process import Identity
from overnight.state.records import Attempt, Heartbeat, Outcome, SupervisorRecord, SupervisorState
from overnight.state.rundir import RunDir
from tests.command import overnight
from tests.proof.supervised import AGENT, begun_in, new_run
from tests.supervision.launched import agent, attempt, ended, is_alive, state
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

TELLS = """
import os, signal, sys
def tell(number, frame):
    os.write(1, b"%d\\n" % number)
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, tell)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""
VERBS = ("ls", "show", "why", "pause", "resume", "cancel", "kill", "retry", "rm", "doctor --repair", "prune --older 0d")
FORMS = ("another start", "another boot")
HANDLES = frozenset({"pause", "stop", "stacks"})


class Bystander:
    """A process that has nothing to do with any run, and tells of every signal that it gets."""

    def __init__(self, told: Path) -> None:
        self._told = told
        with told.open("wb") as file:
            self.process = subprocess.Popen([sys.executable, "-S", "-c", TELLS], stdout=file, start_new_session=True)
        eventually(lambda: told.read_text() == "ready\n")
        found = process.identity_of(self.process.pid)
        assert found is not None
        self.identity = found

    def like(self, form: str) -> Identity:
        """Who had its pid before."""
        if form == "another boot":
            return self.identity._replace(boot_id="0e2d6d2b-0000-4000-8000-000000000000")
        return self.identity._replace(start_time=self.identity.start_time - 1)

    def was_left_alone(self) -> None:
        assert self._told.read_text() == "ready\n"
        assert state(self.process.pid) in {"R", "S"}
        assert self.process.poll() is None


@pytest.fixture
def bystander(tmp_path: Path) -> Iterator[Bystander]:
    made = Bystander(tmp_path / "told")
    yield made
    made.process.send_signal(signal.SIGKILL)
    made.process.wait()


def left_by(identity: Identity, home: Path, name: str, *, work: str = ":") -> RunDir:
    """A run whose records say that this process is its agent, its supervisor, and who handles its signals."""
    effects = home.parent / f"effects-{name}"
    spec = spec_of(Order(("sh", "-c", AGENT.format(work=work, leave="exit 0")), name=name, stop_grace=0.1))
    run = new_run(Home(str(home)), spec, effects)
    pid, start_time, boot_id = identity
    started_at = time.time() - 60
    run.write(run.attempt_path(1), Attempt(1, pid, start_time, boot_id, started_at))
    state_then = SupervisorRecord(pid, start_time, boot_id, "here", SupervisorState.RUNNING, attempt=1)
    run.write(run.supervisor_path, state_then)
    run.write(run.heartbeat_path, Heartbeat(last_heartbeat=time.time(), pid=pid, handles=HANDLES, attempt=1))
    Path(run.lock_path).touch(mode=0o600)
    return run


def effects_of(home: Path, name: str) -> list[int]:
    effects = home.parent / f"effects-{name}"
    return begun_in(effects.read_text().splitlines()) if effects.exists() else []


@pytest.mark.parametrize("verbs", [VERBS[::2], VERBS[1::2]], ids=["even", "odd"])
def test_no_verb_signals_a_process_that_merely_has_the_pid(
    home: Path, bystander: Bystander, verbs: tuple[str, ...]
) -> None:
    for verb in verbs:
        names = [f"{verb.split()[0]}-{form.split()[1]}" for form in FORMS]
        runs = [left_by(bystander.like(form), home, name) for form, name in zip(FORMS, names, strict=True)]
        named = [] if verb.startswith(("doctor", "prune")) else [run.id for run in runs]
        done = overnight(*verb.split(), *named)
        assert "Traceback" not in done.stderr, done.stderr
        for run, name in zip(runs, names, strict=True):
            again = verb in {"resume", "retry"}
            if again:
                assert ended(run).outcome is Outcome.COMPLETED
            assert effects_of(home, name) == ([2] if again else []), verb
    bystander.was_left_alone()


def test_an_agent_cannot_name_somebody_else_to_be_signalled(home: Path, bystander: Bystander) -> None:
    """Its heartbeat names a process that lives, of its user, but of another session."""
    names = (
        f"write('heartbeat.json', last_heartbeat=time.time(), pid={bystander.identity.pid}, handles={sorted(HANDLES)})"
    )
    run = agent(home, f"{names}\nprogress()\nforever()\n", pause_grace=0.1, stop_grace=0.1)
    eventually(lambda: os.path.exists(run.progress_path))
    found = attempt(run)
    operate.pause(run)
    eventually(lambda: state(found.pid) == "T")
    operate.resume(run)
    eventually(lambda: state(found.pid) == "S")
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert not is_alive(found)
    bystander.was_left_alone()


def test_after_a_reboot_resume_all_continues_each_run_once(home: Path, bystander: Bystander) -> None:
    names = [f"agent{number}" for number in range(4)]
    runs = [left_by(bystander.like("another boot"), home, name) for name in names]
    listed = json.loads(overnight("ls", "--json").stdout)
    assert [each["status"] for each in listed] == ["interrupted"] * len(runs)
    with ThreadPoolExecutor() as several:
        done = list(several.map(lambda _: overnight("resume", "--all"), range(3)))
    assert not [each.stderr for each in done if "Traceback" in each.stderr]
    for run, name in zip(runs, names, strict=True):
        over = ended(run)
        assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
        assert effects_of(home, name) == [2]
    bystander.was_left_alone()
