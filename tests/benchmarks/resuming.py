"""What it takes to go on: time and memory up to the first item that is not done."""

import shutil
from collections.abc import Callable
from itertools import product

from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

SOURCES = {"list": "a list", "stream": "a generator"}
LEFT = ("stopped", "killed")
Answers = dict[str, Figure]


def resuming(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    rows = []
    cases: dict[tuple[str, str, int], Answers] = {}
    for kind, left, size in product(SOURCES, LEFT, scale.resumed):
        say(f"resume: {SOURCES[kind]}, {left} with {counted(size)} done")
        answers = cases[kind, left, size] = _answers(scale, place, kind, left, size)
        beyond = answers["seconds"].minus(answers["reading"])
        done = counted(answers["done"].median)
        rows.append((SOURCES[kind], left, done, str(beyond), str(answers["reading"]), str(answers["megabytes"])))
    columns = ("source", "left", "items done", "s beyond reading", "s to read it and build its keys", "MB more")
    note = (
        "From the call of `start()` to the first item that is not done; median (least–most). "
        "Killed: when the log behind its head was longest."
    )
    return Result(Table("Going on", columns, rows, note), _bars(scale.resumed, cases))


def _answers(scale: Scale, place: Place, kind: str, left: str, size: int) -> Answers:
    """Each repeat goes on from a copy of the same run."""
    prepared = place.fresh()
    place.run(prepared, "resumed", kind, size, left)
    values: list[dict[str, float]] = []
    for _ in range(scale.repeats):
        copy = place.fresh()
        shutil.copytree(prepared, copy, dirs_exist_ok=True)
        values.append(place.measure(copy, "resumed", kind, size, left))
    shutil.rmtree(prepared)
    return {name: Figure(tuple(each[name] for each in values)) for name in values[0]}


def _bars(sizes: tuple[int, ...], cases: dict[tuple[str, str, int], Answers]) -> tuple[Bar, ...]:
    few, most = min(sizes), max(sizes)
    bars = []
    for kind, left in product(SOURCES, LEFT):
        answers = cases[kind, left, most]
        what = f"go on in {SOURCES[kind]}, {left} with {counted(most)} done"
        bars.append(Bar(what, 0.1, "s beyond reading it", answers["seconds"].minus(answers["reading"])))
    for kind, source in SOURCES.items():
        more = cases[kind, "killed", most]["megabytes"].minus(cases[kind, "killed", few]["megabytes"])
        what = f"memory to go on in {source}, over that with {counted(few)} done"
        bars.append(Bar(what, 1.0, "MB more", more))
    return tuple(bars)
