"""Foretells the end of runs whose agents write only counts, by watching them get on. Decides; looks at nothing.

What an agent foretells itself is never replaced: it knows what it did not report.
"""

from overnight.state import current
from overnight.state.records import Attempt, Pace, Progress, Records
from overnight.state.status import HELD, LIVE, WAITING, status_of
from overnight.state.timeline import Timeline
from overnight.state.waits import announced


class Foreteller:
    """Watches runs; constant memory for each."""

    def __init__(self) -> None:
        self._watched: dict[str, Watched] = {}

    def foretell(self, records: Records, now: float, skipped: float = 0.0) -> Records:
        """These records with an estimate, where the agent gives none and one can be made.

        `now`: when they were read. `skipped`: seconds of the wall clock in which nobody could work, since whenever: the
        host was suspended, or somebody has set that clock.
        """
        attempt, progress = records.attempt, current.own_progress(records)
        status = status_of(records, now)
        if attempt is None or progress is None or status not in LIVE or not _needs_one(progress):
            self.forget(records.id)
            return records
        watched = self._watched.get(records.id)
        if watched is None or watched.attempt != attempt.attempt or watched.counts != _is_counted(progress):
            watched = self._watched[records.id] = Watched(attempt, skipped, counts=_is_counted(progress))
        watched.look(progress, progress.updated_at or records.progress_changed_at or now, now, skipped)
        watched.works = status not in HELD | WAITING and announced(records, now) is None
        estimate = watched.estimator.forecast(_work(progress)[1], watched.active)
        if estimate is None:
            return records
        return records._replace(progress=progress._replace(estimate=estimate, pace=watched.pace()))

    def forget(self, run_id: str) -> None:
        """It is over, or gone."""
        self._watched.pop(run_id, None)


class Watched:
    """One attempt: how far it was at which active second."""

    def __init__(self, attempt: Attempt, skipped: float, *, counts: bool) -> None:
        """`counts`: it tells items, not a percentage."""
        # Most agents foretell themselves: it is loaded for those that do not.
        from overnight.state.eta import Estimator

        self.attempt, self.counts = attempt.attempt, counts
        self.estimator = Estimator()
        self._timeline = Timeline()
        self.works = True
        self.active = 0.0
        """Seconds at work, as far as anybody saw."""
        # Before anybody watched, all of the attempt's time is taken for work.
        self._looked_at, self._skipped = attempt.started_at, skipped

    def look(self, progress: Progress, updated_at: float, now: float, skipped: float) -> None:
        if self.works:
            self.active += max(0.0, now - self._looked_at - (skipped - self._skipped))
        if progress.active_seconds is not None:
            self.active = progress.active_seconds + (max(0.0, now - updated_at) if self.works else 0.0)
        self._looked_at, self._skipped = now, skipped
        self._timeline.note(self.active, now)
        seconds = max(0.0, self.active - (max(0.0, now - updated_at) if self.works else 0.0))
        self.estimator.record(max(0.0, _work(progress)[0]), seconds)

    def pace(self) -> Pace | None:
        change = self.estimator.change()
        return None if change is None else Pace(self._timeline.at(change.active_seconds), round(change.factor, 3))


def _needs_one(progress: Progress) -> bool:
    if progress.estimate is not None or progress.estimated_completion is not None:
        return False
    return _is_counted(progress) or progress.percent_complete is not None


def _is_counted(progress: Progress) -> bool:
    return None not in (progress.processed_items, progress.total_items)


def _work(progress: Progress) -> tuple[float, float]:
    """What this attempt has done and what is left: in items, else in percent."""
    if progress.processed_items is not None and progress.total_items is not None:
        return progress.processed_items - progress.resumed_items, progress.total_items - progress.processed_items
    percent = progress.percent_complete or 0.0
    return percent, 100.0 - percent
