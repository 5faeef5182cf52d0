"""List runs, oldest first; without a name, all of them. --json: one array of objects."""

import time
from argparse import ArgumentParser, Namespace

from overnight.state.summary import plain, summary_of
from overnight.tui import console, reading, selection


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--json", action="store_true", help="everything that is known, for a program")


def run(options: Namespace) -> int:
    home = selection.open_home()
    if not options.runs and options.group is None:
        options.all = True
    runs, code = selection.select(home, options)
    every = reading.records_of(runs)
    if options.json:
        now = time.time()
        console.json_data([plain(summary_of(records, now)) for records in every])
    elif every:
        reading.show_list(every)
    elif not code:
        console.say("No runs. `overnight run -- CMD…` launches one; `overnight demo` shows how it looks.")
    return code
