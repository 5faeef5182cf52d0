"""Walking one scene of supervision again and again, each time hurt at another system call."""

import itertools
import re
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from tests.proof.supervised import Scene, Stage, Traced, perform
from tests.proof.syscall_walks import thinned
from tests.proof.syscalls import NAMING, Call, Harm, Point, numbered

LOOKING = frozenset({"read", "newfstatat", "lseek", "ioctl", "getdents64", "uname", "getpid", "brk", "munmap", "mmap"})
"""A kill there leaves what a kill at the next other call leaves."""


class SupervisedWalk:
    """A scene, and which process of its supervision is hurt in it."""

    def __init__(self, home: Path, scene: Scene, role: str) -> None:
        self.scene, self.role = scene, role
        self._home = home
        self._numbers = itertools.count(1)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """What is called where nothing hurts."""
        traced = self._perform(["all"])
        assert traced.calls
        return traced.calls

    def kill_at_each(self) -> int:
        """The first call of a name, the second, …, until it is not killed any more. How often it was."""
        names = sorted({call.name for call in self.calls} - {"exit_group"})
        killed = 0
        for name in names:
            killed += next(number for number in itertools.count() if not self.kill_at(Point(name, number + 1)))
        # How often it wakes up is not the same each time: what it does again and again counts once.
        different = {(call.name, re.sub(r"\d+", "", call.arguments)) for call in self.calls}
        assert killed >= len(different) / 2, (killed, len(different))
        return killed

    def kill_at_the_end(self) -> None:
        """At each call that puts the end of the run, or of an attempt, on record: all before it has been said."""
        ends = [point for point, call in numbered(self.calls) if is_of_the_end(call)]
        assert sum(self.kill_at(point) for point in ends) >= 1

    def kill_at_the_start(self) -> None:
        """Of what becomes the agent: at each call from the first that notes the start to that which says so."""
        points = [*numbered(self.calls)]
        first = next(place for place, (_, call) in enumerate(points) if "history.jsonl" in call.arguments)
        last = next(place for place, (_, call) in enumerate(points) if "opened" in call.arguments)
        assert all(self.kill_at(point) for point, _ in points[first : last + 1])

    def kill_at_some(self, most: int) -> None:
        """At calls from an early to the last one, evenly spread."""
        points = [(point, call) for point, call in numbered(self.calls) if call.name not in LOOKING]
        killed = sum(self.kill_at(point) for point, _ in thinned(points[::-1], most))
        assert killed >= most // 2, "it never came there"

    def fail_at_each(self, error: str, names: Collection[str]) -> int:
        """Each call of these names, refused by itself. How many were."""
        return sum(self.fail_at(point, error) for point in self._changing(names))

    def fail_at_some(self, error: str, names: Collection[str], most: int) -> int:
        points = self._changing(names)
        return sum(self.fail_at(point, error) for point in points[:: max(1, len(points) // most)])

    def _changing(self, names: Collection[str]) -> list[Point]:
        return [point for point, call in numbered(self.calls) if call.name in names]

    def kill_at(self, point: Point) -> bool:
        """Killed there, it all comes to the same end. False = it never came there."""
        return self._perform([point.name], [Harm("KILL", point)]).killed

    def fail_at(self, point: Point, error: str) -> bool:
        """Refused that call once, it all comes to the same end. False = it never came there."""
        return bool(self._perform([point.name], [Harm(error, point)]).injected)

    def _perform(self, names: list[str], harms: list[Harm] | None = None) -> Traced:
        stage = Stage(self._home, self.scene, next(self._numbers))
        try:
            traced = perform(stage, self.role, names, harms or [])
        except AssertionError as failed:
            failed.add_note(f"{self.scene.name}, {self.role}: {harms}; it lies in {stage.run.path}")
            raise
        stage.remove()
        return traced


def is_of_the_end(call: Call) -> bool:
    named = call.name in NAMING and ("exit.json" in call.arguments or ".json.end." in call.arguments)
    return named or call.name in {"pwrite64", "wait4"}
