"""What a loop costs that only shows its progress: ours beside progress bars."""

from collections.abc import Callable
from importlib.util import find_spec

from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

BARS = {"overnight": "**overnight**, `durable=False`", "tqdm": "tqdm", "rich": "rich.progress.track"}


def overhead(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    found: dict[str, list[float]] = {name: [] for name in BARS if name == "overnight" or find_spec(name)}
    for repeat in range(scale.repeats):
        say(f"overhead: repeat {repeat + 1} of {scale.repeats}")
        for name, values in found.items():
            values.append(place.measure(place.fresh(), "overhead", name, scale.looped)["nanoseconds"])
    figures = {name: Figure(tuple(values)) for name, values in found.items()}
    rows = [(title, str(figures.get(name, "not measured: it is not installed"))) for name, title in BARS.items()]
    note = f"Over the bare loop, which does nothing with {counted(scale.looped)} items; each draws on a terminal."
    table = Table("Showing progress", ("", "ns an item"), rows, note)
    return Result(table, _bars(figures))


def _bars(figures: dict[str, Figure]) -> tuple[Bar, ...]:
    if "tqdm" not in figures:
        return ()
    return (Bar("progress without commits, over tqdm's", 0.6, "×", figures["overnight"].over(figures["tqdm"])),)
