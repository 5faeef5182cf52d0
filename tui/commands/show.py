"""Everything about a run, its history included. --json: an object for one RUN, an array for more, a group or all."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Any

from overnight.state import codec
from overnight.state.activity import Activity
from overnight.state.history import history_of
from overnight.state.queue import Stand
from overnight.state.records import ItemError, Records
from overnight.state.rundir import RunDir, changed_at
from overnight.state.status import status_of
from overnight.state.summary import plain, summary_of
from overnight.tui import console, selection, stands
from overnight.tui.evidence import TELLING, death_of
from overnight.tui.meter import activities_of
from overnight.tui.reading import stands_now


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="all of it, for a program")
    forms.add_argument("--stacks", action="store_true", help="what its threads do now, looked at twice: where it hangs")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    records = [each.read() for each in runs]
    queued = stands_now(home.path, records)
    active = {} if options.stacks else activities_of(records, time.time())
    if options.json:
        every = [_plain(each, each.read(), queued.get(each.id), active.get(each.id)) for each in runs]
        is_one = len(options.runs) == 1 and options.group is None and not options.all
        if every or not is_one:
            console.json_data(every[0] if is_one else every)
    elif options.stacks:
        for each in runs:
            _show_stacks(each)
    else:
        for number, each in enumerate(runs):
            if number:
                console.data("")
            _show(each, queued.get(each.id), active.get(each.id))
    return code


def _show_stacks(run: RunDir) -> None:
    from overnight.tui.door import clean_records
    from overnight.tui.hanging import hanging_lines

    records = clean_records(run.read())
    console.data(f"{records.id} is {status_of(records, time.time())}")
    for line in hanging_lines(run, records):
        console.data(line)


def _plain(run: RunDir, records: Records, stand: Stand | None, activity: Activity | None) -> dict[str, Any]:
    summary, history = summary_of(records, time.time()), history_of(run)
    death = death_of(history) if summary.status in TELLING else None
    return {
        **plain(summary),
        "queue": stands.plain(stand),
        "activity": None if activity is None else _plain_activity(activity),
        "spec": None if records.spec is None else json.loads(codec.encode(records.spec)),
        "exit": None if records.exit is None else json.loads(codec.encode(records.exit)),
        "damaged": [each._asdict() for each in records.damaged],
        "died": None if death is None else json.loads(codec.encode(death)),
        "history": [json.loads(codec.encode(event)) for event in history],
    }


def _plain_activity(activity: Activity) -> dict[str, Any]:
    child = activity.child
    return {**activity._asdict(), "child": None if child is None else child._asdict()}


def _show(run: RunDir, stand: Stand | None, activity: Activity | None) -> None:
    from overnight.state.newest import newest_of
    from overnight.tui.card import card_lines
    from overnight.tui.door import clean_records
    from overnight.tui.errorgroups import groups_of
    from overnight.tui.event_words import clean_event
    from overnight.tui.keptfile import in_hand_of, kept_of
    from overnight.tui.postmortem import Found

    records, now, history = clean_records(run.read()), time.time(), history_of(run)
    told = status_of(records, now) in TELLING
    found = Found(
        death=death_of(map(clean_event, history)) if told else None,
        in_hand=in_hand_of(run),
        checkpoint_at=changed_at(run.checkpoint_log_path),
        errors=groups_of(newest_of(ItemError, run.errors_path).records) if told else (),
        activity=activity,
    )
    for line in card_lines(records, history, now, console.style(sys.stdout), stand, found, kept_of(run)):
        console.data(line)
