"""Waiting for runs to end, without importing what watches files.

An end is a file that appears. Asking for it costs 2 µs a run, so a look every quarter of a second is free for
thousands of runs, and there is nothing to set up: watching by inotify would first import for longer than most
waits last, and would not see a file that another machine writes. What leaves no such file (a process that
was lost, a reboot) and a supervisor that has to be replaced are looked for once a second.
"""

import os
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from overnight.agents.orphans import adopt_orphans
from overnight.state.errors import NoSuchRun
from overnight.state.home import Home
from overnight.state.records import Exit
from overnight.state.rundir import RunDir
from overnight.state.status import ENDED, FINAL, Status, status_of

SHORTEST, LONGEST = 0.01, 0.25
"""Seconds between two looks: short at first, for what ends at once."""
CLOSER_AFTER = 1.0
"""Seconds between two looks at everything, where a run has no outcome on record."""
OVER = ENDED | {Status.LOST}


class End(NamedTuple):
    """How a run ended, or that its process is gone and nobody knows how."""

    status: Status | None
    """None = the run was removed before anybody saw how it ended."""
    reason: str = ""

    @property
    def code(self) -> int:
        if self.status is None:
            return NoSuchRun.exit_code
        return 0 if self.status is Status.COMPLETED else 1

    def __str__(self) -> str:
        if self.status is None:
            return "was removed"
        return f"{self.status}: {self.reason}" if self.reason else str(self.status)


class Ends:
    """The runs whose end is awaited."""

    def __init__(self, home: Home, runs: Iterable[RunDir]) -> None:
        self._home = home
        self.left = {run.id: run for run in runs}
        self._looked_at = 0.0

    def take(self) -> dict[str, End]:
        """Those that have ended, or were removed, since the last call, by id."""
        closely = time.monotonic() - self._looked_at > CLOSER_AFTER
        if closely:
            adopt_orphans(self._home)
        ended = {run.id: end for run in self.left.values() if (end := _end_of(run, closely)) is not None}
        if closely:
            self._looked_at = time.monotonic()
        for run_id in ended:
            del self.left[run_id]
        return ended


def pauses() -> Iterable[float]:
    """Seconds to sleep before the next look, and the next."""
    seconds = SHORTEST
    while True:
        yield seconds
        seconds = min(LONGEST, 1.5 * seconds)


def wait_for(
    ends: Ends,
    tell: Callable[[str, End], None],
    timeout: float | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> int:
    """Wait until all have ended or `timeout` seconds are over; the worst exit code of those that ended.

    `tell` gets each end as it is seen; `meanwhile` is called between two looks.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    code = 0
    for pause in pauses():
        for run_id, end in ends.take().items():
            tell(run_id, end)
            code = max(code, end.code)
        left = LONGEST if deadline is None else deadline - time.monotonic()
        if not ends.left or left <= 0:
            break
        meanwhile()
        time.sleep(min(pause, left))
    return code


def _end_of(run: RunDir, closely: bool) -> End | None:
    if os.path.exists(run.exit_path):
        record = run.exit()
        if isinstance(record, Exit):
            return End(FINAL[record.outcome], record.reason or _how(record) or _failed_items(run))
    if not closely:
        return None
    if not os.path.isdir(run.path):
        return End(None)
    status = status_of(run.read(), time.time())
    return End(status) if status in OVER else None


def _failed_items(run: RunDir) -> str:
    """They fail no run, so nothing else would tell whoever only waits for its end."""
    from overnight.state.summary import summary_of
    from overnight.tui.numbers import plural

    failed = summary_of(run.read(), time.time()).failed_items
    return f"{plural(int(failed), 'item')} failed; `overnight errors {run.id}` shows why" if failed else ""


def _how(record: Exit) -> str:
    if record.signal is not None:
        return f"ended by {record.signal}"
    return f"exit code {record.code}" if record.code else ""
