"""Many real runs in a home of their own, for as long as something is measured of them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overnight.agents import operate
from overnight.state.codec import encode
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.records import Attempt, Exit, Outcome, Progress, Spec
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


def ended(home: Path, count: int) -> None:
    """So many runs that have ended, as files: nothing ran. The newest, and the last that is made, is `ended-00000`."""
    (home / "runs").mkdir(mode=0o700)
    for number in reversed(range(count)):
        name, began = f"ended-{number:05}", 1_700_000_000.0 - number
        run = RunDir(str(home / "runs" / f"{name}-abcdef"))
        for folder in (run.control_path, run.attempts_path):
            Path(folder).mkdir(parents=True)
        command = ("sh", "-c", "true")
        records = {
            run.spec_path: Spec(run.id, name, command, "/", created_at=began, by="ann@here"),
            run.attempt_path(1): Attempt(1, 1, 1, "another", began, ended_at=began + 60, code=0),
            run.progress_path: Progress(total_items=100, processed_items=100, updated_at=began + 60, attempt=1),
            run.exit_path: Exit(Outcome.COMPLETED, 0, attempts=1, started_at=began, ended_at=began + 60),
            run.lock_path: None,
        }
        for path, record in records.items():
            # Not replaced and waited for, as a run does: there are many.
            Path(path).write_bytes(b"" if record is None else encode(record))
