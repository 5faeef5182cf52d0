"""What ours, tqdm and rich foretell of loads whose end is known: the real code of each, on a clock of its own."""

import time
from collections.abc import Callable, Sequence
from random import Random
from statistics import mean
from typing import NamedTuple

from overnight.state.eta import Estimator
from tests.benchmarks.eta.forecasters import FORECASTERS
from tests.benchmarks.eta.judging import QUESTIONS, Judgement, judge, moments_of
from tests.benchmarks.eta.loads import LOADS, Load
from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

REPORTED = 1000
"""The first seed that is reported: those below were looked at while the forecast was built."""
NOTE = (
    "Each load is told by {seeds} seeds and asked at {questions} moments of its life. Off: |said - true| over the "
    "length of the run, mean. Ln: |ln(said / true)|, mean. Jitter: by how much the foretold end moves between two "
    "moments, over that length, mean. Held: how often the truth was in the range of 80 %. (u): nothing tells before."
)


class Row(NamedTuple):
    """One load, by forecaster."""

    load: Load
    off: dict[str, float]
    log_off: dict[str, float]
    jitter: dict[str, float]
    held: float


def eta(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    place.settle()
    rows = []
    for load in LOADS:
        say(f"eta: {load.name}")
        rows.append(row_of(load, range(REPORTED, REPORTED + scale.seeds)))
    lines = [_line(row) for row in rows]
    lines.append(_cells("**all of them**", rows, mean(row.held for row in rows)))
    columns = ("", *(f"{name}: {what}" for name in FORECASTERS for what in ("off, %", "ln", "jitter, %")), "held, %")
    note = NOTE.format(seeds=scale.seeds, questions=QUESTIONS)
    return Result(Table("What they foretell", columns, lines, note), bars_of(rows))


def row_of(load: Load, seeds: Sequence[int]) -> Row:
    judged: dict[str, list[Judgement]] = {name: [] for name in FORECASTERS}
    for seed in seeds:
        story = load.tell(Random(f"{load.name}{seed}"))
        moments = moments_of(story)
        said = {name: forecast(story, moments) for name, forecast in FORECASTERS.items()}
        counts = [all(each[number] is not None for each in said.values()) for number in range(len(moments))]
        for name, each in said.items():
            judged[name].append(judge(story, moments, each, counts))
    return Row(
        load,
        {name: mean(each for one in many for each in one.off) for name, many in judged.items()},
        {name: mean(each for one in many for each in one.log_off) for name, many in judged.items()},
        {name: mean(one.jitter for one in many) for name, many in judged.items()},
        mean(each for one in judged["overnight"] for each in one.held),
    )


def bars_of(rows: Sequence[Row]) -> tuple[Bar, ...]:
    foreseeable = [row for row in rows if row.load.foreseeable]
    off = {name: mean(row.log_off[name] for row in rows) for name in FORECASTERS}
    jitter = {name: mean(row.jitter[name] for row in rows) for name in FORECASTERS}
    held = 100 * mean(row.held for row in rows)
    missed = 100 * mean(row.off["overnight"] for row in foreseeable)
    return (
        Bar("mean abs ln(said / true), over tqdm's", 0.5, "×", _one(off["overnight"] / off["tqdm"])),
        Bar("the same over rich's", 0.75, "×", _one(off["overnight"] / off["rich"])),
        Bar("mean error, of what is foreseeable", 11, "%", _one(missed)),
        Bar("jitter, over tqdm's", 0.25, "×", _one(jitter["overnight"] / jitter["tqdm"])),
        Bar("truths outside the range of 80 %", 25, "%", _one(100 - held)),
        Bar("truths inside it", 90, "%", _one(held)),
        Bar(
            "truths outside it, of the worst foreseeable load",
            40,
            "%",
            _one(100 - 100 * min(row.held for row in foreseeable)),
        ),
        Bar("recording an item", 1, "µs", _recording()),
        Bar("a forecast", 2000, "µs", _forecasting()),
    )


def _one(value: float) -> Figure:
    return Figure((value,))


def _line(row: Row) -> tuple[str, ...]:
    return _cells(row.load.name + ("" if row.load.foreseeable else " (u)"), [row], row.held)


def _cells(title: str, rows: Sequence[Row], held: float) -> tuple[str, ...]:
    cells = [title]
    for name in FORECASTERS:
        cells += [
            f"{100 * mean(row.off[name] for row in rows):.1f}",
            f"{mean(row.log_off[name] for row in rows):.2f}",
            f"{100 * mean(row.jitter[name] for row in rows):.1f}",
        ]
    return (*cells, f"{100 * held:.0f}")


def _recording(count: int = 100_000) -> Figure:
    """Microseconds, of as many items as it takes to thin the curve often."""
    took = []
    for _ in range(5):
        estimator = Estimator()
        begun = time.perf_counter()
        for number in range(count):
            estimator.record(number, number * 0.001)
        took.append(1e6 * (time.perf_counter() - begun) / count)
    return Figure(tuple(took))


def _forecasting() -> Figure:
    estimator, rng, now = Estimator(), Random(1), 0.0
    for number in range(5_000):
        now += rng.lognormvariate(0, 0.8)
        estimator.record(number + 1, now)
    took = []
    for _ in range(50):
        begun = time.perf_counter()
        estimator.forecast(3_000, now)
        took.append(1e6 * (time.perf_counter() - begun))
    return Figure(tuple(took))
