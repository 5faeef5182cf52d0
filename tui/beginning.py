"""When runs that are queued are expected to begin. Looks at those that work or wait, and at how long such runs took."""

import time
from collections.abc import Container, Iterator, Mapping
from heapq import nsmallest
from operator import itemgetter

from overnight.agents.survey import survey
from overnight.state.errors import DamagedRecord
from overnight.state.home import Home
from overnight.state.outlook import left_of, name_of, outlook_of, usual_of
from overnight.state.records import Records
from overnight.state.rundir import RunDir, changed_at
from overnight.state.status import status_of

NEWEST = 3
"""Runs of each name that are looked at for how long one takes."""


def seconds_until_begun(home: Home) -> Mapping[str, float]:
    """Of each that is queued, by id; of one that is missing nobody can foretell it. Raises OSError."""
    now = time.time()
    try:
        seen = survey(home.path, now)
    except DamagedRecord:
        # Said where the queue itself is told.
        return {}
    every = {each: run.read() for each, run in seen.runs.items()}
    left = left_of(every, {each: status_of(records, now) for each, records in every.items()}, now)
    waiting = [waiter.id for waiter in seen.queue.waiters]
    newest = _newest_of(home, {name_of(every[each]) for each in waiting})
    return outlook_of(seen.queue, left, usual_of(waiting, every, left, newest)).starts


def _newest_of(home: Home, names: Container[str]) -> Iterator[Records]:
    """The newest runs that are over of each of these names; their ids begin with it."""
    ended: dict[str, list[tuple[float, RunDir]]] = {}
    for run in map(home.run, home.ids()):
        name = run.id.rpartition("-")[0]
        if name in names and (at := changed_at(run.exit_path)) is not None:
            ended.setdefault(name, []).append((-at, run))
    for of_name in ended.values():
        yield from (run.read() for _, run in nsmallest(NEWEST, of_name, key=itemgetter(0)))
