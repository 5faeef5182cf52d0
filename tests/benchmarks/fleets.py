"""Many real runs in a home of their own, for as long as something is measured of them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overnight.agents import operate
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.rundir import RunDir
from tests.benchmarks.peers import SCRIPTS
from tests.benchmarks.place import ROOT, Place, surroundings
from tests.waiting import eventually

OVERNIGHT = str(SCRIPTS / "overnight")
SLEEP = "exec sleep 3600"


@contextmanager
def fleet(place: Place) -> Iterator[Path]:
    """A home; whatever runs in it at the end is killed. It stays until all is measured: `Place.calm` says why."""
    home = place.fresh()
    try:
        yield home
    finally:
        runs = runs_of(home)
        for run in runs:
            try:
                operate.kill(run)
            except OvernightError:
                # It has ended.
                continue
        eventually(lambda: not any(run.is_supervised() for run in runs), timeout=120)


def one_by_one(home: Path, commands: Sequence[str]) -> None:
    """Each by a command line of its own."""
    for command in commands:
        subprocess.run(
            [OVERNIGHT, "run", "--name", "peer", "--", "sh", "-c", command],
            env=surroundings(home),
            stdout=subprocess.DEVNULL,
            check=True,
        )


def together(home: Path, commands: Sequence[str]) -> None:
    """All by one process. Raises CalledProcessError when one of them was not launched."""
    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.programs.together"],
        cwd=ROOT,
        env=surroundings(home),
        input=json.dumps(commands),
        text=True,
        check=True,
    )


def runs_of(home: Path) -> list[RunDir]:
    return list(Home(str(home)).runs())
