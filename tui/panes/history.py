"""History: its attempts, and what has happened to it, oldest first."""

from collections.abc import Sequence
from itertools import chain

from overnight.state.records import Attempt, Event
from overnight.state.status import ENDED
from overnight.tui import numbers
from overnight.tui.detail import Detail
from overnight.tui.event_roles import role_of
from overnight.tui.event_words import event_name, event_words
from overnight.tui.lines import Line, Span, cells, cut, left, line, wrapped
from overnight.tui.moments import short_moment
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.sequels import sequels_of
from overnight.tui.view import Row


def history(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if not detail.history:
        return [line((" Nothing is on record.", "dim"))]
    whole = _lines(row, detail, frame, whole=True)
    if len(whole) <= frame.height or frame.height >= TALL:
        return whole
    return _lines(row, detail, frame, whole=False)


def _lines(row: Row, detail: Detail, frame: Frame, *, whole: bool) -> list[Line]:
    """`whole`: with as many lines as each takes, else one."""
    # Of a single one the events tell the same.
    told = detail.attempts if len(detail.attempts) > 1 or frame.height >= TALL else ()
    table = [*_attempt_lines(told, detail.history, row, frame, whole=whole), line()] if told else []
    told_events = sequels_of(detail.history, row.now, over=row.status in ENDED)
    events = (_event_lines(event, then, row.now, frame, whole=whole) for event, then in told_events)
    return [*table, *chain.from_iterable(events)]


# -- attempts


def _attempt_lines(
    attempts: Sequence[Attempt], happened: Sequence[Event], row: Row, frame: Frame, *, whole: bool
) -> list[Line]:
    heading = f" {'#':>2}  {'BEGAN':<9} {'TOOK':>6}  {'CPU':>6}  {'PEAK':>5}  ENDED"
    reasons = {each.attempt: str(each.detail["reason"]) for each in happened if each.detail.get("reason")}
    lines = [_attempt_line(each, reasons.get(each.attempt, ""), row, frame, whole=whole) for each in attempts]
    return [line((cut(heading, frame.width, frame.glyphs), "dim")), *chain.from_iterable(lines)]


def _attempt_line(attempt: Attempt, reason: str, row: Row, frame: Frame, *, whole: bool) -> list[Line]:
    works = attempt.ended_at is None and row.summary.pid == attempt.pid
    end = row.now if works else attempt.ended_at
    took = numbers.duration(end - attempt.started_at) if end is not None else ""
    cpu = numbers.duration(attempt.cpu_seconds) if attempt.cpu_seconds is not None else ""
    peak = numbers.held_size(attempt.max_rss) if attempt.max_rss is not None else ""
    words, role = ("works", "run") if works else _end_words(attempt, reason)
    began = left(short_moment(attempt.started_at, row.now), 9)
    figures = f" {attempt.attempt:>2}  {began} {took:>6}  {cpu:>6}  {peak:>5}  "
    room = max(8, frame.width - len(figures) - 1)
    first, *rest = wrapped(words, room) if whole else [cut(words, room, frame.glyphs)]
    return [line((figures, ""), (first, role)), *(line((f"{'':{len(figures)}}{piece}", role)) for piece in rest)]


def _end_words(attempt: Attempt, reason: str) -> tuple[str, str]:
    """How it ended, with the role of that; both "" = nobody knows. `reason`: as its supervisor put it."""
    if attempt.ended_at is None:
        return reason, ""
    role = "" if attempt.code == 0 else "trouble"
    code = f"exit {attempt.code}" if attempt.code is not None else ""
    return reason.removeprefix("ended by ") or attempt.exec_error or attempt.signal or code, role


# -- events


def _event_lines(event: Event, sequel: str, now: float, frame: Frame, *, whole: bool) -> list[Line]:
    """One; `whole`: as many as it takes."""
    words, room = event_words(event), max(8, frame.width - BESIDE - 1)
    if whole:
        *before, last = wrapped(words, room)
        joined = "  ".join(filter(None, (last, sequel)))
        pieces = [*before, joined] if cells(joined) <= room else [*before, last, sequel]
    else:
        # What became of it is told though all of what was asked has no room.
        ends = f"  {sequel}" if sequel else ""
        pieces = [f"{cut(words, max(0, room - cells(ends)), frame.glyphs)}{ends}".strip()]
    head: list[Span] = [(f" {short_moment(event.at, now)}  ", "dim")]
    head.append((f"{event_name(event):<13}", role_of(event)))
    first, *rest = pieces
    return [line(*head, (first, "dim")), *(line((f"{'':{BESIDE}}{piece}", "dim")) for piece in rest)]


BESIDE = 24
"""Columns before the words of an event."""
