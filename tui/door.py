"""The door: a run's records with every text clean, once, before anything shows them. Pure."""

from collections.abc import Mapping

from overnight.state.current import GROUP, paused_group
from overnight.state.queue import Group, Stand
from overnight.state.records import (
    Attempt,
    Damaged,
    Exit,
    Heartbeat,
    Phase,
    Progress,
    Records,
    Request,
    Spec,
    SupervisorRecord,
)
from overnight.tui.clean import clean

LONGEST = 500
"""Characters of a message or an item; a command or a path has more room."""
LONGEST_NAME = 200
LONGEST_COMMAND = 4000
MOST = 200
"""Phases, counters and errors that are shown."""


def clean_records(records: Records) -> Records:
    """The same with clean texts. Its `id` and `directory` are for showing: paths are made from the raw ones."""
    return records._replace(
        id=clean(records.id, LONGEST_NAME),
        directory=clean(records.directory, LONGEST_COMMAND),
        spec=clean_spec(records.spec) if records.spec else None,
        progress=_progress(records.progress) if records.progress else None,
        heartbeat=_heartbeat(records.heartbeat) if records.heartbeat else None,
        requests=tuple(map(_request, records.requests)),
        supervisor=_supervisor(records.supervisor) if records.supervisor else None,
        attempt=clean_attempt(records.attempt) if records.attempt else None,
        exit=_exit(records.exit) if records.exit else None,
        damaged=tuple(map(_damaged, records.damaged)),
    )


def clean_stand(stand: Stand) -> Stand:
    """What a queued run waits for, where it was not found from clean records."""
    return stand._replace(others=tuple(clean(each, LONGEST_NAME) for each in stand.others), group=_group(stand.group))


def clean_groups(groups: Mapping[str, Group]) -> Mapping[str, Group]:
    return {clean(name, LONGEST_NAME): _group(each) for name, each in groups.items()}


def _group(group: Group) -> Group:
    return group._replace(by=clean(group.by, LONGEST_NAME))


def _text(text: str | None) -> str | None:
    return None if text is None else clean(text, LONGEST)


def clean_spec(spec: Spec) -> Spec:
    return spec._replace(
        id=clean(spec.id, LONGEST_NAME),
        # One that shows as nothing could not be told from another, nor asked for.
        name=clean(spec.name, LONGEST_NAME).strip() or clean(spec.id, LONGEST_NAME),
        command=tuple(clean(word, LONGEST_COMMAND) for word in spec.command),
        cwd=clean(spec.cwd, LONGEST_COMMAND),
        group=clean(spec.group, LONGEST_NAME),
        labels={clean(name, LONGEST_NAME): clean(value, LONGEST_NAME) for name, value in spec.labels.items()},
        after=tuple(clean(each, LONGEST_NAME) for each in spec.after),
        on_stall=clean(spec.on_stall, LONGEST_NAME),
        progress_file=_text(spec.progress_file),
        heartbeat_file=_text(spec.heartbeat_file),
        by=clean(spec.by, LONGEST_NAME),
    )


def clean_attempt(attempt: Attempt) -> Attempt:
    return attempt._replace(signal=_text(attempt.signal), exec_error=_text(attempt.exec_error))


def _progress(progress: Progress) -> Progress:
    phases = (Phase(clean(each.name, LONGEST_NAME), *each[1:]) for each in progress.phases[:MOST])
    return progress._replace(
        current_item=_text(progress.current_item),
        in_hand=tuple(each._replace(item=clean(each.item, LONGEST)) for each in progress.in_hand[:MOST]),
        unit=None if progress.unit is None else clean(progress.unit, 20),
        phase=None if progress.phase is None else clean(progress.phase, LONGEST_NAME),
        phases=tuple(phases),
        message=_text(progress.message),
        errors=tuple(clean(each, LONGEST) for each in progress.errors[-MOST:]),
        counters={clean(name, 40): value for name, value in list(progress.counters.items())[:MOST]},
        faults=tuple(map(clean, progress.faults)),
    )


def _heartbeat(heartbeat: Heartbeat) -> Heartbeat:
    waiting = heartbeat.waiting
    return heartbeat._replace(
        status=_text(heartbeat.status),
        waiting=waiting._replace(for_=clean(waiting.for_, LONGEST)) if waiting else None,
        faults=tuple(map(clean, heartbeat.faults)),
    )


def _request(request: Request) -> Request:
    group = paused_group(request)
    options = {} if group is None else {GROUP: clean(group, LONGEST_NAME)}
    return request._replace(by=clean(request.by, LONGEST_NAME), options=options)


def _supervisor(record: SupervisorRecord) -> SupervisorRecord:
    return record._replace(host=clean(record.host, LONGEST_NAME), reason=_text(record.reason))


def _damaged(each: Damaged) -> Damaged:
    return each._replace(path=clean(each.path, LONGEST), problem=clean(each.problem, LONGEST))


def _exit(ended: Exit) -> Exit:
    return ended._replace(signal=_text(ended.signal), reason=_text(ended.reason), limit=_text(ended.limit))
