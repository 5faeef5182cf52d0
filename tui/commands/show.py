"""Everything about a run, its history included. --json: an object for one RUN, an array for more, a group or all."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Any

from overnight.state import codec
from overnight.state.history import history_of
from overnight.state.records import Records
from overnight.state.rundir import RunDir
from overnight.state.summary import plain, summary_of
from overnight.tui import console, selection
from overnight.tui.evidence import TELLING, death_of


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--json", action="store_true", help="all of it, for a program")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    if options.json:
        every = [_plain(each, each.read()) for each in runs]
        is_one = len(options.runs) == 1 and options.group is None and not options.all
        if every or not is_one:
            console.json_data(every[0] if is_one else every)
    else:
        for number, each in enumerate(runs):
            if number:
                console.data("")
            _show(each)
    return code


def _plain(run: RunDir, records: Records) -> dict[str, Any]:
    summary, history = summary_of(records, time.time()), history_of(run)
    death = death_of(history) if summary.status in TELLING else None
    return {
        **plain(summary),
        "spec": None if records.spec is None else json.loads(codec.encode(records.spec)),
        "exit": None if records.exit is None else json.loads(codec.encode(records.exit)),
        "damaged": [each._asdict() for each in records.damaged],
        "died": None if death is None else json.loads(codec.encode(death)),
        "history": [json.loads(codec.encode(event)) for event in history],
    }


def _show(run: RunDir) -> None:
    from overnight.tui.card import card_lines
    from overnight.tui.door import clean_records

    for line in card_lines(clean_records(run.read()), history_of(run), time.time(), console.style(sys.stdout)):
        console.data(line)
