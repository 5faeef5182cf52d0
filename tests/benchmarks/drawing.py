"""What the list of the interface costs while it changes and while it does not, and how soon it shows what is new."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from overnight.state.records import Progress
from overnight.tui.glyphs import UNICODE
from overnight.tui.numbers import number
from tests.benchmarks import fleets, watched
from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.place import Place
from tests.benchmarks.programs.changing import FIRST
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run

OURS, TABLE, PLAIN = (
    "**overnight**, each row changing",
    "Textual's `DataTable`, the same",
    "plain escape codes, the same",
)
PROGRAMS = {OURS: "drawn_ours", TABLE: "drawn_table", PLAIN: "drawn_plain"}
LAST_OF_THEM = 20
"""The number of the run that stands in the last row of a list of 80 x 24."""
SLOW = 20_000.0
"""Bytes a second of a slow line."""
LIVE = 20
"""Runs that are watched while a record of one of them changes."""
Cost = tuple[Figure, Figure]
"""Percent of a core, and bytes a second."""


def drawing(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    few, many = scale.launched, scale.fleet
    say(f"drawing: {counted(many)} runs that change")
    changing = _changing(scale, place)
    on_a_slow_line = _keys_on_a_slow_line(scale, place)
    say(f"drawing: {counted(few)} and {counted(many)} runs that have ended")
    homes = {count: place.fresh() for count in (few, many)}
    for count, home in homes.items():
        fleets.ended(home, count)
    first = _first_paints(scale, place, homes)
    keys = {count: _keys(scale, place, home) for count, home in homes.items()}
    quiet = _quiet(scale, place, homes[many])
    say("drawing: a record that changes")
    record = _record_to_paint(scale, place)
    rows = [
        *((name, str(cpu), str(written), "", "") for name, (cpu, written) in changing.items()),
        (f"**overnight**, {counted(many)} ended runs, nothing changing", *map(str, quiet), "", ""),
        *((f"**overnight**, a key, {counted(count)} runs", "", "", *_times(keys[count])) for count in homes),
        ("**overnight**, a key, each row changing, 20 kB a second", "", "", *_times(on_a_slow_line)),
        *((f"**overnight**, its start, {counted(count)} runs", "", "", *_times(first[count])) for count in homes),
        ("an empty Textual app, its start", "", "", *_times(first[0])),
        ("**overnight**, a record that changes", "", "", *_times(record)),
    ]
    return Result(
        Table("Drawing", ("", "% of a core", "bytes a second", "ms", "ms, p99"), rows, _note(scale)),
        (
            Bar("CPU of a changing list, over `DataTable`'s", 0.2, "×", changing[OURS][0].over(changing[TABLE][0])),
            Bar("bytes of a changing list, over plain codes'", 1.5, "×", changing[OURS][1].over(changing[PLAIN][1])),
            Bar("a core while nothing changes", 0.3, "%", quiet[0]),
            Bar("bytes while nothing changes", 0.0, "a second", quiet[1]),
            *(bar for count in homes for bar in _key_bars(count, keys[count])),
            Bar("a key on a line of 20 kB a second", 50.0, "ms", on_a_slow_line),
            Bar(f"first picture, {counted(few)} runs, over an empty app's", 1.25, "×", first[few].over(first[0])),
            Bar(f"first picture, {counted(many)} runs", 2000.0, "ms", first[many]),
            Bar("a record that changes, p95", 150.0, "ms", Figure((record.p95,))),
        ),
    )


def _key_bars(count: int, took: Figure) -> tuple[Bar, Bar]:
    what = f"a key, {counted(count)} runs"
    return Bar(what, 8.0, "ms", Figure((took.median,))), Bar(f"{what}, p99", 30.0, "ms", Figure((took.p99,)))


def _times(took: Figure) -> tuple[str, str]:
    return str(took), str(Figure((took.p99,)))


def _note(scale: Scale) -> str:
    return (
        f"80 x 24. Changing: {counted(scale.fleet)} runs, of which the 21 that are seen change ten times a second, for "
        f"{scale.drawn:g} s, in turns. A key: from the key to the first byte of what it changes, or, where all does, "
        "to the cursor in its new place. A start: from the command to the first run that is shown. A record: from the "
        f"replaced `progress.json` to its number on the screen, with {counted(max(scale.fleet // 10, LIVE))} runs of "
        f"which {LIVE} are live."
    )


@contextmanager
def _program(name: str, count: int, home: Path) -> Iterator[Terminal]:
    """One of those that draw a changing fleet, as soon as it shows it."""
    command = [sys.executable, "-m", f"tests.benchmarks.programs.{name}", str(count)]
    with a_terminal(command, OVERNIGHT_HOME=str(home), LC_ALL="C.UTF-8") as terminal:
        watched.until_written(terminal, FIRST)
        if name == PROGRAMS[OURS]:
            # Away with the pane of the open run, which the others have not.
            os.write(terminal.child.child_fd, b"\x1b")
        watched.until_written(terminal, *([f"drawn-{LAST_OF_THEM:05}"] if name == PROGRAMS[OURS] else []))
        watched.cost(terminal, 1.0)
        yield terminal


def _changing(scale: Scale, place: Place) -> dict[str, Cost]:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in range(scale.repeats_of_largest):
        for name, program in PROGRAMS.items():
            place.settle()
            with _program(program, scale.fleet, place.fresh()) as terminal:
                taken[name].append(watched.cost(terminal, scale.drawn))
    return {name: _cost_of(each) for name, each in taken.items()}


def _cost_of(taken: list[tuple[float, float]]) -> Cost:
    cpu, written = (Figure(values) for values in zip(*taken, strict=True))
    return cpu, written


@contextmanager
def _interface(place: Place, home: Path) -> Iterator[Terminal]:
    """Over ended runs, all of them read and nothing left to write."""
    place.settle()
    with _started(home) as terminal:
        watched.until_quiet(terminal, 2.0)
        yield terminal


@contextmanager
def _started(home: Path) -> Iterator[Terminal]:
    with a_terminal([fleets.OVERNIGHT], OVERNIGHT_HOME=str(home), LC_ALL="C.UTF-8") as terminal:
        yield terminal


def _keys(scale: Scale, place: Place, home: Path) -> Figure:
    """j and k in turns: each moves the cursor."""
    took = []
    with _interface(place, home) as terminal:
        for each in range(scale.keys):
            took.append(watched.milliseconds(terminal, b"jk"[each % 2 : each % 2 + 1]))
            watched.until_quiet(terminal)
    return Figure(tuple(took))


def _keys_on_a_slow_line(scale: Scale, place: Place) -> Figure:
    took = []
    place.settle()
    with ExitStack() as stack:
        terminal = stack.enter_context(_program(PROGRAMS[OURS], scale.fleet, place.fresh()))
        os.write(terminal.child.child_fd, b"\x0c")
        watched.drain(terminal, 1.0)
        for each in range(scale.keys):
            wanted = 2 + (each + 1) % 2
            watched.drain(terminal, 0.1 + 0.013 * (each % 8), SLOW)
            os.write(terminal.child.child_fd, b"jk"[each % 2 : each % 2 + 1])
            shown = watched.until_shown(terminal, partial(_cursor_is_at, terminal, wanted), SLOW)
            took.append(1000 * shown)
    return Figure(tuple(took))


def _cursor_is_at(terminal: Terminal, row: int) -> bool:
    """Whether that row of the terminal, and no other one, has the cursor's sign at its left."""
    return [y for y in range(2, 23) if terminal.screen.buffer[y][0].data == UNICODE.cursor] == [row]


def _first_paints(scale: Scale, place: Place, homes: dict[int, Path]) -> dict[int, Figure]:
    """Milliseconds by the count of runs; 0 = the empty app. Each goes first as often as last."""
    empty = [sys.executable, "-m", "tests.benchmarks.programs.drawn_empty"]
    starts = {
        0: partial(_milliseconds_until, empty, "ready", place.folder),
        **{
            count: partial(_milliseconds_until, [fleets.OVERNIGHT], "ended-00000", home)
            for count, home in homes.items()
        },
    }
    took: dict[int, list[float]] = {count: [] for count in starts}
    for repeat in range(8 * scale.repeats):
        place.settle()
        for count in list(starts)[:: -1 if repeat % 2 else 1]:
            took[count].append(starts[count]())
    return {count: Figure(tuple(each)) for count, each in took.items()}


def _milliseconds_until(command: list[str], word: str, home: Path) -> float:
    began = time.perf_counter()
    with a_terminal(command, OVERNIGHT_HOME=str(home), LC_ALL="C.UTF-8") as terminal:
        watched.until_written(terminal, word)
        return 1000 * (time.perf_counter() - began)


def _quiet(scale: Scale, place: Place, home: Path) -> Cost:
    with _interface(place, home) as terminal:
        to_next_minute = 60 - time.time() % 60
        if to_next_minute < scale.quiet + 1:
            # The clock of the header changes, and may.
            watched.cost(terminal, to_next_minute + 1)
        return _cost_of([watched.cost(terminal, scale.quiet)])


def _record_to_paint(scale: Scale, place: Place) -> Figure:
    home = place.fresh()
    fleets.ended(home, max(0, scale.fleet // 10 - LIVE))
    took = []
    place.settle()
    with ExitStack() as stack:
        # The newest one stands on top, under the cursor: records keep whole seconds, and of one second any could be it.
        ages = reversed(range(LIVE))
        runs = [
            stack.enter_context(a_supervised_run(home, f"live-{each:02}", created_at=time.time() - 60 - age))
            for each, age in enumerate(ages)
        ]
        terminal = stack.enter_context(_started(home))
        watched.until_shown(terminal, lambda: f"live-{LIVE - 1:02}" in terminal.text())
        for each in range(scale.asked):
            done = 1_000 + 37 * each
            now = time.time()
            progress = Progress(processed_items=done, total_items=50_330, updated_at=now, attempt=1)
            runs[-1].write(runs[-1].progress_path, progress)
            began = time.perf_counter()
            watched.until_shown(terminal, partial(_says, terminal, number(done)))
            took.append(1000 * (time.perf_counter() - began))
            # At another moment between two ticks of its clock each time.
            watched.drain(terminal, 0.3 + 0.07 * (each % 11))
    return Figure(tuple(took))


def _says(terminal: Terminal, text: str) -> bool:
    return any(text in line for line in terminal.screen.display)
