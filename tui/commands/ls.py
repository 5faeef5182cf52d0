"""List runs, oldest first; without a name, all of them. --json: one array of objects.

--watch draws the list again as it changes, on any terminal, until ctrl+c: what the interface shows, without its keys.
"""

import time
from argparse import ArgumentParser, Namespace

from overnight.agents.orphans import adopt_orphans
from overnight.state.errors import WrongUsage
from overnight.state.records import Records
from overnight.state.summary import plain, summary_of
from overnight.tui import console, reading, selection, stands
from overnight.tui.ending import CLOSER_AFTER
from overnight.tui.meant import Meant

REDRAWN_AFTER = 1.0
"""Seconds between two pictures; more where reading takes long."""
WORKING = 0.1
"""The share of the time that reading may take."""


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--watch", action="store_true", help="draw it again as it changes, until ctrl+c")
    parser.add_argument("--json", action="store_true", help="everything that is known, for a program")


def run(options: Namespace) -> int:
    if options.watch and options.json:
        hint = "`overnight events -f --json` follows for a program."
        raise WrongUsage("ls: --watch is for a person, and --json for a program", hint=hint)
    home = selection.open_home()
    if not options.runs and options.group is None:
        options.all = True
    # Where all are meant nobody has to be found: each is read once, for its age, too.
    everything = options.all and not options.runs
    runs, code = ((), 0) if everything else selection.select(home, options)
    if options.watch:
        return code or watch(Meant(home, options, runs))
    every = _by_age(reading.records_of(home.runs())) if everything else reading.records_of(runs)
    if everything:
        selection.tell_exposed(*(records.directory for records in every))
    if options.json:
        now, queued = time.time(), reading.stands_now(home.path, every)
        console.json_data(
            [plain(summary_of(each, now)) | {"queue": stands.plain(queued.get(each.id))} for each in every]
        )
    elif every:
        reading.show_list(home.path, every)
    elif not code and options.group is not None:
        console.say(f"No runs of group {options.group}. `overnight ls` lists all runs.")
    elif not code:
        console.say("No runs. `overnight run -- CMD…` launches one; `overnight demo` shows how it looks.")
    return code


def watch(meant: Meant) -> int:
    """Until ctrl+c, or until nobody reads it any more."""
    from overnight.tui.foretelling import Foretelling
    from overnight.tui.screenful import Screenful

    screenful, foretelling, adopted_at = Screenful(), Foretelling(), time.monotonic()
    while True:
        began = time.monotonic()
        every = [foretelling.of(each) for each in reading.records_of(meant.now())]
        screenful.show(reading.list_lines(meant.home.path, _by_age(every)) or ["No runs."])
        if began - adopted_at > CLOSER_AFTER:
            adopt_orphans(meant.home)
            adopted_at = began
        console.wait_while_read(max(REDRAWN_AFTER, (time.monotonic() - began) / WORKING))


def _by_age(every: list[Records]) -> list[Records]:
    return sorted(every, key=lambda records: (records.spec.created_at if records.spec else 0.0, records.id))
