"""How many commands run how soon: ours launched one by one and together, beside others."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.benchmarks import fleets
from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.peers import (
    NOT_INSTALLED,
    Supervisord,
    TaskSpooler,
    has_parallel,
    has_supervisord,
    has_task_spooler,
    parallel,
)
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table
from tests.waiting import eventually

ONE_BY_ONE, TOGETHER = "**overnight**, one by one", "**overnight**, together"
PARALLEL, SPOOLER, SUPERVISORD = "GNU parallel", "task-spooler, one by one", "supervisord, at its start"
COMPARED = (TOGETHER, PARALLEL)
"""Of these it is measured, too, how soon commands run that end at once: their ends take time from the next starts."""


def launching(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    ways = _ways(place)
    going_on: dict[str, list[float]] = {name: [] for name in ways}
    ending: dict[str, list[float]] = {name: [] for name in COMPARED if name in ways}
    for repeat in range(scale.launches):
        for took, goes_on in ((going_on, True), (ending, False)):
            for name, seconds in took.items():
                what = "" if goes_on else ", of commands that end"
                say(f"launching: {name.replace('*', '')}{what}, repeat {repeat + 1} of {scale.launches}")
                seconds.append(_seconds(scale, place, ways[name], scale.launched, goes_on=goes_on))
    say(f"launching: {counted(scale.crowd)} together")
    crowd = _seconds(scale, place, ways[TOGETHER], scale.crowd, goes_on=True)
    rates = {name: str(_rate(scale.launched, seconds)) for name, seconds in going_on.items()}
    of_ending = {name: str(_rate(scale.launched, seconds)) for name, seconds in ending.items()}
    names = (TOGETHER, ONE_BY_ONE, PARALLEL, SPOOLER, SUPERVISORD)
    rows = [(name, counted(scale.launched), rates.get(name, NOT_INSTALLED), of_ending.get(name, "")) for name in names]
    rows.insert(1, (TOGETHER, counted(scale.crowd), str(_rate(scale.crowd, [crowd])), ""))
    note = (
        "From the first command line to the moment at which each command runs; each writes one byte into a common "
        "file, and goes on, or ends at once. One by one: by a command line for each. Ours are runs with a supervisor "
        "of their own that outlive whoever launched them."
    )
    headings = ("", "commands", "a second, of those that go on", "a second, of those that end at once")
    return Result(Table("Launching", headings, rows, note), _bars(scale, going_on))


Way = Callable[[Sequence[str]], AbstractContextManager[object]]
"""Launches these shell commands, and at its end waits for theirs."""


def _ways(place: Place) -> dict[str, Way]:
    ways = {TOGETHER: _launched(place, fleets.together), ONE_BY_ONE: _launched(place, fleets.one_by_one)}
    if has_parallel():
        ways[PARALLEL] = parallel
    if has_task_spooler():
        ways[SPOOLER] = _by_task_spooler
    if has_supervisord():
        ways[SUPERVISORD] = Supervisord
    return ways


def _seconds(scale: Scale, place: Place, way: Way, count: int, *, goes_on: bool) -> float:
    """From the start until each of them runs."""
    folder = place.calm(scale.calm)
    marks = folder / "marks"
    marks.touch()
    gate = folder / "gate"
    os.mkfifo(gate)
    command = f"printf . >> {marks}" + (f"; read _ < {gate}" if goes_on else "")
    place.settle()
    # Open for both: nobody waits for the other side, and at its end those go on that wait for a line.
    opened = os.open(gate, os.O_RDWR)
    try:
        began = time.perf_counter()
        with way([command] * count):
            eventually(lambda: marks.stat().st_size >= count, timeout=300, interval=0.001)
            took = time.perf_counter() - began
            os.write(opened, b"\n" * count)
        return took
    finally:
        os.close(opened)


def _launched(place: Place, launch: Callable[[Path, Sequence[str]], None]) -> Way:
    @contextmanager
    def way(commands: Sequence[str]) -> Iterator[None]:
        with fleets.fleet(place) as home:
            launch(home, commands)
            yield

    return way


@contextmanager
def _by_task_spooler(commands: Sequence[str]) -> Iterator[None]:
    with TaskSpooler(len(commands)) as spooler:
        for command in commands:
            spooler.run("-n", "sh", "-c", command)
        yield


def _rate(count: int, seconds: Sequence[float]) -> Figure:
    return Figure(tuple(count / each for each in seconds))


def _bars(scale: Scale, took: dict[str, list[float]]) -> tuple[Bar, ...]:
    if PARALLEL not in took:
        return ()
    what = f"time to launch {counted(scale.launched)} together, over GNU parallel's"
    ours, theirs = (Figure(tuple(took[name])) for name in (TOGETHER, PARALLEL))
    return (Bar(what, 1.0, "×", ours.over(theirs)),)
