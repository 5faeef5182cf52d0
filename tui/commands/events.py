"""What happens to runs, in one order; without a name, to all of them. -f: first what is on record, then what comes.

Following ends with ctrl+c, with its reader, or when the last run that was named has been removed. A run that appears
is followed, too, unless runs were named. --json: one array, an object an event; with -f an object a line.
"""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from math import inf

from overnight.agents.orphans import adopt_orphans
from overnight.state.errors import NoSuchRun
from overnight.state.stream import SETTLED, Stream
from overnight.state.told import Told
from overnight.tui import console, selection
from overnight.tui.ending import CLOSER_AFTER
from overnight.tui.meant import Meant
from overnight.tui.telling import event_line, event_plain

LOOK_AFTER = 0.2
"""Seconds between two looks at all runs; more where a look takes long."""
WORKING = 0.1
"""The share of the time that looking may take."""


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what happens from now on")
    parser.add_argument("--json", action="store_true", help="every event, for a program")


def run(options: Namespace) -> int:
    home = selection.open_home()
    if not options.runs and options.group is None:
        options.all = True
    runs, code = selection.select(home, options)
    stream, meant = Stream(), Meant(home, options, runs)
    if options.follow:
        _tell(stream.on_record(runs, until=time.time() - SETTLED), options, meant)
        return max(code, _follow(stream, options, meant))
    every = stream.on_record(runs, until=inf)
    if options.json:
        console.json_array(map(event_plain, every))
    else:
        _tell(every, options, meant)
    return code


def _follow(stream: Stream, options: Namespace, meant: Meant) -> int:
    """Until nothing can come any more. The exit code."""
    code, adopted_at = 0, time.monotonic()
    while True:
        began = time.monotonic()
        _tell(iter(stream.news(meant.now())), options, meant)
        console.finish()
        for run_id in meant.take_removed():
            console.say(f"{run_id} was removed")
            code = NoSuchRun.exit_code
        if not meant.can_be_more:
            _tell(iter(stream.news(())), options, meant)
            return code
        if time.monotonic() - adopted_at > CLOSER_AFTER:
            adopt_orphans(meant.home)
            adopted_at = time.monotonic()
        took = time.monotonic() - began
        console.wait_while_read(max(LOOK_AFTER, took / WORKING))


def _tell(every: Iterator[Told], options: Namespace, meant: Meant) -> None:
    for told in every:
        if options.json:
            console.json_data(event_plain(told))
        else:
            console.data(event_line(told, names_run=not meant.is_one))
