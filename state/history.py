"""What happened to a run, in order: the supervisor's events, merged with the launch, every request, and each change
of the agent's source.
"""

import heapq
import os
import time

from overnight.state.chronicle import Source, rest_of
from overnight.state.growing import GrowingLines
from overnight.state.records import Event, Origin, Request, Spec
from overnight.state.rundir import RunDir, changed_at, read_record

AT_ONCE = 64
"""Requests that are read at once."""
TICK = 2_000_000_000
"""Nanoseconds within which a folder may change twice and bear one time, on the coarsest filesystem."""


def history_of(run: RunDir) -> tuple[Event, ...]:
    """Every event so far, by time; of one writer in the order in which it wrote, though its clock was set back."""
    return tuple(heapq.merge(*(rest_of(source) for source in sources_of(run)), key=lambda event: event.at))


def sources_of(run: RunDir) -> tuple[Source, ...]:
    """`created` from spec.json, `requested` from control/, `source_changed` from origins.jsonl, the rest from
    history.jsonl. Nothing of them is read yet.
    """
    return (_Launch(run), _Requests(run), _SourceChanges(run), GrowingLines(run.history_path, Event))


class _Launch:
    def __init__(self, run: RunDir) -> None:
        self._run: RunDir | None = run
        """None = it was told."""

    def take(self) -> list[Event]:
        spec = self._run.spec() if self._run is not None and os.path.exists(self._run.spec_path) else None
        if not isinstance(spec, Spec):
            return []
        self._run = None
        return [Event(spec.created_at, "created", by=spec.by)]


class _Requests:
    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._listed_at: int | None = None
        """The folder's time when it was listed, if it could not change any more without another one."""
        self._found: list[int] = []
        """Numbers that are still to be read, the next one last."""
        self._all_up_to, self._above = 0, set[int]()
        """What was told: every number up to one, and single ones above it."""

    def take(self) -> list[Event]:
        if not self._found:
            self._list()
        events: list[Event] = []
        while self._found and len(events) < AT_ONCE:
            number = self._found.pop()
            request = read_record(Request, self._run.request_path(number))
            # One that cannot be read is looked at again when the folder changes.
            if isinstance(request, Request):
                self._note(number)
                events.append(request_event(self._run, number, request))
        return events

    def _list(self) -> None:
        try:
            changed = os.stat(self._run.control_path).st_mtime_ns
            if changed == self._listed_at:
                return
            numbers = self._run.request_numbers()
        except OSError:
            return
        # The time is of before the list: what came meanwhile has changed it.
        self._listed_at = changed if time.time_ns() - changed > TICK else None
        self._found = [each for each in reversed(numbers) if each > self._all_up_to and each not in self._above]

    def _note(self, number: int) -> None:
        self._above.add(number)
        while self._all_up_to + 1 in self._above:
            self._all_up_to += 1
            self._above.remove(self._all_up_to)


def request_event(run: RunDir, number: int, request: Request) -> Event:
    detail = {"number": request.number, "verb": str(request.verb), **request.options}
    at = request.at or changed_at(run.request_path(number)) or 0.0
    return Event(at, "requested", request.attempt, request.by, detail)


class _SourceChanges:
    def __init__(self, run: RunDir) -> None:
        self._lines = GrowingLines(run.origins_path, Origin)
        self._before: Origin | None = None

    def take(self) -> list[Event]:
        events: list[Event] = []
        while not events and (origins := self._lines.take()):
            for now in origins:
                before, self._before = self._before, now
                if before is not None and now.digest != before.digest:
                    events.append(source_event(before, now))
        return events


def source_event(before: Origin, now: Origin) -> Event:
    return Event(now.at, "source_changed", now.attempt, detail=_difference(before, now))


def _difference(before: Origin, now: Origin) -> dict[str, list[str]]:
    both = before.files.keys() & now.files.keys()
    return {
        "changed": sorted(path for path in both if before.files[path] != now.files[path]),
        "added": sorted(now.files.keys() - both),
        "removed": sorted(before.files.keys() - both),
    }
