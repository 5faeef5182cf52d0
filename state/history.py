"""What happened to a run, in order: the supervisor's events, merged with the launch, every request, and each change
of the agent's source.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

from overnight.state import codec
from overnight.state.atomic import append_line
from overnight.state.records import Event, Origin, Spec
from overnight.state.rundir import RunDir, changed_at, open_to_read

R = TypeVar("R")


def append(run: RunDir, event: Event) -> None:
    """Add one event. For the run's supervisor only. Raises OSError."""
    append_line(run.history_path, codec.encode(event))


def history_of(run: RunDir) -> tuple[Event, ...]:
    """Every event by time: `created` from spec.json, `requested` from control/, `source_changed` from origins.jsonl,
    the rest from history.jsonl.
    """
    events = [*_created(run), *_requested(run), *_source_changed(run), *_lines(run.history_path, Event)]
    return tuple(sorted(events, key=lambda event: event.at))


def _created(run: RunDir) -> Iterator[Event]:
    spec = run.spec()
    if isinstance(spec, Spec):
        yield Event(spec.created_at, "created", by=spec.by)


def _requested(run: RunDir) -> Iterator[Event]:
    for request in run.requests()[0]:
        detail = {"number": request.number, "verb": str(request.verb), **request.options}
        at = request.at or changed_at(run.request_path(request.number)) or 0.0
        yield Event(at, "requested", request.attempt, request.by, detail)


def _source_changed(run: RunDir) -> Iterator[Event]:
    for before, now in pairwise(_lines(run.origins_path, Origin)):
        if now.digest != before.digest:
            yield Event(now.at, "source_changed", now.attempt, detail=_difference(before, now))


def _difference(before: Origin, now: Origin) -> dict[str, list[str]]:
    both = before.files.keys() & now.files.keys()
    return {
        "changed": sorted(path for path in both if before.files[path] != now.files[path]),
        "added": sorted(now.files.keys() - both),
        "removed": sorted(before.files.keys() - both),
    }


def _lines(path: str, kind: type[R]) -> Iterator[R]:
    try:
        with open_to_read(path) as file:
            for line in file:
                record = codec.decode(kind, line)
                if isinstance(record, kind):
                    yield record
    except OSError:
        return
