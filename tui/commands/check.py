"""Whether an agent speaks the protocol: what each field of its progress.json and heartbeat.json is, one line each.

DIR is the directory of a run, or any folder in which an agent writes these files. A field is right, wrong, missing
(something would be shown or obeyed with it), needed (it is missing, and nothing works without it) or ignored.

The exit code: 0 it does, 1 something is wrong or needed. --json: one array.
"""

import os
import time
from argparse import ArgumentParser, Namespace

from overnight.state.errors import WrongUsage
from overnight.state.records import Spec
from overnight.state.rundir import RunDir, open_to_read
from overnight.state.speech import FAULTS, Heard, Judgement, judge
from overnight.tui import console
from overnight.tui.clean import clean

LARGEST = 1 << 23
"""Bytes that are read of a file: more than any that is believed."""


def declare(parser: ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="a run's directory, or a folder with its two files")
    parser.add_argument("--json", action="store_true", help="every field, for a program")


def run(options: Namespace) -> int:
    if not os.path.isdir(options.directory):
        hint = "`overnight show RUN` names the directory of a run."
        raise WrongUsage(f"check: no such folder: {options.directory}", hint=hint)
    found = judge(_heard(RunDir(options.directory)), time.time())
    if options.json:
        console.json_array(each._asdict() for each in found)
    else:
        for each in found:
            console.data(_line(each))
    faults = sum(1 for each in found if each.verdict in FAULTS)
    console.say(f"{faults} of {len(found)} to be put right." if faults else "It speaks the protocol.")
    return 1 if faults else 0


def _heard(run: RunDir) -> Heard:
    spec = run.spec()
    told = spec if isinstance(spec, Spec) else None
    return Heard(
        _bytes(run.progress_file(told)),
        _bytes(run.heartbeat_file(told)),
        max(run.request_numbers(), default=0),
    )


def _bytes(path: str) -> bytes | None:
    try:
        with open_to_read(path) as file:
            return file.read(LARGEST)
    except FileNotFoundError:
        return None


def _line(each: Judgement) -> str:
    return f"{each.verdict:8} {each.file:15} {clean(each.field):20} {clean(each.words)}"
