"""From a key in the interface to the agent that hears of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from overnight.state.records import Heartbeat
from overnight.state.rundir import RunDir, read_record
from overnight.tui.glyphs import UNICODE
from tests.benchmarks import fleets
from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import ROOT, Place, surroundings
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table
from tests.terminal import Terminal, a_terminal
from tests.waiting import eventually

SIGNAL, KEY, SHELL = "the signal itself, by `os.kill`", "**overnight**, `p`", "**overnight** `pause` and `resume`"
MOST = 20.0
"""ms, p95."""
OTHERS = 5
"""Agents that report while the one under the cursor is asked."""


class Scene(NamedTuple):
    """The interface of a home in a terminal, the cursor on a run whose agent notes when it hears of something."""

    terminal: Terminal
    home: Path
    run: RunDir
    pid: int
    """The agent's."""
    heard: Path


Ask = Callable[[Scene, str], None]
"""Asks, in one way, for the verb."""


def pressing(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    say(f"pressing: {2 * scale.pressed} keys")
    took: dict[str, list[float]] = {name: [] for name in WAYS}
    with _scene(scale, place) as scene:
        place.settle()
        for _ in range(scale.pressed):
            for name, ask in WAYS.items():
                for verb, state in (("pause", "paused"), ("resume", "running")):
                    took[name].append(_milliseconds(ask, scene, verb))
                    _until_shown(scene.terminal, state)
    figures = {name: Figure(tuple(each)) for name, each in took.items()}
    rows = [(name, str(figure), str(Figure((figure.p95,)))) for name, figure in figures.items()]
    note = (
        "From the key, the start of the command, or the signal, to the first line of the handler of SIGTSTP or SIGCONT "
        f"in an agent of the SDK; {2 * scale.pressed} times, in turns. The interface stands in a terminal of 80 x 24 "
        f"and shows {counted(scale.launched)} runs that have ended, and {OTHERS + 1} that report."
    )
    bar = Bar("a key that pauses or resumes, p95", MOST, "ms", Figure((figures[KEY].p95,)))
    return Result(Table("Pressing a key", ("", "ms", "ms, p95"), rows, note), (bar,))


@contextmanager
def _scene(scale: Scale, place: Place) -> Iterator[Scene]:
    with fleets.fleet(place) as home:
        fleets.together(home, ["true"] * scale.launched)
        eventually(lambda: all(run.exit() for run in fleets.runs_of(home)), timeout=120)
        heard = home / "heard"
        # The newest is on top, where the cursor is.
        fleets.one_by_one(home, [_agent(home / f"{number}") for number in range(OTHERS)] + [_agent(heard)])
        run = next(run for run in fleets.runs_of(home) if str(heard) in str(run.spec()))
        pid = eventually(lambda: _pid_of(run) if heard.exists() else None)
        with a_terminal([fleets.OVERNIGHT], OVERNIGHT_HOME=str(home), LC_ALL="C.UTF-8") as terminal:
            _until_shown(terminal, "running")
            yield Scene(terminal, home, run, pid, heard)


def _agent(heard: Path) -> str:
    return f"exec {sys.executable} {ROOT}/tests/benchmarks/programs/pressed.py {heard}"


def _pid_of(run: RunDir) -> int | None:
    heartbeat = read_record(Heartbeat, run.heartbeat_path)
    return heartbeat.pid if isinstance(heartbeat, Heartbeat) else None


def _until_shown(terminal: Terminal, state: str) -> None:
    """Of the run under the cursor: what a key then means is known."""

    def shown() -> bool:
        return any(line.startswith(UNICODE.cursor) and state in line for line in terminal.text().splitlines())

    eventually(shown, message=f"the interface shows that it is {state}")


def _milliseconds(ask: Ask, scene: Scene, verb: str) -> float:
    """From now until the agent has heard of it."""
    before = len(scene.heard.read_text().splitlines())
    began = time.monotonic_ns()
    ask(scene, verb)
    eventually(lambda: len(scene.heard.read_text().splitlines()) > before)
    return (int(scene.heard.read_text().splitlines()[before]) - began) / 1e6


def _signal(scene: Scene, verb: str) -> None:
    os.kill(scene.pid, signal.SIGTSTP if verb == "pause" else signal.SIGCONT)


def _press(scene: Scene, verb: str) -> None:
    # Past the emulator, which waits before it types.
    os.write(scene.terminal.child.child_fd, b"p")


def _call(scene: Scene, verb: str) -> None:
    command = [fleets.OVERNIGHT, verb, scene.run.id]
    quiet = subprocess.DEVNULL
    subprocess.run(command, env=surroundings(scene.home), stdout=quiet, stderr=quiet, check=True)


WAYS: dict[str, Ask] = {SIGNAL: _signal, KEY: _press, SHELL: _call}
