"""One agent, killed before each call by which it changes a file, and in the middle of each write; then the judge.

`python -m tests.proof.sweep SEED [STRIDE]` in a process of its own: it forks an agent for each point of death, a few
milliseconds each, where a fresh interpreter would cost ten times that. Deaths inside of a write are those of a full
disk or of a power cut. The attempt that goes on is killed, too, somewhere in its first calls.
"""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from overnight.state import compaction
from tests.proof.oracle import Effects, Result, Witness, assert_same, result_of

CHANGING = (
    "write",
    "open",
    "mkdir",
    "replace",
    "rename",
    "link",
    "unlink",
    "truncate",
    "ftruncate",
    "fsync",
    "fdatasync",
)
"""The functions of `os` by which a file is changed; all that is ours goes through them."""
FIRST_CALLS = 30
"""About so many of them belong to the start of an attempt."""
Durability = Literal["process", "power"]
JUMP = 2.0
"""Seconds by which the agent's clock jumps at each item: whatever is due now and then is due at each."""
LONGEST = 30
"""Seconds after which an attempt that does not end by itself is ended."""
ITEMS, LAST_ITEMS = 9, 3
IN_MEMORY = "/dev/shm"


class Death(NamedTuple):
    """Before call number `at` (1, 2, …); `torn`: in the middle of write number `at`."""

    at: int
    torn: bool


NEVER = Death(0, torn=False)


class Trap:
    """Stands between an agent and its files."""

    def __init__(self) -> None:
        self.death = NEVER
        self.calls = 0
        self.jumped = 0.0
        self.write = os.write
        monotonic = time.monotonic
        time.monotonic = lambda: monotonic() + self.jumped
        for name in CHANGING:
            setattr(os, name, self._guarded(getattr(os, name)))
        # Only now: what it takes from these modules is to be what stands between. Once, for all that are forked.
        from overnight.agents import start

        self.start = start

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*given: Any, **named: Any) -> Any:
            # The calls of the beating thread are not the same ones each time: they are left to real kills.
            if self.death.at and threading.current_thread().name != "overnight-beat":
                self.calls += call is self.write or not self.death.torn
                if self.calls == self.death.at:
                    self._die(given)
            return call(*given, **named)

        return guarded

    def _die(self, given: tuple[Any, ...]) -> None:
        if self.death.torn:
            descriptor, data = given
            self.write(descriptor, bytes(data)[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)


class Point:
    """One run, which dies where it is told to."""

    def __init__(self, folder: Path, trap: Trap, durability: Durability = "process") -> None:
        self.folder, self.run, self.effects = folder, folder / "run-000001", Effects(folder / "effects")
        for name in ("control", "attempts"):
            (self.run / name).mkdir(parents=True)
        self.witness = Witness(self.run, self.effects)
        self._trap, self._durability, self._attempts = trap, durability, 0

    def attempt(self, death: Death) -> bool:
        """The next attempt; whether it came to its end."""
        self._attempts += 1
        child = os.fork()
        if not child:
            self._be_the_agent(death)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = (self.folder / "said").read_text()
        assert code in {0, -signal.SIGKILL}, f"attempt {self._attempts} ended with {code}: {said}"
        self.witness.look(broken_off=code != 0)
        newest = self.run / "artifacts" / "newest.txt"
        shown = newest.read_text() if newest.exists() else None
        assert shown is None or shown in self.witness.committed[-1], f"{shown} is shown and not committed"
        return code == 0

    def _be_the_agent(self, death: Death) -> NoReturn:
        os.setsid()
        signal.alarm(LONGEST)
        said = os.open(self.folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.environ.update(
            OVERNIGHT_RUN_DIR=str(self.run), OVERNIGHT_RUN_ID=self.run.name, OVERNIGHT_ATTEMPT=str(self._attempts)
        )
        self._trap.death = death
        try:
            self._trap.start(self._work, durability=self._durability)
        except SystemExit as left:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(left.code if isinstance(left.code, int) else 1)
        os._exit(1)

    def _work(self, run: Any) -> None:
        trap = self._trap
        effects = os.open(self.effects.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        out, large, newest = run.artifact("out.txt"), run.artifact("deep/large.bin"), run.artifact("newest.txt")

        def say(what: str, item: object) -> None:
            trap.write(effects, f"{run.attempt} {os.getpid()} {what} {item}\n".encode())

        def step(item: int) -> str:
            say("stepped", item)
            return f"step of {item}\n"

        for guarded in run.each(range(ITEMS), guard=True):
            with guarded as item:
                say("begun", item)
                trap.jumped += JUMP
                wait_for_compaction()
                newest.replace(f"{item}")
                out.write(run.step("step", lambda item=item: step(item)))
                out.write(f"item {item}\n")
                if item == 4:
                    large.write(b"4" * 70_000)
                out.write("." * item + "\n")
                run.count(lines=2, price=0.1)
                say("done", item)
                if item % 3 == 1:
                    raise ValueError(f"odd one: {item}")
        for last in run.each(f"last-{number}" for number in range(LAST_ITEMS)):
            say("begun", last)
            out.write(f"{last}\n")
            run.count(lines=1)
            say("done", last)


def wait_for_compaction() -> None:
    """What is due is done by the next time that somebody looks."""
    for thread in threading.enumerate():
        if thread.name == "overnight-compaction":
            thread.join()


class Sweep:
    def __init__(self, home: Path, seed: int, stride: int) -> None:
        """`stride`: every call is one of death, or one in so many."""
        self.points = 0
        self._home, self._chance, self._trap, self._stride = home, random.Random(seed), Trap(), stride
        self._undisturbed = self._result_undisturbed()

    def perform(self, *, torn: bool, compacting: bool, durability: Durability = "process") -> None:
        """Die at each call of the first attempt, until it comes to its end unharmed.

        `compacting`: the log is put into its shorter form whenever that is looked at.
        """
        compaction.LEAST, compaction.GROWTH = (1, 1) if compacting else (1 << 30, 3)
        at = self._next(0)
        while not self._survived(Death(at, torn), durability):
            at = self._next(at)
        assert at > ITEMS * 3, "it dies nowhere"

    def _next(self, at: int) -> int:
        return at + self._chance.randrange(1, 2 * self._stride)

    def _survived(self, death: Death, durability: Durability) -> bool:
        self.points += 1
        point = Point(self._home / f"point-{self.points:06d}", self._trap, durability)
        again = Death(self._chance.randrange(1, FIRST_CALLS), self._chance.random() < 0.5)
        try:
            survived = point.attempt(death)
            if not survived:
                point.attempt(again)
                assert point.attempt(NEVER)
            self._judge(point)
        except (AssertionError, ValueError) as error:
            raise AssertionError(f"{death}, then {again}: {error}; see {point.folder}") from error
        return survived

    def _judge(self, point: Point) -> None:
        result = result_of(point.run)
        assert_same(result, self._undisturbed)
        point.witness.judge([key for _, key in result.committed])

    def _result_undisturbed(self) -> Result:
        point = Point(self._home / "undisturbed", self._trap)
        assert point.attempt(NEVER)
        return result_of(point.run)


def main(seed: int, stride: int = 1) -> None:
    # In memory, where there is such a disk: no kill and no torn write depends on it.
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if os.path.isdir(IN_MEMORY) else None) as home:
        sweep = Sweep(Path(home), seed, stride)
        for torn, compacting in product((False, True), repeat=2):
            sweep.perform(torn=torn, compacting=compacting)
        sweep.perform(torn=False, compacting=True, durability="power")
        print(f"seed {seed}: {sweep.points} points of death, nothing lost, nothing doubled, nothing torn")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
