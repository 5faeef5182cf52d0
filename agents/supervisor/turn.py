"""The turn of a queued run: whether it may begin, and looking cheaply whether that may have changed.

What the queue is made of is loaded only when its supervisor has to look at all of it.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from overnight.agents.supervisor import book
from overnight.state import lock
from overnight.state.lock import LAST_MOMENT
from overnight.state.records import SupervisorRecord
from overnight.state.rundir import RunDir, stamp_of

if TYPE_CHECKING:
    from overnight.agents.survey import Watch

QUEUE_LOCK = "queue.lock"
"""Its file is there as soon as anything was queued in a home."""
TRY_AGAIN = 5.0
"""Seconds until the queue is looked at again after that has failed."""


class Turn:
    """Of one run, whose lock is held here."""

    def __init__(self, run: RunDir, admitted: bool) -> None:
        self._run = run
        self.admitted = admitted
        """It may begin, and holds a slot where its group has any. It stays so until the run is over."""
        self.rung = True
        """Somebody has rung since the last look, or none was taken yet."""
        self._paused = False
        """Whether a pause was wanted at the last look."""
        self._watch: Watch | None = None
        self._again_at: float | None = None

    def is_due(self, paused: bool) -> bool:
        """Whether something has changed that the queue goes by: for this run, or for others of its group."""
        if self.admitted:
            return False
        if self._again_at is not None:
            return time.monotonic() >= self._again_at
        return self.rung or paused != self._paused or self._has_changed()

    def take(self, record: Callable[[], SupervisorRecord], paused: bool) -> str | None:
        """Start what may start; this run may, if `admitted` is true then. Returns why nothing could be done about it.

        `record`: supervisor.json as it should read, with what `admitted` says.
        """
        from overnight.agents.dispatch import Own, dispatch
        from overnight.agents.survey import watch_of
        from overnight.state.errors import DamagedRecord

        self.rung, self._paused, self._again_at = False, paused, None

        def admit() -> None:
            self.admitted = True
            try:
                book.write_supervisor(self._run, record())
            except OSError:
                self.admitted = False
                raise

        try:
            done = dispatch(self._run.home, Own(self._run.id, admit))
        except (OSError, DamagedRecord) as error:
            self._again_at = time.monotonic() + TRY_AGAIN
            return f"the queue cannot be looked at: {error}"
        self._watch = watch_of(done.seen, self._run.id)
        # What was started here is to be watched, too.
        self.rung |= bool(done.started or done.adopted)
        if not done.refused and not done.late:
            return None
        self._again_at = time.monotonic() + TRY_AGAIN
        return _stands_still(_first(done.refused)) if done.refused else None

    def _has_changed(self) -> bool:
        watch = self._watch
        if watch is None or (watch.until is not None and time.time() >= watch.until):
            return True
        if any(stamp_of(path) != stamp for path, stamp in watch.stamps.items()):
            return True
        return any(os.path.exists(run.exit_path) or not lock.is_held(run.lock_path) for run in watch.busy)


def pass_on(run: RunDir) -> str | None:
    """Let start what can now that this run is over; nothing, where nobody was ever queued. What prevents it."""
    if not os.path.exists(os.path.join(run.home, QUEUE_LOCK)):
        return None
    from overnight.agents.dispatch import dispatch
    from overnight.state.errors import DamagedRecord

    try:
        refused = dispatch(run.home, patience=LAST_MOMENT / 2).refused
    except (DamagedRecord, OSError) as error:
        return _stands_still(error)
    return _stands_still(_first(refused)) if refused else None


def _first(refused: Mapping[str, OSError]) -> OSError:
    return next(iter(refused.values()))


def _stands_still(problem: Exception) -> str:
    return f"the queue does not go on: {problem}"
