"""Remove ended runs, with their logs, checkpoints and artifacts."""

from argparse import ArgumentParser, Namespace

from overnight.agents import operate
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, Status
from overnight.tui import console, selection


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options, ENDED | {Status.LOST})
    if not runs and not code:
        console.say("There is no ended run to remove.")
    return max(code, selection.for_each(runs, _remove))


def _remove(run: RunDir) -> None:
    operate.remove(run)
    console.say(f"removed {run.id}")
