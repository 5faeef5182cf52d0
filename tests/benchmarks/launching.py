"""How many commands run how soon: ours launched one by one and together, beside others."""

import time
from collections.abc import Callable, Sequence
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
CROWD = "together, as many as there shall be"


def launching(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    ways = _ways(place)
    took: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(scale.launches):
        for name, way in ways.items():
            say(f"launching: {name.replace('*', '')}, repeat {repeat + 1} of {scale.launches}")
            took[name].append(_seconds(place, way, scale.launched))
    say(f"launching: {counted(scale.crowd)} together")
    crowd = _seconds(place, _launched(place, fleets.together), scale.crowd)
    figures = {name: Figure(tuple(values)) for name, values in took.items()}
    rates = {name: str(_rate(scale.launched, figure)) for name, figure in figures.items()}
    names = (TOGETHER, ONE_BY_ONE, PARALLEL, SPOOLER, SUPERVISORD)
    rows = [(name, counted(scale.launched), rates.get(name, NOT_INSTALLED)) for name in names]
    rows.insert(1, (TOGETHER, counted(scale.crowd), str(_rate(scale.crowd, Figure((crowd,))))))
    note = (
        "From the first command line to the moment at which each command has run; each writes one byte into a common "
        "file. One by one: by a command line for each. Ours are runs with a supervisor of their own that outlive "
        "whoever launched them."
    )
    return Result(Table("Launching", ("", "commands", "a second"), rows, note), _bars(scale, figures))


Way = Callable[[list[str], Callable[[], None]], None]
"""Launches these shell commands, calls what waits until each has run, and takes everything down again."""


def _ways(place: Place) -> dict[str, Way]:
    ways = {TOGETHER: _launched(place, fleets.together), ONE_BY_ONE: _launched(place, fleets.one_by_one)}
    if has_parallel():
        ways[PARALLEL] = _by_parallel
    if has_task_spooler():
        ways[SPOOLER] = _by_task_spooler
    if has_supervisord():
        ways[SUPERVISORD] = _by_supervisord
    return ways


def _seconds(place: Place, way: Way, count: int) -> float:
    marks = place.fresh() / "marks"
    marks.touch()
    place.settle()
    ended: list[float] = []

    def wait() -> None:
        eventually(lambda: marks.stat().st_size >= count, timeout=300, interval=0.001)
        ended.append(time.perf_counter())

    began = time.perf_counter()
    way([f"printf . >> {marks}"] * count, wait)
    return ended[0] - began


def _launched(place: Place, launch: Callable[[Path, Sequence[str]], None]) -> Way:
    def way(commands: list[str], wait: Callable[[], None]) -> None:
        with fleets.fleet(place) as home:
            launch(home, commands)
            wait()

    return way


def _by_parallel(commands: list[str], wait: Callable[[], None]) -> None:
    parallel(commands)
    wait()


def _by_task_spooler(commands: list[str], wait: Callable[[], None]) -> None:
    with TaskSpooler(len(commands)) as spooler:
        for command in commands:
            spooler.run("-n", "sh", "-c", command)
        wait()


def _by_supervisord(commands: list[str], wait: Callable[[], None]) -> None:
    with Supervisord(commands):
        wait()


def _rate(count: int, seconds: Figure) -> Figure:
    return Figure(tuple(count / each for each in seconds.values))


def _bars(scale: Scale, figures: dict[str, Figure]) -> tuple[Bar, ...]:
    if PARALLEL not in figures:
        return ()
    what = f"time to launch {counted(scale.launched)} together, over GNU parallel's"
    return (Bar(what, 1.0, "×", figures[TOGETHER].over(figures[PARALLEL])),)
