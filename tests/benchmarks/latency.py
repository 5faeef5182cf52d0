"""From a command line that asks for a pause to the agent that hears of it."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from overnight.agents import operate
from overnight.state.home import Home
from tests.benchmarks import fleets
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import NOT_INSTALLED, Supervisord, has_supervisord
from tests.benchmarks.place import ROOT, Place, surroundings
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table
from tests.waiting import eventually

BARE, OURS, THEIRS = "an interpreter, from its start to its end", "**overnight** `pause`", "`supervisorctl signal TSTP`"
MOST = 4.0
"""Times the start of a bare interpreter."""


def latency(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    say(f"latency: {scale.asked} pauses")
    place.settle()
    bare, ours = _ours(scale, place)
    rows = [(BARE, str(bare), _said(bare.p95)), (OURS, str(ours), _said(ours.p95))]
    if has_supervisord():
        say(f"latency: {scale.asked} signals by supervisorctl")
        place.settle()
        theirs = _theirs(scale, place)
        rows.append((THEIRS, str(theirs), _said(theirs.p95)))
    else:
        rows.append((THEIRS, NOT_INSTALLED, NOT_INSTALLED))
    note = (
        "From the start of the command to the first line of the handler of SIGTSTP in an agent; "
        f"{scale.asked} times, in turns with the interpreter."
    )
    bar = Bar("pause, p95, over the start of an interpreter, p95", MOST, "×", Figure((ours.p95 / bare.p95,)))
    return Result(Table("Asking for a pause", ("", "ms", "ms, p95"), rows, note), (bar,))


def _ours(scale: Scale, place: Place) -> tuple[Figure, Figure]:
    bare, ours = [], []
    with fleets.fleet(place) as home:
        heard = home / "heard"
        fleets.one_by_one(home, [_agent(heard)])
        eventually(heard.exists)
        (run,) = Home(str(home)).runs()
        for _ in range(scale.asked):
            bare.append(_milliseconds_of_an_interpreter())
            ours.append(_milliseconds([fleets.OVERNIGHT, "pause", run.id], home, heard))
            going = operate.resume(run)
            assert going is not None
            operate.wait_obeyed(run, going, 10)
    return Figure(tuple(bare)), Figure(tuple(ours))


def _theirs(scale: Scale, place: Place) -> Figure:
    folder = place.fresh()
    heard = folder / "heard"
    with Supervisord([_agent(heard)]) as peer:
        peer.wait(1)
        eventually(heard.exists)
        took = [_milliseconds(peer.command("signal", "TSTP", "p0"), folder, heard) for _ in range(scale.asked)]
    return Figure(tuple(took))


def _agent(heard: Path) -> str:
    return f"exec {sys.executable} {ROOT}/tests/benchmarks/programs/asked.py {heard}"


def _milliseconds_of_an_interpreter() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return 1000 * (time.perf_counter() - began)


def _milliseconds(command: list[str], home: Path, heard: Path) -> float:
    """From now until the agent has heard of it."""
    before = len(heard.read_text().splitlines())
    began = time.monotonic_ns()
    subprocess.run(command, env=surroundings(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    eventually(lambda: len(heard.read_text().splitlines()) > before)
    return (int(heard.read_text().splitlines()[before]) - began) / 1e6


def _said(milliseconds: float) -> str:
    return str(Figure((milliseconds,)))
