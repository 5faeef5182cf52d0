"""Runs as the command line draws them: read at one moment, drawn for where they are written to."""

import os
import sys
import time
from collections.abc import Iterable, Sequence

from overnight.state.records import Records
from overnight.state.rundir import RunDir
from overnight.tui import console
from overnight.tui.door import clean_records
from overnight.tui.tail import newest_line
from overnight.tui.view import Row, row_of


def records_of(runs: Iterable[RunDir]) -> list[Records]:
    """What each says now; without those that were removed meanwhile."""
    read = (run.read() for run in runs)
    return [records for records in read if records.spec is not None or os.path.isdir(records.directory)]


def show_list(every: Sequence[Records]) -> None:
    for line in list_lines(every):
        console.data(line)


def list_lines(every: Sequence[Records]) -> list[str]:
    """The plain list, for stdout as it is now."""
    from overnight.tui.table import table_lines

    now = time.time()
    return list(table_lines([row_of(clean_records(records), now) for records in every], console.style(sys.stdout)))


def row_now(run: RunDir) -> Row:
    """One run as it is now; of one that reports nothing the newest line of its log too."""
    row = row_of(clean_records(run.read()), time.time())
    return row if row.reports else row._replace(newest_line=newest_line(run.output_path))
