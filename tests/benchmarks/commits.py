"""What it costs to commit an item, with its output, in a run of so many items: ours beside other stores."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib.util import find_spec
from typing import NamedTuple

from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table


class Pace(StrEnum):
    """How many items of it can be waited for."""

    FAST = ""
    SYNCED = "items"
    STEPS = "steps"
    REWRITES = "items at the end"


class Store(NamedTuple):
    name: str
    title: str
    safe_at: str
    pace: Pace
    package: str | None = None
    """What has to be installed."""

    def counts(self, scale: Scale) -> dict[int, int]:
        """Size of the run -> items that are measured of it."""
        match self.pace:
            case Pace.FAST:
                return {size: size for size in scale.sizes}
            case Pace.SYNCED:
                return {scale.sizes[0]: scale.synced}
            case Pace.STEPS:
                return {scale.sizes[0]: scale.steps}
            case Pace.REWRITES:
                return {size: scale.rewrites for size in scale.sizes if size <= 100_000}


OURS, SQLITE = "process", "sqlite-plain"
STORES = (
    Store("append", "bare append log: no checksum, no way back", "kill", Pace.FAST),
    Store(OURS, "**overnight**, `process`", "kill; power −50 ms", Pace.FAST),
    Store("lmdb", "LMDB nosync, commit each", "kill", Pace.FAST, "lmdb"),
    Store(SQLITE, "SQLite WAL NORMAL, `with connection` each", "kill", Pace.FAST),
    Store("sqlite-fastest", "the same, autocommit and without rowid", "kill", Pace.FAST),
    Store("sqlite-full", "SQLite WAL FULL, `with connection` each", "power", Pace.SYNCED),
    Store("power", "**overnight**, `power`", "power", Pace.SYNCED),
    Store("dbos", "a DBOS step on SQLite", "power", Pace.STEPS, "dbos"),
    Store("json", "whole JSON rewritten for each item", "no", Pace.REWRITES),
)
Measured = Mapping[tuple[str, int], list[float]]


def commits(scale: Scale, place: Place, say: Callable[[str], None], stores: tuple[Store, ...] = STORES) -> Result:
    cells: dict[tuple[str, int], list[float]] = {}
    there = [store for store in stores if store.package is None or find_spec(store.package)]
    for repeat in range(scale.repeats):
        for size in scale.sizes:
            if repeat >= scale.repeats_at(size):
                continue
            say(f"commit: {counted(size)} items, repeat {repeat + 1} of {scale.repeats_at(size)}")
            for store in there:
                if count := store.counts(scale).get(size):
                    cells.setdefault((store.name, size), []).append(_microseconds(place, store, count, size))
    rows = [_row(store, scale, cells) for store in stores]
    columns = ("store", "safe at", *(f"{counted(size)} items" for size in scale.sizes))
    note = "µs an item: a key of 30 characters and 60 bytes of output; median (least–most) of the whole loop."
    return Result(Table("Committing an item", columns, rows, note), _bars(scale.sizes, cells))


def _microseconds(place: Place, store: Store, count: int, size: int) -> float:
    folder = place.fresh()
    if store.name in {"process", "power"}:
        return place.measure(folder, "commits", count, store.name)["microseconds"]
    return place.measure(folder, "store", store.name, folder, count, size)["microseconds"]


def _row(store: Store, scale: Scale, cells: Measured) -> tuple[str, ...]:
    counts = store.counts(scale)
    return (store.title, store.safe_at, *(_cell(store, counts.get(size), cells, size) for size in scale.sizes))


def _cell(store: Store, count: int | None, cells: Measured, size: int) -> str:
    if count is None:
        return ""
    values = cells.get((store.name, size))
    if values is None:
        return f"not measured: {store.package} is not installed"
    return f"{Figure(tuple(values))}{f', {count} {store.pace}' if store.pace else ''}"


def _bars(sizes: tuple[int, ...], cells: Measured) -> tuple[Bar, ...]:
    smallest, largest = min(sizes), max(sizes)
    most, few = Figure(tuple(cells[OURS, largest])), Figure(tuple(cells[OURS, smallest]))
    sqlite = Figure(tuple(cells[SQLITE, largest]))
    return (
        Bar(f"commit an item, at {counted(largest)} items", 10, "µs", most),
        Bar(f"the same, over what it costs at {counted(smallest)} items (flat)", 1.2, "×", most.over(few)),
        Bar(
            f"the same, over SQLite WAL NORMAL, at {counted(largest)} items",
            1 / 3,
            "×",
            most.over(sqlite),
        ),
    )
