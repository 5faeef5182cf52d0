"""Walking one scene again and again, each time hurt at another system call, and letting the run go on after each."""

import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from pathlib import Path

from tests.proof.syscall_scenes import Scene, Stage
from tests.proof.syscalls import CHANGING, Call, Ended, Harm, Point, numbered, traced

REWRITTEN = {"progress.json", "heartbeat.json"}
"""What each attempt writes anew and reads nothing from."""

FIRST = "000001"
"""The run that nothing hurts."""


class Walk:
    """A scene, and a place for as many runs as it takes."""

    def __init__(self, scene: Scene, place: Path, under: Callable[..., Ended] = traced) -> None:
        """`under`: how strace comes to an attempt."""
        self.scene = scene
        self._under = under
        self._place = place
        self._template = scene.stage(place / "template")
        self._numbers = itertools.count(1)
        self._gone_on: set[bytes] = set()

    def stage(self) -> Stage:
        return self._template.like(self._place / f"{next(self._numbers):06d}")

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """What an attempt calls that nothing hurts, all of it."""
        stage = self.stage()
        ended = self._under(stage.folder, stage.command(*self.scene.words), ["all"])
        assert ended.code == self.scene.code, ended.said
        stage.was_left()
        stage.goes_on(self.scene)
        return ended.calls

    def points(self, names: Collection[str] = CHANGING) -> list[tuple[Point, Call]]:
        """Where the thread that was traced first does something to the run's directory by one of these calls."""
        first = self.calls[0].thread
        return [
            (point, call)
            for point, call in numbered(self.calls)
            if call.name in names and call.thread == first and call.touches(self._place / FIRST)
        ]

    def points_within(self) -> list[tuple[Point, Call]]:
        """Those between the first item and the last commit."""
        points = self.points()
        begins = next(call.began for call in self.calls if call.name == "writev")
        commits = [
            call.began for _, call in points if call.name == "write" and call.paths[0].endswith("checkpoint.log")
        ]
        return [(point, call) for point, call in points if begins < call.began <= commits[-1]]

    def kill_at(self, point: Point) -> bool:
        """Killed there, it goes on as if nothing had happened. False = it never came there, and ended unharmed."""
        return self._hurt([Harm("KILL", point)], rides_over=True).was_killed

    def fail_at(self, point: Point, error: str, *more: Harm, rides_over: bool = False) -> bool:
        """With this error there, once, it goes on itself, or stops and says why: then the next attempt goes on.

        `more`: what happens besides. `rides_over`: it has to go on itself. False = it never came there.
        """
        return bool(self._hurt([Harm(error, point), *more], rides_over=rides_over).injected)

    def next_point(self, call: Call, name: str) -> Point:
        """The next call of this name in the thread, behind that call."""
        before = sum(
            each.name == name and each.thread == call.thread for each in self.calls if each.began <= call.began
        )
        return Point(name, before + 1)

    def _hurt(self, harms: list[Harm], *, rides_over: bool) -> Ended:
        stage = self.stage()
        names = {harm.point.name for harm in harms}
        ended = self._under(stage.folder, stage.command(*self.scene.words), names, harms)
        try:
            right = self._ended_as_ever(ended) or (ended.was_killed if rides_over else _says_why(ended, stage))
            assert right, f"exit code {ended.code}: {ended.said}"
            stage.was_left()
            if (state := _state_of(stage)) not in self._gone_on:
                stage.goes_on(self.scene, errors=harms[0].kind != "KILL")
                self._gone_on.add(state)
        except (AssertionError, ValueError) as failed:
            where = [f"{call.name}({call.arguments}) = {call.result}" for call in ended.injected]
            failed.add_note(f"{self.scene.name}: {harms} {where}")
            failed.add_note(f"it lies in {stage.folder.path}")
            raise
        stage.remove()
        return ended

    def _ended_as_ever(self, ended: Ended) -> bool:
        return ended.code == self.scene.code


def _says_why(ended: Ended, stage: Stage) -> bool:
    """Whether it failed and told the operator with what: on its output or, where that still could be written, there."""
    told = f"{ended.said} {stage.folder.progress.get('message')}"
    reasons = {call.reason for call in ended.injected}
    if not any(call.name in CHANGING for call in ended.injected):
        # What could not be looked at may be told as what followed from that.
        reasons |= {"overnight: ", "Errno"}
    return ended.code > 0 and any(reason in told for reason in reasons)


def spread(points: Iterable[tuple[Point, Call]], most: int) -> list[tuple[Point, Call]]:
    """At most `most` of them: one of each kind from the middle, then the last ones too, evenly thinned out."""
    kinds: dict[tuple[str, str], list[tuple[Point, Call]]] = {}
    for point, call in points:
        name = re.sub(r"\d+", "", Path(call.paths[0]).name)
        kinds.setdefault((call.name, name), []).append((point, call))
    middle = [kind[len(kind) // 2] for kind in kinds.values()]
    last = [kind[-1] for kind in kinds.values() if len(kind) > 1]
    chosen = thinned(middle, most) + thinned(last, max(0, most - len(middle)))
    return sorted(chosen, key=lambda each: each[1].began)


def thinned(points: list[tuple[Point, Call]], most: int) -> list[tuple[Point, Call]]:
    return [points[index * len(points) // most] for index in range(most)] if len(points) > most else points


def _state_of(stage: Stage) -> bytes:
    """The same for two runs that lie there equally: what goes on from one goes on from the other."""
    state = hashlib.blake2b(repr((stage.begun(), sorted(stage.in_hand))).encode())
    for path in sorted(stage.folder.path.rglob("*")):
        if path.is_file() and path.name not in REWRITTEN:
            name = (
                re.sub(r"\d+", "", path.name) if path.name.startswith(".") else str(path.relative_to(stage.folder.path))
            )
            state.update(repr((name, path.read_bytes())).encode())
    return state.digest()
