"""The items that failed: alike ones together, with when, where and why. --json: one array, an object an error.

A line that cannot be read is shown as that.
"""

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from typing import Any

from overnight.agents import operate
from overnight.state import codec
from overnight.state.records import Damaged, ItemError, Progress, Records
from overnight.state.rundir import RunDir, open_to_read
from overnight.tui import console, selection
from overnight.tui.clean import clean
from overnight.tui.errorgroups import ErrorGroup, groups_of, reported_group
from overnight.tui.moments import moment
from overnight.tui.numbers import plural


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("--json", action="store_true", help="every error, for a program")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    if options.json:
        console.json_array(_plain(each, error) for each in runs for error in errors_of(each))
    else:
        for each in runs:
            _show(each)
    return code


def errors_of(run: RunDir) -> Iterator[ItemError | Damaged]:
    """Every line of errors.jsonl, oldest first; where there is no such file, what the agent says in its progress."""
    try:
        with open_to_read(run.errors_path) as file:
            for number, line in enumerate(file, 1):
                yield codec.decode(ItemError, line, f"{run.errors_path}:{number}")
    except FileNotFoundError:
        yield from (ItemError(message=message) for message in _progress(run).errors)


def _progress(run: RunDir) -> Progress:
    return run.read().progress or Progress()


def _plain(run: RunDir, error: ItemError | Damaged) -> dict[str, Any]:
    if isinstance(error, Damaged):
        return {"run": run.id, "damaged": error.problem, "path": error.path}
    fields: dict[str, Any] = json.loads(codec.encode(error))
    return {"run": run.id, **fields}


def _show(run: RunDir) -> None:
    records = run.read()
    unreadable: list[Damaged] = []
    console.data(f"{clean(run.id)}: {plural(records.errors, 'error') if records.errors else 'no errors'}")
    for group in _groups(run, records, unreadable):
        _show_group(group)
    for each in unreadable:
        console.data(f"  unreadable: {clean(each.path)}: {clean(each.problem)}")
    if operate.has_errors_to_retry(run):
        console.say(f"`overnight retry {run.id} --errors` does what failed again.")


def _groups(run: RunDir, records: Records, unreadable: list[Damaged]) -> tuple[ErrorGroup, ...]:
    """What cannot be read is added to `unreadable`."""
    if not os.path.exists(run.errors_path):
        reported = records.progress.errors if records.progress else ()
        return reported_group([clean(each) for each in reported], records.errors)
    return groups_of(_readable(errors_of(run), unreadable))


def _readable(every: Iterable[ItemError | Damaged], unreadable: list[Damaged]) -> Iterator[ItemError]:
    for each in every:
        if isinstance(each, Damaged):
            unreadable.append(each)
        else:
            yield each


def _show_group(group: ErrorGroup) -> None:
    console.data(f"  {group.seen} × {group.kind.type}: {group.message}")
    if group.kind.place:
        console.data(f"      in {group.kind.place}")
    if group.last_at is not None and group.first_at is not None:
        first = f"first {moment(group.first_at)}, " if group.seen > 1 else ""
        console.data(f"      {first}last {moment(group.last_at)}")
    for item in filter(None, group.items):
        console.data(f"      {item}")
    if group.failed_items > len(group.items) > 0:
        console.data(f"      and {group.failed_items - len(group.items)} more")
    for line in group.traceback:
        console.data(f"      | {line}")
