"""When a run that is queued is expected to begin. Looks at those that work or wait, and at how long such runs took."""

import time

from overnight.agents.survey import survey
from overnight.state.errors import DamagedRecord
from overnight.state.home import Home
from overnight.state.outlook import left_of, name_of, outlook_of, usual_of
from overnight.state.records import Records
from overnight.state.rundir import changed_at
from overnight.state.status import status_of

NEWEST = 3
"""Runs of each name that are looked at for how long one takes."""


def seconds_until_begun(home: Home, run_id: str) -> float | None:
    """None = nobody can foretell it, or it is not queued. Raises OSError."""
    now = time.time()
    try:
        seen = survey(home.path, now)
    except DamagedRecord:
        # Said where the queue itself is told.
        return None
    every = {each: run.read() for each, run in seen.runs.items()}
    left = left_of(every, {each: status_of(records, now) for each, records in every.items()}, now)
    waiting = [waiter.id for waiter in seen.queue.waiters]
    names = {name_of(every[each]) for each in waiting}
    usual = usual_of(waiting, every, left, (records for name in names for records in _newest_of(home, name)))
    return outlook_of(seen.queue, left, usual).starts.get(run_id)


def _newest_of(home: Home, name: str) -> list[Records]:
    """Runs of one name that are over; their ids begin with it."""
    runs = [home.run(each) for each in home.ids() if each.rpartition("-")[0] == name]
    newest = sorted(runs, key=lambda run: -(changed_at(run.exit_path) or 0.0))[:NEWEST]
    return [run.read() for run in newest]
