"""The newest events of a run, read from the ends of its files: never the whole of them."""

import os
from itertools import pairwise

from overnight.state.history import request_event, source_event
from overnight.state.newest import newest_of
from overnight.state.records import Event, Origin, Request, Spec
from overnight.state.rundir import RunDir, read_record

WINDOW = 1 << 15
"""Bytes of a file: some hundred events."""
REQUESTS = 32
"""Requests that are read."""

Mark = tuple[tuple[float, int], ...]
"""Times and sizes of what events are read from, of that which is there: the same = nothing has happened."""


def mark_of(run: RunDir) -> Mark:
    paths = (run.spec_path, run.history_path, run.control_path, run.origins_path)
    return tuple(found for path in paths if (found := _time_and_size(path)))


def _time_and_size(path: str) -> tuple[float, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_mtime, found.st_size)


def recent_events(run: RunDir) -> list[Event]:
    """By time. Of a run to which very much happened, the older events are left out."""
    events = [
        *_launch(run),
        *_requests(run),
        *_source_changes(run),
        *newest_of(Event, run.history_path, WINDOW).records,
    ]
    return sorted(events, key=lambda event: event.at)


def _launch(run: RunDir) -> list[Event]:
    spec = run.spec()
    return [Event(spec.created_at, "created", by=spec.by)] if isinstance(spec, Spec) else []


def _requests(run: RunDir) -> list[Event]:
    try:
        numbers = sorted(run.request_numbers())[-REQUESTS:]
    except OSError:
        return []
    read = [(number, read_record(Request, run.request_path(number))) for number in numbers]
    return [request_event(run, number, request) for number, request in read if isinstance(request, Request)]


def _source_changes(run: RunDir) -> list[Event]:
    origins = newest_of(Origin, run.origins_path, WINDOW).records
    return [source_event(before, now) for before, now in pairwise(origins) if now.digest != before.digest]
