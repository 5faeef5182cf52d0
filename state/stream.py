"""The events of many runs in one order: what is on record first, then what happens, each event once.

One reader does both: it keeps how far each file was read, and nothing else, so there is no moment between the two
in which an event could be missed or told again.
"""

import heapq
from collections.abc import Iterable, Iterator

from overnight.state.chronicle import Source, rest_of
from overnight.state.history import sources_of
from overnight.state.records import Event
from overnight.state.rundir import RunDir
from overnight.state.told import Told

SETTLED = 0.2
"""Seconds after which an event is surely where a reader sees it."""


class Stream:
    """Of a set of runs that may change from look to look."""

    def __init__(self) -> None:
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._held: list[Told] = []
        """Seen already, and not told yet."""

    def on_record(self, runs: Iterable[RunDir], until: float) -> Iterator[Told]:
        """Everything so far, in the order of `history_of`. Of each run only a few events are in memory at once.

        What happened after `until`, seconds since the epoch, is left for `news`: a run that was read early may
        have been told of something in between.
        """
        self._follow(runs)
        every = [_all(run_id, source) for run_id, sources in self._sources.items() for source in sources]
        for told in heapq.merge(*every, key=_at):
            if told.event.at <= until:
                yield told
            else:
                self._held.append(told)

    def news(self, runs: Iterable[RunDir]) -> list[Told]:
        """What has happened since the last call, by time; runs that are new here with all of theirs.

        What is seen in one call is told by the next one: only then has every other run been read after it happened.
        """
        self._follow(runs)
        seen = [Told(run_id, event) for run_id, each in self._sources.items() for event in _rest(each)]
        last = max(map(_at, self._held), default=float("-inf"))
        every = sorted([*self._held, *seen], key=_at)
        self._held = [each for each in every if _at(each) > last]
        return [each for each in every if _at(each) <= last]

    def _follow(self, runs: Iterable[RunDir]) -> None:
        """These, and no others: what is known of a run that was removed is forgotten."""
        self._sources = {run.id: self._sources.get(run.id) or sources_of(run) for run in runs}


def _all(run_id: str, source: Source) -> Iterator[Told]:
    while taken := source.take():
        for event in taken:
            yield Told(run_id, event)


def _rest(sources: Iterable[Source]) -> Iterator[Event]:
    for source in sources:
        yield from rest_of(source)


def _at(told: Told) -> float:
    return told.event.at
