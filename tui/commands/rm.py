"""Remove ended runs, with their logs, checkpoints and artifacts."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from overnight.agents import operate
from overnight.state.find import called
from overnight.state.home import Home
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, Status
from overnight.tui import console, selection


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options, ENDED | {Status.LOST})
    _tell_namesakes(home, options.runs, runs)
    if not runs and not code:
        console.say("There is no ended run to remove.")
    return max(code, selection.for_each(runs, _remove))


def _tell_namesakes(home: Home, words: Iterable[str], runs: Iterable[RunDir]) -> None:
    """Which run of several that bear a name is meant: what is removed does not come back."""
    ids = {run.id for run in runs}
    for word in words:
        named = [run.id for _, run in called(home, word)] if word not in ids else []
        meant = [run_id for run_id in named if run_id in ids]
        if len(named) > 1 and len(meant) == 1:
            console.say(f"{len(named)} runs are called {word}: {meant[0]} is meant, the others stay.")


def _remove(run: RunDir) -> None:
    operate.remove(run)
    console.say(f"removed {run.id}")
