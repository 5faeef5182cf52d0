"""What happened to a run, oldest first; of several runs in one order. --json: one array, an object an event."""

from argparse import ArgumentParser, Namespace
from math import inf

from overnight.state.stream import Stream
from overnight.tui import console, selection
from overnight.tui.telling import event_line, event_plain


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--json", action="store_true", help="every event, for a program")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    every = Stream().on_record(runs, until=inf)
    if options.json:
        console.json_array(map(event_plain, every))
    else:
        for told in every:
            console.data(event_line(told, names_run=len(runs) > 1))
    return code
