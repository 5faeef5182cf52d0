"""Lives of a run whose supervisor, keeper, agent, commands and interface are killed at random; then the judge.

`python -m tests.proof.supervised_torture SEED [KILLS]` repeats what a failed test has printed: the same blows in the
same order. When exactly they fall is up to the scheduler.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.agents.orphans import adopt_orphans
from overnight.state import current, process
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.process import Identity
from overnight.state.records import Attempt, Exit, Outcome, Spec, SupervisorRecord, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, Status, status_of
from tests.command import OVERNIGHT
from tests.proof.supervised import AGENT, begun_in
from tests.supervision.launched import status_field
from tests.terminal import Terminal
from tests.waiting import eventually

WORK = "for each in 1 2 3 4 5 6; do sleep 0.02; done"


class Leaving(NamedTuple):
    """How an agent that nobody kills ends."""

    words: str
    code: int | None
    signal: str | None = None


LEAVINGS = (Leaving("exit 0", 0), Leaving("exit 3", 3), Leaving("kill -SEGV $$", None, "SIGSEGV"))
BY_US = Leaving("", None, "SIGKILL")
NOBODY_KNOWS = Leaving("", None)


class Life:
    """A run, and what the outside knows of it."""

    def __init__(self, home: Home, effects: Path, chance: random.Random) -> None:
        self.home, self.effects, self.chance = home, effects, chance
        self.leaving, self.retries = chance.choice(LEAVINGS), chance.choice((0, 0, 1))
        self.killed: Counter[str] = Counter()
        self.killed_agents: set[int] = set()
        self.given_up = False
        """Nobody could know how it ended, and it was cancelled."""
        self.resumed = 0
        """How often somebody asked for that: a run of which nobody could know how it ended goes on then."""
        self.run: RunDir | None = None

    def command(self) -> list[str]:
        return ["sh", "-c", AGENT.format(work=WORK, leave=self.leaving.words)]

    def is_launched(self) -> None:
        order = Order(
            tuple(self.command()), name="life", environment={"EFFECTS": str(self.effects)}, retries=self.retries
        )
        self.run = launch(self.home, order)

    def is_launched_by_somebody_who_is_killed(self) -> None:
        known = set(self.home.ids())
        words = ["run", "--name", "life", "--retries", str(self.retries), "--env", f"EFFECTS={self.effects}", "--"]
        self.command_is_killed(*words, *self.command(), longest=0.3)
        new = [self.home.run(name) for name in set(self.home.ids()) - known]
        self.run = next((run for run in new if isinstance(run.spec(), Spec)), None)

    def command_is_killed(self, *words: str, longest: float = 0.2) -> None:
        """Somewhere on its way, or it has come to its end."""
        with subprocess.Popen(
            [OVERNIGHT, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as command:
            self.moment(longest)
            command.kill()
        self.killed["command"] += command.returncode == -signal.SIGKILL

    def moment(self, longest: float) -> None:
        """A random part of so many seconds: the blow falls anywhere, not where something was waited for."""
        time.sleep(self.chance.random() * longest)

    def kill(self, what: str, identity: Identity | None) -> bool:
        hit = identity is not None and process.send(identity, signal.SIGKILL)
        self.killed[what] += hit
        return hit

    def status(self) -> Status:
        assert self.run is not None
        return status_of(self.run.read(), time.time())


def supervisor_of(run: RunDir) -> Identity | None:
    record = run.supervisor()
    return Identity(record.pid, record.start_time, record.boot_id) if isinstance(record, SupervisorRecord) else None


def agent_of(run: RunDir) -> tuple[Identity, int] | None:
    attempt = run.attempt(run.last_attempt_number())
    if not isinstance(attempt, Attempt):
        return None
    return Identity(attempt.pid, attempt.start_time, attempt.boot_id), attempt.attempt


def keeper_of(run: RunDir) -> Identity | None:
    """The parent of the agent, unless that was killed already."""
    found, supervisor = agent_of(run), supervisor_of(run)
    if found is None or process.identity_of(found[0].pid) != found[0]:
        return None
    try:
        parent = process.identity_of(int(status_field(found[0].pid, "PPid")))
        command = Path(f"/proc/{parent.pid}/cmdline").read_bytes() if parent else b""
    except (FileNotFoundError, ProcessLookupError):
        return None
    # A fork of its supervisor has the same command, which names the run.
    return parent if parent != supervisor and os.fsencode(run.path) in command else None


def supervisor_is_killed(life: Life, run: RunDir) -> None:
    life.kill("supervisor", supervisor_of(run))


def keeper_is_killed(life: Life, run: RunDir) -> None:
    life.kill("keeper", keeper_of(run))


def both_are_killed(life: Life, run: RunDir) -> None:
    for blow in life.chance.sample((supervisor_is_killed, keeper_is_killed), 2):
        blow(life, run)


def agent_is_killed(life: Life, run: RunDir) -> None:
    found = agent_of(run)
    if found is not None and life.kill("agent", found[0]):
        life.killed_agents.add(found[1])


def all_are_killed(life: Life, run: RunDir) -> None:
    for blow in life.chance.sample((supervisor_is_killed, keeper_is_killed, agent_is_killed), 3):
        blow(life, run)


def somebody_looks(life: Life, run: RunDir) -> None:
    adopt_orphans(life.home)


def looker_is_killed(life: Life, run: RunDir) -> None:
    life.command_is_killed("ls")


def pauser_is_killed(life: Life, run: RunDir) -> None:
    verb = life.chance.choice(("pause", "resume"))
    life.resumed += verb == "resume"
    life.command_is_killed(verb, run.id)


BLOWS: tuple[Callable[[Life, RunDir], None], ...] = (
    supervisor_is_killed, supervisor_is_killed, keeper_is_killed, both_are_killed, agent_is_killed, all_are_killed,
    somebody_looks, somebody_looks, somebody_looks, looker_is_killed, pauser_is_killed,
)  # fmt: skip


class Siege:
    """Lives in `home`, one after the other, until so many processes were killed."""

    def __init__(self, home: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self._home, self._lives = home, 0

    def perform(self, kills: int) -> None:
        while self.killed.total() < kills:
            watched = self.chance.random() < 0.05
            (self._live_watched if watched else self._live)()

    def _live_watched(self) -> None:
        """With an interface open, which is killed, too."""
        environment = {**os.environ, "TERM": "xterm-256color", "OVERNIGHT_HOME": str(self._home)}
        terminal = Terminal([OVERNIGHT], 80, 24, environment)
        try:
            terminal.shows("overnight")
            self._live()
        finally:
            terminal.child.kill(signal.SIGKILL)
            terminal.child.wait()
            terminal.child.close()
        self.killed["interface"] += 1

    def _live(self) -> None:
        self._lives += 1
        life = Life(Home(str(self._home)), self._home.parent / f"effects-{self._lives:06d}", self.chance)
        (life.is_launched_by_somebody_who_is_killed if self.chance.random() < 0.15 else life.is_launched)()
        if life.run is not None:
            for _ in range(self.chance.randrange(1, 5)):
                life.moment(0.08)
                self.chance.choice(BLOWS)(life, life.run)
            ended = let_end(life, life.run)
            judge(life, life.run, ended)
            self.outcomes[ended.outcome] += 1
        else:
            assert not life.effects.exists(), "it was never launched"
        self.killed += life.killed


def let_end(life: Life, run: RunDir) -> Exit:
    """By being looked at; what is paused is let go, and where nobody can know, it is cancelled."""

    def is_over() -> bool:
        adopt_orphans(life.home)
        status = life.status()
        if status is Status.LOST:
            life.given_up = True
        try:
            if status is Status.LOST:
                operate.cancel(run)
            elif current.pause_wanted(run.requests()[0]):
                operate.ask(run, Verb.RESUME)
        except OvernightError:
            # It has ended in between.
            pass
        if status not in ENDED or run.is_supervised():
            raise AssertionError(status)
        return True

    eventually(is_over, message=f"{run.path} is over")
    ended = run.exit()
    assert isinstance(ended, Exit)
    return ended


def judge(life: Life, run: RunDir, ended: Exit) -> None:
    """Nothing ran twice, nothing that had finished ran again, and what is told is what happened."""
    lines = life.effects.read_text().splitlines() if life.effects.exists() else []
    begun = begun_in(lines)
    finished = {int(line.split()[0]) for line in lines if line.endswith("ends")}
    try:
        assert not [line for line in lines if line.endswith("doubled")], "two at once"
        assert begun == sorted(set(begun)), "an attempt was begun twice"
        assert len(begun) <= 1 + life.retries + life.resumed, "started again too often"
        unharmed = finished - life.killed_agents
        last_ended = not unharmed or max(unharmed) == max(begun)
        assert life.leaving.code != 0 or last_ended or life.resumed, "it had finished"
        assert_told_truly(life, ended, begun, finished)
    except AssertionError as failed:
        failed.add_note(f"{run.path}: {lines}, {ended}, {life.leaving}, {life.killed}, {life.killed_agents}")
        raise


def assert_told_truly(life: Life, ended: Exit, begun: list[int], finished: set[int]) -> None:
    told, last = (ended.code, ended.signal), ended.attempts
    if ended.outcome is Outcome.CANCELLED:
        assert life.given_up, "nobody cancelled it"
        return
    possible = set()
    if last in finished:
        possible.add(life.leaving[1:])
    if last in life.killed_agents:
        possible.add(BY_US[1:])
    if ended.reason and "not known" in ended.reason and life.killed["keeper"] and life.killed["supervisor"]:
        possible.add(NOBODY_KNOWS[1:])
    assert told in possible, f"{told} is told, {possible} is possible"
    assert ended.outcome is (Outcome.COMPLETED if ended.code == 0 else Outcome.FAILED)
    if told != NOBODY_KNOWS[1:] and ended.code != 0 and not life.given_up:
        assert len({*begun, *life.killed_agents}) >= 1 + life.retries, "not started again"


def main(seed: int, kills: int = 50) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        os.environ["OVERNIGHT_HOME"] = str(home)
        siege = Siege(home, seed)
        siege.perform(kills)
        print(f"{dict(siege.killed)} killed, {dict(siege.outcomes)}: none lost, none doubled, none misreported")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
