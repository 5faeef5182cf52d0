"""Why a run is in the state in which it is: why it waits, is paused, has failed; and what can be done about it."""

import time
from argparse import ArgumentParser, Namespace

from overnight.state import surroundings
from overnight.state.activity import Activity
from overnight.state.history import history_of
from overnight.state.queue import Stand
from overnight.state.rundir import RunDir, changed_at
from overnight.state.status import Status, standing, status_of
from overnight.tui import console, selection
from overnight.tui.beginning import seconds_until_begun
from overnight.tui.case import Seen
from overnight.tui.clean import clean
from overnight.tui.door import clean_records
from overnight.tui.event_words import clean_event
from overnight.tui.meter import activities_of
from overnight.tui.reading import stands_now
from overnight.tui.why import why


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    records = [each.read() for each in runs]
    queued, active = stands_now(home.path, records), activities_of(records, time.time())
    begins_in = seconds_until_begun(home) if queued else {}
    for each in runs:
        stand = queued.get(each.id)
        awaited = _status_of(home.run(stand.others[0])) if stand is not None and stand.others else None
        _tell(each, stand, begins_in.get(each.id), awaited, active.get(each.id))
    return code


def _status_of(run: RunDir) -> Status:
    return status_of(run.read(), time.time())


def _tell(
    run: RunDir, stand: Stand | None, begins_in: float | None, awaited: Status | None, activity: Activity | None
) -> None:
    records = clean_records(run.read())
    unfit = clean(problem) if (problem := surroundings.problem_of(run)) is not None else None
    happened = tuple(map(clean_event, history_of(run)))
    written_at, printed_at = changed_at(run.checkpoint_log_path), changed_at(run.output_path)
    seen = Seen(activity, written_at is not None, printed_at)
    answer = why(records, happened, time.time(), stand, unfit, begins_in, awaited, seen)
    console.data(f"{records.id} {standing(answer.status)}: {answer.reason}.")
    if answer.remedy:
        console.data(f"  {answer.remedy}")
