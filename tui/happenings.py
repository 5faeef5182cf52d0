"""What has happened lately to all runs of a home, read from the ends of their files.

Bounded by the newest MOST events: of runs that last did something before the oldest of them nothing is read.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator
from math import inf

from overnight.state.home import Home
from overnight.state.recent import Mark, mark_of, recent_events
from overnight.state.told import Told
from overnight.tui.event_words import clean_event

MOST = 2000
AT_ONCE = 50
"""Runs that are read before somebody hears of them."""
SLACK = 60.0
"""Seconds by which an event may be newer than the files that tell of it: another machine's clock wrote them."""


class Happenings:
    """Reads those runs again that have changed, and keeps the newest events of all; texts are clean."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._events: list[Told] = []
        """By time."""
        self._marks: dict[str, Mark] = {}
        """Of the runs that were read."""
        self._looked = False

    def look(self, ids: Collection[str] | None) -> Iterator[tuple[Told, ...]]:
        """What there is so far, whenever it has changed, and once in any case: first what was worked on last.

        `ids`: of the runs to which something may have happened since; None = of every run.
        """
        marks = {run_id: mark_of(self._home.run(run_id)) for run_id in (self._every() if ids is None else ids)}
        others = [run_id for run_id, mark in marks.items() if mark != self._marks.get(run_id, ())]
        untold = 0
        for run_id in sorted(others, key=lambda each: _touched_at(marks[each]), reverse=True):
            if len(self._events) >= MOST and _touched_at(marks[run_id]) + SLACK < self._events[0].event.at:
                break
            self._read(run_id, marks[run_id])
            untold += 1
            if untold == AT_ONCE:
                untold = 0
                yield tuple(self._events)
        if untold or not self._looked:
            self._looked = True
            yield tuple(self._events)

    def _every(self) -> set[str]:
        """The runs that were removed, too."""
        return {*self._home.ids(), *self._marks}

    def _read(self, run_id: str, mark: Mark) -> None:
        if self._marks.pop(run_id, None):
            self._events = [told for told in self._events if told.run_id != run_id]
        if not mark:
            # It was removed.
            return
        self._marks[run_id] = mark
        for event in recent_events(self._home.run(run_id)):
            self._add(Told(run_id, clean_event(event)))
        del self._events[:-MOST]

    def _add(self, told: Told) -> None:
        at = bisect_right(self._events, told.event.at, key=lambda each: each.event.at)
        self._events.insert(at, told)


def _touched_at(mark: Mark) -> float:
    """When something was last written of it; a run that was removed is the newest news."""
    return max((changed_at for changed_at, _ in mark), default=inf)
