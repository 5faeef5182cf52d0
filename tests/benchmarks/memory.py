"""How much memory an agent holds that streams so many items."""

from collections.abc import Callable

from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

ONCE = 10_000_000
"""Items whose run takes minutes: it is measured once."""


def memory(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    found: dict[int, list[float]] = {size: [] for size in scale.streamed}
    for repeat in range(min(scale.repeats, 3)):
        for size in scale.streamed:
            if size < ONCE or not repeat:
                say(f"memory: {counted(size)} streamed items")
                found[size].append(place.measure(place.fresh(), "streamed", size)["megabytes"])
    figures = {size: Figure(tuple(values)) for size, values in found.items()}
    columns = ("", *(f"{counted(size)} items" for size in figures))
    rows = [("MB", *map(str, figures.values()))]
    note = "The most that the process held, from its start to its end; a generator, 60 bytes of output an item."
    return Result(Table("Memory of a stream", columns, rows, note), (_bar(figures),))


def _bar(figures: dict[int, Figure]) -> Bar:
    few, most = min(figures), max(figures)
    apart = [abs(figure.median / figures[few].median - 1) for figure in figures.values()]
    what = f"memory of a stream, from {counted(few)} to {counted(most)} items"
    return Bar(what, 0.1, "apart", Figure((max(apart),)))
