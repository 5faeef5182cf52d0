"""Why a run is in the state in which it is: why it waits, is paused, has failed; and what can be done about it."""

import time
from argparse import ArgumentParser, Namespace

from overnight.state.history import history_of
from overnight.state.rundir import RunDir
from overnight.tui import console, selection
from overnight.tui.detail import clean_event
from overnight.tui.door import clean_records
from overnight.tui.why import why


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    for each in runs:
        _tell(each)
    return code


def _tell(run: RunDir) -> None:
    records = clean_records(run.read())
    answer = why(records, tuple(map(clean_event, history_of(run))), time.time())
    console.data(f"{records.id} is {answer.status}: {answer.reason}.")
    if answer.remedy:
        console.data(f"  {answer.remedy}")
