"""What a run costs besides its agent: memory of its supervisor and keeper, and how often they wake up for nothing."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import mean

from overnight.state.records import Attempt, SupervisorRecord
from overnight.state.rundir import RunDir
from tests.benchmarks import fleets
from tests.benchmarks.figures import Figure, counted
from tests.benchmarks.peers import NOT_INSTALLED, Supervisord, has_supervisord
from tests.benchmarks.place import NothingMeasured, Place
from tests.benchmarks.scale import Scale
from tests.benchmarks.table import Bar, Result, Table

ONE_BY_ONE, TOGETHER = 6.0, 2.0
"""MB of supervisor and keeper: the bars."""
BEGUN = 10.0
"""Seconds until an attempt has begun, and all that comes with it is over."""


def footprint(scale: Scale, place: Place, say: Callable[[str], None]) -> Result:
    count = scale.launched
    say(f"footprint: {counted(count)} launched one by one")
    alone = _cost(scale, place, fleets.one_by_one)
    say(f"footprint: {counted(count)} launched together")
    shared = _cost(scale, place, fleets.together)
    rows = [
        ("**overnight**, launched one by one", *map(_said, alone[:2]), _said(sum(alone[:2])), _said(alone[2])),
        ("**overnight**, launched together", *map(_said, shared[:2]), _said(sum(shared[:2])), _said(shared[2])),
        ("an interpreter that does nothing", "", "", _said(_of_interpreters(count)), ""),
        ("supervisord, its share for each program", "", "", _of_supervisord(count), ""),
    ]
    note = (
        f"Proportional memory (PSS) with {counted(count)} running, the mean of them. Wake-ups are those of supervisor "
        f"and keeper together, counted for {scale.idle:g} s while nothing happened. supervisord has one process for "
        "all, with which its programs end."
    )
    columns = ("", "MB, supervisor", "MB, keeper", "MB together", "wake-ups a minute")
    bars = (
        Bar("supervisor and keeper, launched one by one", ONE_BY_ONE, "MB", Figure((sum(alone[:2]),))),
        Bar("supervisor and keeper, launched together", TOGETHER, "MB", Figure((sum(shared[:2]),))),
        Bar("wake-ups while nothing happens", 60 / 5 + 1, "a minute", Figure((max(alone[2], shared[2]),))),
    )
    return Result(Table("What a run costs", columns, rows, note), bars)


def _cost(scale: Scale, place: Place, launch: Callable[[Path, Sequence[str]], None]) -> tuple[float, float, float]:
    place.settle()
    with fleets.fleet(place) as home:
        launch(home, [fleets.SLEEP] * scale.launched)
        pairs = [_pair(run) for run in fleets.runs_of(home)]
        # A supervisor looks at the log of a new attempt a few times, to see how fast it grows.
        time.sleep(BEGUN)
        before = [_wake_ups(pid) for pair in pairs for pid in pair]
        time.sleep(scale.idle)
        after = [_wake_ups(pid) for pair in pairs for pid in pair]
        woken = (sum(after) - sum(before)) / len(pairs) * 60 / scale.idle
        return mean(_megabytes(own) for own, _ in pairs), mean(_megabytes(keeper) for _, keeper in pairs), woken


def _pair(run: RunDir) -> tuple[int, int]:
    """The pids of the supervisor and of the keeper, which is the agent's parent."""
    record, attempt = run.supervisor(), run.attempt(1)
    if not isinstance(record, SupervisorRecord) or not isinstance(attempt, Attempt):
        raise NothingMeasured(f"{run.id} does not run")
    return record.pid, int(_status(attempt.pid, "PPid"))


def _of_interpreters(count: int) -> float:
    with ExitStack() as stack:
        command = [sys.executable, "-I", "-S", "-c", "print(flush=True); input()"]
        bare = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(count)
        ]
        for each in bare:
            assert each.stdout is not None
            each.stdout.readline()
        megabytes = mean(_megabytes(each.pid) for each in bare)
        for each in bare:
            each.communicate(b"\n")
    return megabytes


def _of_supervisord(count: int) -> str:
    if not has_supervisord():
        return NOT_INSTALLED
    with Supervisord([fleets.SLEEP] * count) as peer:
        peer.wait(count)
        return _said(_megabytes(peer.pid) / count)


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _wake_ups(pid: int) -> int:
    return int(_status(pid, "voluntary_ctxt_switches"))


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(name + ":"))


def _said(value: float) -> str:
    return str(Figure((value,)))
