"""One run as a card of plain text: what `overnight show` prints. Pure."""

import shlex
from collections.abc import Iterator, Sequence

from overnight.state.activity import activity_words
from overnight.state.kept import Kept
from overnight.state.queue import Stand
from overnight.state.records import Event, Records
from overnight.state.status import ENDED, Status
from overnight.state.waits import announced
from overnight.tui.budgets import Counter, breaker_words, counters_of
from overnight.tui.event_words import clean_event, event_name, event_words
from overnight.tui.evidence import evidence_lines
from overnight.tui.forecast import budget_words, limit_words, wait_words
from overnight.tui.in_hand import item_words
from overnight.tui.moments import moment
from overnight.tui.numbers import age, duration, number, percent
from overnight.tui.postmortem import CUT_OFF, Found, end_facts
from overnight.tui.safety import safe_words
from overnight.tui.sequels import sequels_of
from overnight.tui.table import Style, bar_text, painted, rate_text, remaining_text
from overnight.tui.view import (
    Row,
    asked,
    asked_age,
    awaited,
    exit_words,
    fault_texts,
    limits_text,
    parts_text,
    percent_text,
    row_of,
    row_role,
    row_word,
    uptime,
    worked_text,
)

LABEL = 11
BAR = 24
EVENTS = 20
NOTHING_FOUND, NOTHING_KEPT = Found(), Kept()
Field = tuple[str, str]
"""A label and what stands beside it."""


def card_lines(
    records: Records,
    history: Sequence[Event],
    now: float,
    style: Style,
    stand: Stand | None = None,
    found: Found = NOTHING_FOUND,
    kept: Kept = NOTHING_KEPT,
) -> list[str]:
    """What is known of it, most urgent first; what there is nothing to say of is left out. All but `history`: clean."""
    row = row_of(records, now, stand)
    head = f"{style.glyphs.states[row.status]} {row_word(row)}  {row.summary.id}"
    fields = (
        *_work(row, style, kept, history),
        *_process(row, found),
        *_trouble(row),
        *_checkpoint(row, found),
        *_launch(row),
    )
    lines = [f"  {label:{LABEL}}{text}" for label, text in fields if text]
    head = painted(head, row_role(row)) if style.colours else head
    return [head, *lines, *_evidence(found.death), *_history(history, row)]


def _work(row: Row, style: Style, kept: Kept, history: Sequence[Event]) -> Iterator[Field]:
    progress, summary = row.records.progress, row.summary
    if progress is None:
        yield "time", remaining_text(row, style.glyphs)
        yield from _limits(row, kept, history)
        return
    yield "progress", "  ".join(filter(None, (bar_text(row, style.glyphs, BAR), percent_text(row), _counted(row))))
    yield "time", "  ".join(filter(None, (remaining_text(row, style.glyphs), rate_text(row))))
    yield from _limits(row, kept, history)
    yield "phase", progress.phase or ""
    yield "phases", ", ".join(f"{each.name} {_of(each.processed_items, each.total_items)}" for each in progress.phases)
    yield "item", item_words(row.records, row.now) if summary.outcome is None else ""
    wait = announced(row.records, row.now) if row.status is Status.RUNNING else None
    yield "waits" if wait and not wait.is_work else "expects", wait_words(wait) if wait is not None else ""
    is_told = wait is not None and progress.message == wait.reason
    yield "message", (progress.message or "") if row.status not in CUT_OFF and not is_told else ""
    yield "counters", ", ".join(_counter_words(each) for each in counters_of(row, kept))
    yield "breakers", ", ".join(breaker_words(each, row.now) for each in kept.breakers)


def _limits(row: Row, kept: Kept, history: Sequence[Event]) -> Iterator[Field]:
    """What ends it, or holds it, before it is done."""
    if row.status is Status.RUNNING:
        yield "limit", limit_words(row.records, history, row.now)
        for words in budget_words(row.records, kept):
            yield "budget", words


def _counter_words(counter: Counter) -> str:
    then = f" ({percent(counter.share)}%, then {counter.limit.on})" if counter.limit is not None else ""
    return f"{counter.name} {counter.text}{counter.of_text}{then}"


def _counted(row: Row) -> str:
    summary, progress = row.summary, row.records.progress
    if summary.processed_items is None:
        return ""
    done = f"{_of(summary.processed_items, summary.total_items)} {(progress and progress.unit) or 'items'}"
    return ", ".join(filter(None, (done, parts_text(row))))


def _of(done: float, total: float | None) -> str:
    return number(done) if total is None else f"{number(done)} of {number(total)}"


def _process(row: Row, found: Found) -> Iterator[Field]:
    summary = row.summary
    if summary.pid is not None:
        beat = f", beat {age(summary.heartbeat_age)} ago" if summary.heartbeat_age is not None else ""
        yield "process", f"pid {summary.pid}, attempt {summary.attempt}, up {duration(uptime(row))}{beat}"
        does = f"; {activity_words(found.activity)}" if found.activity is not None else ""
        yield "health", f"{summary.health}{does}"
    if summary.supervisor_pid is not None:
        yield "supervisor", f"pid {summary.supervisor_pid}"
    request = asked(row)
    if request is not None:
        seconds = asked_age(row)
        since = f"{age(seconds)} ago " if seconds is not None else ""
        yield "asked", f"{request.verb}, {since}by {request.by}; waiting for {awaited(row)}"


def _trouble(row: Row) -> Iterator[Field]:
    ended, summary = row.records.exit, row.summary
    if ended is not None:
        words = ended.reason or (exit_words(row) if ended.code or ended.signal else "")
        attempts = f"{ended.attempts} attempts" if ended.attempts > 1 else ""
        how = "; ".join(filter(None, (words, attempts)))
        yield "outcome", f"{ended.outcome}{': ' if how else ''}{how}"
    if summary.errors:
        yield "errors", f"{number(summary.errors)}: `overnight errors {summary.id}` shows them"
    for text in fault_texts(row):
        yield "wrong", text
    for each in row.records.damaged:
        yield "unreadable", f"{each.path}: {each.problem}"


def _checkpoint(row: Row, found: Found) -> Iterator[Field]:
    if row.status in CUT_OFF:
        yield from end_facts(row, found)
    elif row.status is not Status.COMPLETED:
        yield "safe", safe_words(row, found.checkpoint_at, found.in_hand)


def _launch(row: Row) -> Iterator[Field]:
    spec, summary = row.records.spec, row.summary
    if spec is not None:
        yield "command", shlex.join(spec.command)
        yield "cwd", spec.cwd
        yield "group", spec.group if spec.group != "default" else ""
        yield "priority", number(spec.priority) if spec.priority else ""
        yield "after", ", ".join(spec.after)
        yield "not before", moment(spec.start_at) if spec.start_at is not None else ""
        yield "labels", ", ".join(f"{key}={value}" for key, value in spec.labels.items())
        yield "restart", f"{spec.restart}, {spec.retries} without progress" if spec.retries else ""
        yield "limits", limits_text(spec)
        yield "launched", f"{moment(spec.created_at)} by {spec.by}"
    if summary.started_at is not None:
        yield "started", moment(summary.started_at)
    if summary.ended_at is not None:
        yield "ended", ", ".join(filter(None, (moment(summary.ended_at), worked_text(row))))
    yield "directory", row.records.directory


def _evidence(death: Event | None) -> Iterator[str]:
    for title, said in evidence_lines(death):
        yield ""
        yield f"  {title}:"
        yield from (f"    {line}".rstrip() for line in said)


def _history(history: Sequence[Event], row: Row) -> Iterator[str]:
    if not history:
        return
    yield ""
    told = sequels_of(list(map(clean_event, history)), row.now, over=row.status in ENDED)
    if (left_out := len(told) - EVENTS) > 0:
        yield f"  {left_out} earlier events are in --json"
    for event, sequel in told[-EVENTS:]:
        words = "  ".join(filter(None, (event_words(event), sequel)))
        yield f"  {moment(event.at)}  {event_name(event):13}  {words}".rstrip()
