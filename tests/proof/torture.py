"""Lives of an agent under torture: real processes, real signals at random moments, and after each the judge.

`python -m tests.proof.torture SEED [KILLS]` repeats what a failed test has printed: the same blows in the same order.
When exactly they fall is up to the scheduler.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from overnight.state import control
from overnight.state.records import Verb
from tests.proof.oracle import Effects, Result, Witness, assert_same, in_any_order, result_of
from tests.sdk.attempts import Folder
from tests.waiting import eventually

WORKS = Path(__file__).parent / "programs" / "works.py"
PACE = 0.001
"""Seconds of an item, about."""
SIZES = (12, 60, 60, 250)
"""Items of a life: many ends, and logs of some length."""
WAYS = ("each", "each", "each", "threads", "any", "tasks", "processes")
BY_KILL = {-signal.SIGKILL, -signal.SIGTERM}
"""SIGTERM kills an interpreter that has not come as far as to listen."""
STOPPED = 75


def command_of(count: int, effects: Effects, *, how: str = "each", pace: float = PACE) -> list[str]:
    return [sys.executable, str(WORKS), str(count), str(pace), str(effects.path), how]


class Life:
    """A run, the attempts of it one after the other, and what the outside knows of them."""

    def __init__(self, folder: Folder, command: list[str], effects: Effects, chance: random.Random) -> None:
        self.folder, self.command, self.effects, self.chance = folder, command, effects, chance
        self.witness = Witness(folder.path, effects)
        self.pause_wanted = False
        """The newest request is a pause: it holds over the next start."""
        self.process: subprocess.Popen[str]

    def begin(self) -> None:
        """The next attempt. One that shall be paused starts paused, if it is not let go before."""
        starts_paused = self.pause_wanted and self.chance.random() < 0.5
        if self.pause_wanted and not starts_paused:
            self.ask(Verb.RESUME)
        self.process = self.folder.start(self.command)
        if starts_paused:
            self.assert_stands_still()
            self.ask(Verb.RESUME)
            self.strike(signal.SIGCONT)

    def end(self) -> int:
        """Its exit code, once it has ended: anything but a kill, a stop or the end of the work is wrong."""
        _, said = self.process.communicate(timeout=30)
        code = self.process.returncode
        assert code in {0, STOPPED, *BY_KILL}, f"attempt {self.folder.attempts} ended with {code}: {said}"
        self.witness.look(broken_off=code in BY_KILL)
        return code

    def strike(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def works(self) -> bool:
        return self.process.poll() is None

    def let_work(self, lines: int) -> None:
        """Until so many more effects are there, or it has ended."""
        least = self.effects.size() + lines * 16
        eventually(lambda: self.effects.size() >= least or not self.works(), interval=0.001, message="it works")

    def moment(self, longest: float) -> None:
        """A random part of so many seconds: the blow falls anywhere, not where something was waited for."""
        time.sleep(self.chance.random() * longest)

    def ask(self, verb: Verb) -> int:
        self.pause_wanted = verb is Verb.PAUSE
        return control.ask(self.folder.run, verb, by="test@here").number

    def assert_stands_still(self) -> None:
        """It says that it is paused, with the newest request, and begins nothing from then on; or it has ended."""
        number = self.folder.run.requests()[0][-1].number
        wanted = {"attempt": self.folder.attempts, "status": "paused", "acknowledged": number}
        eventually(lambda: wanted.items() <= self.folder.progress.items() or not self.works(), interval=0.005)
        before = self.effects.size()
        self.moment(0.03)
        assert self.effects.size() == before, "it works on while it says that it is paused"

    def judge(self, undisturbed: Result) -> None:
        """What holds when it has completed: also after one more start, which finds nothing to do."""
        size = self.effects.size()
        if self.pause_wanted:
            self.ask(Verb.RESUME)
        assert self.folder.finish(self.command) == 0
        assert self.effects.size() == size, "a completed run was worked on"
        result = result_of(self.folder.path)
        seen = in_any_order if "any" in self.command else lambda result: result
        assert_same(seen(result), seen(undisturbed))
        self.witness.judge([key for _, key in result.committed])


def killed_at_work(life: Life) -> None:
    life.let_work(life.chance.randrange(0, 40))
    life.moment(0.004)
    life.strike(signal.SIGKILL)


def killed_at_its_start(life: Life) -> None:
    life.moment(0.2)
    life.strike(signal.SIGKILL)


def told_to_stop(life: Life) -> None:
    life.let_work(life.chance.randrange(0, 20))
    life.strike(signal.SIGTERM)


def told_to_stop_and_killed(life: Life) -> None:
    told_to_stop(life)
    life.moment(0.05)
    life.strike(signal.SIGKILL)


def frozen_again_and_again(life: Life) -> None:
    life.let_work(life.chance.randrange(0, 20))
    for _ in range(life.chance.randrange(2, 30)):
        life.strike(signal.SIGSTOP)
        life.moment(0.003)
        if life.chance.random() < 0.05:
            break
        life.strike(signal.SIGCONT)
        life.moment(0.003)
    life.strike(signal.SIGKILL)


def paused_again_and_again(life: Life) -> None:
    life.let_work(life.chance.randrange(0, 20))
    for _ in range(life.chance.randrange(1, 12)):
        verb = life.chance.choice((Verb.PAUSE, Verb.RESUME))
        if life.chance.random() < 0.7:
            life.ask(verb)
        # Heard too early, too often, or instead of the other one: what is asked stands in the directory.
        for _ in range(life.chance.randrange(3)):
            life.strike(life.chance.choice((signal.SIGTSTP, signal.SIGCONT)))
        life.moment(0.01)
    verb = life.chance.choice((Verb.PAUSE, Verb.RESUME))
    life.ask(verb)
    life.strike(signal.SIGTSTP if verb is Verb.PAUSE else signal.SIGCONT)
    if verb is Verb.PAUSE:
        life.assert_stands_still()
    else:
        life.let_work(life.chance.randrange(1, 20))
    life.strike(life.chance.choice((signal.SIGKILL, signal.SIGTERM)))


BLOWS: tuple[Callable[[Life], None], ...] = (
    killed_at_work,
    killed_at_work,
    killed_at_its_start,
    killed_at_its_start,
    told_to_stop,
    told_to_stop_and_killed,
    frozen_again_and_again,
    paused_again_and_again,
)


class Torture:
    """Lives in `home`, one after the other, until so many attempts were killed."""

    def __init__(self, home: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.killed = 0
        self._home, self._lives = home, 0
        self._undisturbed: dict[int, Result] = {}

    def perform(self, kills: int) -> None:
        while self.killed < kills:
            self._live(self.chance.choice(SIZES), self.chance.choice(WAYS))

    def _live(self, count: int, how: str) -> None:
        self._lives += 1
        effects = Effects(self._home / f"effects-{self._lives}")
        folder = Folder(self._home / "runs" / f"life-{self._lives:06d}")
        life = Life(folder, command_of(count, effects, how=how), effects, self.chance)
        code = None
        while code != 0:
            blow = self.chance.choice(BLOWS)
            life.begin()
            blow(life)
            code = life.end()
        self.killed += len(life.witness.broken_off)
        if count not in self._undisturbed:
            self._undisturbed[count] = undisturbed(self._home, count)
        life.judge(self._undisturbed[count])


def undisturbed(home: Path, count: int) -> Result:
    """What is left of a run of so many items that nobody touches."""
    folder = Folder(home / "undisturbed" / f"run-{count:06d}")
    assert folder.finish(command_of(count, Effects(folder.path / "effects"), pace=0)) == 0
    return result_of(folder.path)


def main(seed: int, kills: int = 50) -> None:
    with tempfile.TemporaryDirectory() as home:
        torture = Torture(Path(home), seed)
        torture.perform(kills)
        print(f"{torture.killed} kills, nothing lost, nothing doubled, nothing torn")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
