"""Runs whose supervisor or keeper is hurt, and what must be true of them when it is over.

What is expected is computed from nothing that the run wrote: the agent appends a line to a file outside of the run when
it begins and when it ends, and holds a lock beside it while it lives.
"""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import overnight.state
from overnight.agents.launchers.local import Order
from overnight.agents.launchers.order import spec_of
from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor import environment
from overnight.state import process, surroundings
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Attempt, Exit, Outcome, Spec
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, Status, status_of
from tests.proof.syscalls import Call, Harm, calls_of, strace_to
from tests.supervision.launched import status_field
from tests.waiting import eventually

PROGRAM = Path(__file__).parent / "programs" / "supervises.py"
ROOT = Path(overnight.state.__path__[0]).parent

AGENT = """
exec 9>>"$EFFECTS.alive"
flock -n 9 || echo "$OVERNIGHT_ATTEMPT doubled" >>"$EFFECTS"
echo "$OVERNIGHT_ATTEMPT begins" >>"$EFFECTS"
TIME=$(grep -c begins "$EFFECTS")
{work}
echo "$OVERNIGHT_ATTEMPT ends" >>"$EFFECTS"
{leave}
"""


class Scene(NamedTuple):
    """What a run does, what is asked of it, and how that ends where nothing is hurt."""

    name: str
    outcome: Outcome
    command: str | None = None
    """Instead of the agent that is told what to do."""
    work: str = ":"
    leave: str = "exit 0"
    code: int | None = 0
    signal: str | None = None
    attempts: int = 1
    begun: int = 1
    """Attempts whose command runs."""
    keepers: int = 1
    """Attempts that are started without anything that happens from outside."""
    finished: int = 1
    """Of these, such that come to their end."""
    order: Mapping[str, Any] = {}
    play: Callable[["Stage"], None] = lambda stage: None
    """What happens meanwhile, from outside."""
    prepare: Callable[["Stage"], None] | None = None
    """What has happened before: its first supervisor started an attempt."""

    def has(self, role: str) -> bool:
        """Whether there is such a process that can be traced from its start."""
        return role == "supervisor" or (self.prepare is None and int(role.split()[1]) <= self.keepers)


class Stage:
    """One run of a scene."""

    def __init__(self, home: Path, scene: Scene, number: int) -> None:
        self.scene, self.home = scene, Home(str(home))
        self.effects = home.parent / f"effects-{number:06d}"
        agent = ("sh", "-c", AGENT.format(work=scene.work, leave=scene.leave))
        spec = spec_of(Order(agent, name="agent", **scene.order))
        self.run = new_run(self.home, spec._replace(command=(scene.command,) if scene.command else agent), self.effects)
        if scene.prepare:
            scene.prepare(self)

    def beside(self, what: str) -> Path:
        """A file outside of the run."""
        return self.effects.with_suffix(f".{what}")

    def lines(self) -> list[str]:
        return self.effects.read_text().splitlines() if self.effects.exists() else []

    def let_go(self) -> None:
        """What the agent of some scenes waits for."""
        self.beside("go").touch()

    def begins(self) -> None:
        """Wait until its agent has begun. Meanwhile people look, as they do."""
        self._eventually(self.lines, "it begins")

    def look(self) -> None:
        """What every verb does first."""
        adopt_orphans(self.home)

    def status(self) -> Status:
        return status_of(self.run.read(), time.time())

    def becomes(self, status: str) -> None:
        """Wait until everybody sees it so."""
        self._eventually(lambda: self.status() == status, status)

    def _eventually(self, condition: Callable[[], object], message: str) -> None:
        def looked_at() -> object:
            self.look()
            return condition()

        eventually(looked_at, interval=0.01, message=message)

    def comes_to_an_end(self) -> Exit:
        """By itself and by being looked at."""
        eventually(self._is_over, interval=0.01, message=f"{self.run.path} is over")
        ended = self.run.exit()
        assert isinstance(ended, Exit)
        return ended

    def _is_over(self) -> bool:
        self.look()
        status = self.status()
        if status not in ENDED or self.run.is_supervised():
            raise AssertionError(status)
        return True

    def judge(self) -> None:
        """All is as where nothing is hurt: run exactly once, told truly."""
        ended, scene = self.comes_to_an_end(), self.scene
        lines = self.lines()
        said = Counter(line.split()[1] for line in lines)
        begun = begun_in(lines)
        assert (said["begins"], said["ends"], said["doubled"]) == (scene.begun, scene.finished, 0), lines
        assert begun == sorted(set(begun)), f"an attempt was begun twice: {lines}"
        told = (ended.outcome, ended.code, ended.signal, ended.attempts)
        assert told == (scene.outcome, scene.code, scene.signal, scene.attempts + self._unexecuted()), ended
        self.has_true_history()

    def judge_killed_agent(self) -> None:
        """Its agent came to its end, and it has completed; or it was killed, and that is told; never twice."""
        ended, lines = self.comes_to_an_end(), [line.split()[1] for line in self.lines()]
        told = (ended.outcome, ended.code, ended.signal, ended.attempts)
        if told == (self.scene.outcome, 0, None, 1):
            assert lines == ["begins", "ends"]
        else:
            assert told == (Outcome.FAILED, None, "SIGKILL", 1), ended
            assert lines in ([], ["begins"], ["begins", "ends"])
        self.has_true_history()

    def _unexecuted(self) -> int:
        """Attempts of which nothing ran, as the file outside of the run says, too."""
        records = [self.run.attempt(number) for number in range(1, self.run.last_attempt_number() + 1)]
        numbers = {each.attempt for each in records if isinstance(each, Attempt) and not each.executed}
        assert not numbers & {int(line.split()[0]) for line in self.lines()}, "it ran"
        return len(numbers)

    def has_true_history(self) -> None:
        """Nothing is told twice."""
        told = Counter((event.event, event.attempt) for event in history_of(self.run))
        once = {"started", "died", "ended", "retrying"}
        twice = {event: count for event, count in told.items() if count > 1 and event[0] in once}
        assert not twice, twice

    def remove(self) -> None:
        shutil.rmtree(self.run.path)
        for file in self.effects.parent.glob(f"{self.effects.name}*"):
            file.unlink()


def begun_in(lines: Sequence[str]) -> list[int]:
    """The attempts whose command ran, one for each time."""
    return [int(line.split()[0]) for line in lines if line.endswith("begins")]


def new_run(home: Home, spec: Spec, effects: Path) -> RunDir:
    """A run that was launched by somebody who was killed before he had started anything."""
    run = home.new_run(spec.name)
    surroundings.write(run, environment.surroundings_here().adding({"EFFECTS": str(effects)}))
    run.write(run.spec_path, spec._replace(id=run.id))
    return run


class Traced(NamedTuple):
    """What became of a supervisor or keeper under strace."""

    killed: bool
    calls: tuple[Call, ...]
    """Those that were asked for."""

    @property
    def injected(self) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.injected)


def perform(stage: Stage, role: str, names: Sequence[str], harms: Sequence[Harm] = ()) -> Traced:
    """The scene to its end and the judge, with one process of its supervision under strace.

    `role`: `supervisor`, or of the N-th attempt that is started `keeper N`, or `agent N` = what becomes the agent.
    """
    ready, now_ready = os.pipe()
    going, go = os.pipe()
    command = [sys.executable, "-I", "-S", str(PROGRAM), str(ROOT), stage.run.path, role, str(now_ready), str(going)]
    # With nothing of ours: what it leaves behind would hold our output, and who waits for its end would wait for that.
    supervisor = subprocess.Popen(
        command,
        pass_fds=(now_ready, going),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(now_ready)
    os.close(going)
    record = stage.beside("calls")
    try:
        with open(ready, "rb") as told:
            pid = int(told.readline())
        with subprocess.Popen([*strace_to(record, names, harms), "-p", str(pid)]) as strace:
            eventually(lambda: is_traced(pid), interval=0.001, message="strace is there")
            with suppress(BrokenPipeError):
                os.write(go, b"!")
            stage.scene.play(stage)
            stage.judge_killed_agent() if role.startswith("agent") else stage.judge()
            strace.wait(30)
        supervisor.wait(30)
    finally:
        os.close(go)
        supervisor.kill()
        supervisor.wait()
    text = record.read_text(errors="replace")
    calls = calls_of("\n".join(f"{pid} {line}" for line in text.splitlines()))
    return Traced("+++ killed by SIGKILL" in text, tuple(calls))


def is_traced(pid: int) -> bool:
    """Or was killed already, where it waited for that."""
    return process.identity_of(pid) is None or status_field(pid, "TracerPid") != "0"
