"""Progress: how far it is, how fast, how alive, what it uses; and of one that is over, how that came."""

from overnight.state.status import Status
from overnight.tui import numbers, view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, cells, line
from overnight.tui.listing import bar_role, bar_spans
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.panes.logs import log_line
from overnight.tui.panes.pace import pace_line, pace_lines
from overnight.tui.panes.phases import phase_lines, phases_line
from overnight.tui.panes.postmortem import postmortem
from overnight.tui.panes.remarks import remarks
from overnight.tui.panes.usage import resource_lines, usage_line, usage_lines
from overnight.tui.postmortem import CUT_OFF
from overnight.tui.view import Row

BAR_LEAST = 12
"""Cells below which a bar says nothing."""


def progress(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    tall = frame.height >= TALL
    said = _tall(row, detail, frame) if tall else _short(row, detail, frame)
    room = frame.height - len(said)
    if room >= 1 and detail.log:
        if room >= 4 and tall:
            said.append(line())
            room -= 1
        said += [log_line(text, frame) for text in detail.log[-room:]]
    return said


def _short(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """As much as fits beside each other."""
    if row.status in CUT_OFF:
        said = postmortem(row, detail, frame, beside=len(remarks(row, detail, frame, 0)))
        return [*said, *remarks(row, detail, frame, frame.height - len(said))]
    lines = []
    if row.records.progress is not None:
        lines += [phases_line(row, frame) or _bar_line(row, frame), pace_line(row, detail, frame)]
    lines.append(usage_line(row, detail, frame))
    lines = [each for each in lines if each.spans]
    return [*lines, *remarks(row, detail, frame, frame.height - len(lines))]


def _tall(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """One thing a line, what belongs together without a line between."""
    blocks: list[list[Line]] = [[*_head(row, detail, frame), *remarks(row, detail, frame)]]
    if row.records.progress is not None:
        blocks += [[_bar_line(row, frame), *_range_lines(row, frame), *_parts_lines(row)], phase_lines(row, frame)]
    blocks += [pace_lines(row, detail, frame), usage_lines(row, detail, frame)]
    if detail.resources is not None:
        blocks.append(resource_lines(row, detail.resources, frame))
    lines: list[Line] = []
    for block in filter(None, blocks):
        lines += [line(), *block] if lines else block
    return lines


def _head(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if row.status in CUT_OFF:
        return postmortem(row, detail, frame)
    role = view.row_role(row)
    state: list[Span] = [(f" {frame.glyphs.states[row.status]} {view.row_word(row)}", role)]
    if (text := view.eta_text(row, frame.glyphs)) and row.status is not Status.RUNNING:
        state.append((f"  {text}", ""))
    if row.summary.attempt > 1:
        # The title has no room for it beside a list.
        state.append((f"  {view.attempt_text(row)}", "dim"))
    return [line(*state)]


def _bar_line(row: Row, frame: Frame) -> Line:
    percent, count = view.percent_text(row), view.counts_text(row)
    if row.summary.percent is None:
        return line(f" {count}")
    eta = view.eta_text(row, frame.glyphs) if row.status is Status.RUNNING else ""
    ends = f" {percent:>4}  {count}{f'  {eta}' if eta else ''} "
    if cells(ends) > frame.width - BAR_LEAST:
        ends = f" {percent:>4}  {eta or count} "
    width = max(BAR_LEAST, frame.width - cells(ends) - 1)
    return line(" ", *bar_spans(row.summary.percent / 100, width, bar_role(row), frame.glyphs), (ends, ""))


def _range_lines(row: Row, frame: Frame) -> list[Line]:
    estimate = row.summary.estimate
    if estimate is None or row.status is not Status.RUNNING or estimate.high - estimate.low < 2:
        return []
    between = f"{numbers.about(estimate.low)} to {numbers.about(estimate.high)}"
    return [line((f" ends in {between}, in 4 of 5 cases", "dim"))]


def _parts_lines(row: Row) -> list[Line]:
    parts = view.parts_text(row)
    return [line((f" {parts}", "dim"))] if parts else []
