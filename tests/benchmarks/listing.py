"""How long it takes to be told what all runs do, by a command that has just been started."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import fleets
from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.peers import NOT_INSTALLED, Supervisord, has_supervisord
from tests.benchmarks.place import Place, surroundings
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

OURS, THEIRS = "**overnight** `ls`", "`supervisorctl status`"
MOST = 0.6


def listing(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    count = scale.launched
    say(f"listing: {counted(count)} runs")
    with fleets.fleet(place) as home:
        fleets.together(home, [fleets.SLEEP] * count)
        if not has_supervisord():
            ours = Figure(tuple(_milliseconds([fleets.OVERNIGHT, "ls"], home) for _ in range(scale.asked)))
            return _result(count, {OURS: ours})
        with Supervisord([fleets.SLEEP] * count) as peer:
            peer.wait(count)
            place.settle()
            took = [
                (_milliseconds([fleets.OVERNIGHT, "ls"], home), _milliseconds(peer.command("status"), home))
                for _ in range(scale.asked)
            ]
    ours, theirs = (Figure(values) for values in zip(*took, strict=True))
    return _result(count, {OURS: ours, THEIRS: theirs})


def _result(count: int, figures: dict[str, Figure]) -> Result:
    rows = [(name, str(figures.get(name, NOT_INSTALLED))) for name in (OURS, THEIRS)]
    note = f"{counted(count)} of each are running. From the start of the command to its end, in turns."
    return Result(Table("Listing", ("", "ms"), rows, note), _bars(count, figures))


def _bars(count: int, figures: dict[str, Figure]) -> tuple[Bar, ...]:
    if THEIRS not in figures:
        return ()
    what = f"`ls` with {counted(count)} runs, over `supervisorctl status`"
    return (Bar(what, MOST, "×", figures[OURS].over(figures[THEIRS])),)


def _milliseconds(command: list[str], home: Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=surroundings(home), stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - began)
