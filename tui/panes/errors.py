"""Errors: grouped by what they are, and what is known of an end that was none of its own making."""

import time
from collections.abc import Sequence

from overnight.state.status import ENDED, Status
from overnight.tui import numbers, view
from overnight.tui.detail import Detail
from overnight.tui.errorgroups import ErrorGroup, failures_words
from overnight.tui.evidence import TELLING, evidence_lines
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, cells, cut, ending, line, middle, wrapped
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.panes.remarks import died_unaided, remedy_words
from overnight.tui.postmortem import CUT_OFF
from overnight.tui.stacks import Stacks, arranged, awaited, moved_words, told_lines
from overnight.tui.view import Row
from overnight.tui.why import end_words

WIDE = 64
"""Columns from which there is room for words beside the times."""


def errors(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    lines = _end_lines(row, detail, frame)
    lines += _stacks_lines(row, detail.stacks, frame)
    if detail.errors_problem:
        lines.append(
            line((cut(f" Its errors cannot be read: {detail.errors_problem}.", frame.width, frame.glyphs), "warn"))
        )
    elif not detail.errors_are_whole:
        shown = numbers.number(sum(group.seen for group in detail.errors))
        older = f" the newest {shown} of {numbers.number(row.summary.errors)}; all: overnight errors {row.summary.id}"
        lines.append(line((cut(older, frame.width, frame.glyphs), "dim")))
    elif not detail.errors:
        lines.append(line((" No item has failed.", "dim")))
    for group in detail.errors:
        if lines:
            lines.append(line())
        lines += _group_lines(group, detail.elsewhere.get(group.kind, ()), frame)
    return [*lines, *(_evidence_lines(detail, frame) if row.status in TELLING else ())]


def _end_lines(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """How it ended, and what can be done now, about that and about its failed items."""
    said = [(end_words(row.records, row.now), view.state_role(row.status))] if row.status in CUT_OFF else []
    said += [(text, "") for text in remedy_words(row, has_checkpoint=detail.checkpoint_at is not None)]
    if frame.height >= TALL and died_unaided(row):
        said.append(("with --retries N it would have been started again by itself", "dim"))
    return [line((f" {piece}", role)) for text, role in said for piece in wrapped(text, frame.width - 2)]


def _stacks_lines(row: Row, shown: Stacks | None, frame: Frame) -> list[Line]:
    """What its threads do, as long as it lives; and that they were asked for."""
    if row.status in ENDED:
        return []
    lines: list[Line] = []
    if (asked := awaited(row.records, shown)) is not None:
        when = f" {numbers.age(row.now - asked.at)} ago" if asked.at is not None else ""
        text = f" stacks asked{when} by {asked.by}; the agent has not shown them yet"
        lines.append(line((cut(text, frame.width, frame.glyphs), "held")))
    if shown is not None:
        text = f" its stacks at {_time_of_day(shown.at)}: what each thread did, the newest call first"
        lines.append(line((cut(text, frame.width, frame.glyphs), "strong")))
        if words := moved_words(shown):
            works = bool(shown.done)
            lines += [line((f" {piece}", "run" if works else "warn")) for piece in wrapped(words, frame.width - 2)]
            lines.append(line((cut(" = was the same the time before", frame.width, frame.glyphs), "dim")))
        for text, same in told_lines(arranged(shown.lines, shown.earlier)):
            room = frame.width - 4
            pieces = wrapped(text, room) if frame.wrap else [_call_in(text, room, frame.glyphs)]
            lines += [line((f" {'=' if same and piece else ' '} {piece}", "dim")) for piece in pieces]
    return [*lines, line()] if lines else []


def _call_in(text: str, width: int, glyphs: Glyphs) -> str:
    """Shortened at the front of its path: file, line and function tell where it is."""
    before, quote, call = text.partition('"')
    room = width - cells(before) - cells(quote)
    if not quote or cells(text) <= width or room < cells(glyphs.ellipsis) + 1:
        return middle(text, width, glyphs)
    left = ending(call, room - cells(glyphs.ellipsis))
    # A part of a folder's name says nothing.
    folder = left.partition('"')[0].find("/")
    return f"{before}{quote}{glyphs.ellipsis}{left[max(0, folder) :]}"


def _evidence_lines(detail: Detail, frame: Frame) -> list[Line]:
    lines: list[Line] = []
    for title, said in evidence_lines(detail.death):
        lines += [line(), line((f" {title}:", "strong"))]
        for text in said:
            pieces = wrapped(text, frame.width - 4) if frame.wrap else [cut(text, frame.width - 4, frame.glyphs)]
            lines += [line((f"   {piece}", "dim")) for piece in pieces]
    return lines


def _group_lines(group: ErrorGroup, others: Sequence[str], frame: Frame) -> list[Line]:
    width, glyphs = frame.width, frame.glyphs
    sign = glyphs.states[Status.FAILED]
    lines = [
        line(
            (f" {sign} {group.kind.type}", "trouble"),
            (f"  {failures_words(group)}", "strong"),
            (_span(group, short=width < WIDE), "dim"),
        )
    ]
    lines += [line(f"   {piece}") for piece in wrapped(group.message, width - 4)]
    if group.kind.place:
        lines.append(line(("   in ", "dim"), (middle(group.kind.place, width - 7, glyphs), "")))
    if others:
        lines.append(line((f"   {cut(_others_words(others), width - 4, glyphs)}", "held")))
    lines += [
        line((f"   {glyphs.nothing} {middle(item, width - 6, glyphs)}", "accent")) for item in group.items if item
    ]
    for text in group.traceback:
        pieces = wrapped(text, width - 6) if frame.wrap else [cut(text, width - 6, glyphs)]
        lines += [line((f"     {piece}", "dim")) for piece in pieces]
    return lines


def _others_words(others: Sequence[str]) -> str:
    return f"also in {numbers.plural(len(others), 'other run')}: {', '.join(others)}"


def _span(group: ErrorGroup, *, short: bool) -> str:
    if group.first_at is None or group.last_at is None:
        return ""
    if group.seen == 1:
        return f"  at {_time_of_day(group.last_at)}"
    first, last = _time_of_day(group.first_at), _time_of_day(group.last_at)
    return f"  {first} to {last}" if short else f"  first {first}  last {last}"


def _time_of_day(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
