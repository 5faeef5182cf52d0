"""Runs as the command line draws them: read at one moment, drawn for where they are written to."""

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from overnight.state.errors import DamagedRecord
from overnight.state.queue import Stand, stands_of
from overnight.state.records import Records
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from overnight.tui import console
from overnight.tui.door import clean_records, clean_stand
from overnight.tui.tail import newest_line
from overnight.tui.view import Row, row_of

if TYPE_CHECKING:
    from overnight.tui.foretelling import Foretelling


def records_of(runs: Iterable[RunDir]) -> list[Records]:
    """What each says now; without those that were removed meanwhile."""
    read = (run.read() for run in runs)
    return [records for records in read if records.spec is not None or os.path.isdir(records.directory)]


def stands_now(home: str, every: Iterable[Records]) -> Mapping[str, Stand]:
    """What those of them that are queued wait for, by id; clean. Where that cannot be known, it is said once."""
    now = time.time()
    if all(status_of(records, now) is not Status.QUEUED for records in every):
        return {}
    from overnight.agents.survey import survey  # a list without queued runs looks at nothing else

    try:
        return {run_id: clean_stand(stand) for run_id, stand in stands_of(survey(home, now).queue).items()}
    except DamagedRecord as error:
        console.complain(error)
        return {}


def show_list(home: str, every: Sequence[Records]) -> None:
    for line in list_lines(home, every):
        console.data(line)


def list_lines(home: str, every: Sequence[Records]) -> list[str]:
    """The plain list, for stdout as it is now."""
    from overnight.tui.table import table_lines

    stands, now = stands_now(home, every), time.time()
    rows = [row_of(clean_records(records), now, stands.get(records.id)) for records in every]
    return list(table_lines(rows, console.style(sys.stdout)))


def row_now(run: RunDir, foretelling: "Foretelling | None" = None) -> Row:
    """One run as it is now; of one that reports nothing the newest line of its log too.

    `foretelling`: of whoever watches it.
    """
    records = run.read() if foretelling is None else foretelling.of(run.read())
    row = row_of(clean_records(records), time.time(), stands_now(run.home, [records]).get(run.id))
    return row if row.reports else row._replace(newest_line=newest_line(run.output_path))
