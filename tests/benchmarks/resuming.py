"""What it takes to go on: time and memory up to the first item that is not done."""

import shutil
from collections.abc import Callable
from itertools import product

from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

SOURCES = {"list": "a list", "stream": "a generator", "lines": "`Lines`", "jsonlines": "`JsonLines`"}
LEFT = ("stopped", "killed")
Answers = dict[str, Figure]


def resuming(scale: Scale, place: Place, say: Callable[[str], None], kinds: tuple[str, ...] = tuple(SOURCES)) -> Result:
    rows = []
    cases: dict[tuple[str, str, int], Answers] = {}
    for kind, left, size in product(kinds, LEFT, scale.resumed):
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
    return Result(Table("Going on", columns, rows, note), _bars(kinds, scale.resumed, cases))


def _answers(scale: Scale, place: Place, kind: str, left: str, size: int) -> Answers:
    """Each repeat goes on from a copy of the same run."""
    prepared, given = place.fresh(), place.fresh() / "items"
    arguments = ("resumed", kind, size, left, given)
    place.run(prepared, *arguments)
    values: list[dict[str, float]] = []
    for _ in range(scale.resumes):
        copy = place.fresh()
        shutil.copytree(prepared, copy, dirs_exist_ok=True)
        values.append(place.measure(copy, *arguments))
    shutil.rmtree(prepared)
    shutil.rmtree(given.parent)
    return {name: Figure(tuple(each[name] for each in values)) for name in values[0]}


def _bars(
    kinds: tuple[str, ...], sizes: tuple[int, ...], cases: dict[tuple[str, str, int], Answers]
) -> tuple[Bar, ...]:
    """Of the worse way to leave a run."""
    few, most = min(sizes), max(sizes)
    time, memory = [], []
    for kind in kinds:
        beyond = [cases[kind, left, most]["seconds"].minus(cases[kind, left, most]["reading"]) for left in LEFT]
        more = [cases[kind, left, most]["megabytes"].minus(cases[kind, left, few]["megabytes"]) for left in LEFT]
        what = f"go on in {SOURCES[kind]} with {counted(most)} done"
        time.append(Bar(what, 0.1, "s beyond reading it", max(beyond, key=_median)))
        what = f"memory to go on in {SOURCES[kind]}, over that with {counted(few)} done"
        memory.append(Bar(what, 1.0, "MB more", max(more, key=_median)))
    return (*time, *memory)


def _median(figure: Figure) -> float:
    return figure.median
