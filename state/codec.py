"""Record <-> JSON bytes. Unknown fields are ignored; what cannot be read is a `Damaged`, never an exception.

Our own records are read strictly: a field of a wrong kind makes the file damaged. An agent's records
are read leniently: a field of a wrong kind counts as absent, as long as the record still says something.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from overnight.state import forms
from overnight.state.records import (
    AgentProcess,
    AgentStatus,
    Attempt,
    Damaged,
    Event,
    Exit,
    Heartbeat,
    ItemError,
    Origin,
    Outcome,
    Progress,
    Request,
    Restart,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
)

VERSION = 1
LARGEST = 4 * 1024 * 1024
"""Bytes of the largest record that is read: an agent may write anything."""

R = TypeVar("R")
Coercers = Mapping[str, Callable[[Any], Any]]


def _agent(raw: Any) -> AgentProcess:
    return _build(AgentProcess, _AGENT_PROCESS, forms.mapping(raw))


_AGENT_PROCESS: Coercers = {"pid": forms.whole, "start_time": forms.whole, "started_at": forms.instant}

FIELDS: Mapping[type, Coercers] = {
    Spec: {
        "id": forms.text,
        "name": forms.text,
        "command": forms.texts,
        "cwd": forms.text,
        "group": forms.text,
        "labels": forms.labels,
        "priority": forms.whole,
        "after": forms.texts,
        "start_at": forms.instant,
        "restart": Restart,
        "retries": forms.whole,
        "pause_grace": forms.number,
        "stop_grace": forms.number,
        "stall": forms.number,
        "on_stall": forms.text,
        "log_limit": forms.whole,
        "time_limit": forms.number,
        "memory_limit": forms.whole,
        "on_memory": forms.text,
        "nice": forms.whole,
        "progress_file": forms.text,
        "heartbeat_file": forms.text,
        "created_at": forms.instant,
        "by": forms.text,
    },
    Progress: {
        "status": AgentStatus,
        "total_items": forms.count,
        "processed_items": forms.count,
        "resumed_items": forms.count,
        "failed_items": forms.count,
        "current_item": forms.text,
        "in_hand": forms.in_hand,
        "unit": forms.text,
        "phase": forms.text,
        "phases": forms.phases,
        "message": forms.text,
        "estimate": forms.estimate,
        "pace": forms.pace,
        "estimated_completion": forms.instant,
        "percent_complete": forms.percent,
        "active_seconds": forms.count,
        "counters": forms.counters,
        "item_seconds": forms.item_seconds,
        "acknowledged": forms.natural,
        "attempt": forms.ordinal,
        "updated_at": forms.instant,
    },
    Heartbeat: {
        "status": forms.text,
        "last_heartbeat": forms.instant,
        "uptime_seconds": forms.number,
        "interval_seconds": forms.count,
        "pid": forms.ordinal,
        "last_progress": forms.instant,
        "handles": forms.names,
        "waiting": forms.waiting,
        "attempt": forms.ordinal,
    },
    Request: {
        "number": forms.whole,
        "verb": Verb,
        "attempt": forms.whole,
        "by": forms.text,
        "at": forms.instant,
        "options": forms.mapping,
    },
    SupervisorRecord: {
        "pid": forms.whole,
        "start_time": forms.whole,
        "boot_id": forms.text,
        "host": forms.text,
        "state": SupervisorState,
        "attempt": forms.whole,
        "acknowledged": forms.whole,
        "frozen": forms.flag,
        "agent": _agent,
        "next_start_at": forms.instant,
        "reason": forms.text,
        "went_on_at": forms.instant,
        "stopped_at": forms.instant,
        "updated_at": forms.instant,
    },
    Attempt: {
        "attempt": forms.whole,
        "pid": forms.whole,
        "start_time": forms.whole,
        "boot_id": forms.text,
        "started_at": forms.instant,
        "ended_at": forms.instant,
        "code": forms.whole,
        "signal": forms.text,
        "max_rss": forms.whole,
        "cpu_seconds": forms.number,
        "exec_error": forms.text,
        "executed": forms.flag,
    },
    Exit: {
        "outcome": Outcome,
        "code": forms.whole,
        "signal": forms.text,
        "attempts": forms.whole,
        "reason": forms.text,
        "out_of_memory": forms.flag,
        "limit": forms.text,
        "started_at": forms.instant,
        "ended_at": forms.instant,
        "worked": forms.count,
    },
    ItemError: {
        "at": forms.instant,
        "attempt": forms.whole,
        "item": forms.text,
        "type": forms.text,
        "message": forms.text,
        "traceback": forms.text,
        "transient": forms.flag,
        "tries": forms.whole,
        "outcome": forms.text,
    },
    Origin: {
        "at": forms.instant,
        "attempt": forms.whole,
        "digest": forms.text,
        "files": forms.labels,
    },
    Event: {
        "at": forms.instant,
        "event": forms.text,
        "attempt": forms.whole,
        "by": forms.text,
        "detail": forms.mapping,
    },
}

LENIENT = frozenset({Progress, Heartbeat, ItemError})
TIMES = frozenset({"at", "until", "last_heartbeat", "last_progress", "changed_at", "estimated_completion"})
DERIVED = frozenset({"error_count", "faults"})
"""Fields that a reader makes, and nobody writes."""
LINES = frozenset({ItemError, Event, Origin})
"""Records that are a line of a file and carry no version."""


def decode(kind: type[R], data: bytes, path: str = "") -> R | Damaged:
    """The record that `data` holds, or a Damaged that says what is wrong with it, for `path`."""
    if len(data) > LARGEST:
        return too_large(path)
    if not data.strip():
        return Damaged(path, "empty")
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        return Damaged(path, f"not JSON: {error}")
    if not isinstance(raw, dict):
        return Damaged(path, f"not a JSON object: {forms.brief(raw)}")
    return _decode_fields(kind, raw, path)


def too_large(path: str) -> Damaged:
    """What is made of a file with more than LARGEST bytes."""
    return Damaged(path, f"larger than {LARGEST} bytes")


def _decode_fields(kind: type[R], raw: Mapping[str, Any], path: str) -> R | Damaged:
    version = raw.get("version", VERSION)
    if kind not in LENIENT and version != VERSION:
        return Damaged(path, f"version {forms.brief(version)} is not one that this overnight reads", intact=True)
    try:
        record = _build(kind, FIELDS[kind], raw)
    except ValueError as error:
        return Damaged(path, str(error))
    if isinstance(record, Progress) and not _says_something(record):
        return Damaged(path, "neither processed_items nor status nor percent_complete is readable")
    return record


def _build(kind: type[R], coercers: Coercers, raw: Mapping[str, Any]) -> R:
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, coerce in coercers.items():
        given = raw.get(name)
        if given is None:
            continue
        try:
            value = coerce(given)
        except (ValueError, OverflowError) as error:
            if kind not in LENIENT:
                raise forms.BadForm(f"{name}: {error}") from None
            faults.append(f"{name}: {error}")
            continue
        # A time that is unknown by its own word: as if it were not there.
        if value is not None:
            values[name] = value
    if kind is Progress:
        values.update(_reported_errors(raw))
    if faults and "faults" in kind._fields:  # type: ignore[attr-defined]
        values["faults"] = tuple(faults)
    for name in _needed(kind):
        if values.get(name) is None:
            raise forms.BadForm(f"{name} is missing")
    return kind(**values)


def _needed(kind: Any) -> Iterable[str]:
    # Fields without a default come first.
    return kind._fields[: len(kind._fields) - len(kind._field_defaults)]  # type: ignore[no-any-return]


def _reported_errors(raw: Mapping[str, Any]) -> dict[str, Any]:
    try:
        lines, total = forms.errors(raw.get("errors", 0))
    except ValueError:
        return {}
    return {"errors": lines, "error_count": total}


def _says_something(progress: Progress) -> bool:
    said = (progress.processed_items, progress.status, progress.percent_complete)
    return any(value is not None for value in said)


def encode(record: Any) -> bytes:
    """One line of compact JSON, newline included, in the protocol's first form."""
    head = {} if type(record) in LINES else {"version": VERSION}
    return to_json(head | _plain(record)) + b"\n"


def to_json(plain: Any) -> bytes:
    """Compact UTF-8 JSON without a newline."""
    try:
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        # A file name that is not UTF-8 holds lone surrogates: escaped, they survive the way there and back.
        return json.dumps(plain, separators=(",", ":")).encode()


def _plain(record: Any) -> dict[str, Any]:
    return {
        name.rstrip("_"): _plain_value(name, value) for name, value in record._asdict().items() if name not in DERIVED
    }


def _plain_value(name: str, value: Any) -> Any:
    if isinstance(value, float) and (name.endswith("_at") or name in TIMES):
        return forms.iso(value)
    if hasattr(value, "_asdict"):
        return _plain(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain_value("", each) for each in value]
    return value
