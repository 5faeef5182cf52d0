"""Progress: how far it is, how fast, how alive, and what is to be said about it in words."""

from overnight.state.records import Phase
from overnight.state.status import ENDED, Status
from overnight.tui import view
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, cells, cut, left, line, middle
from overnight.tui.listing import bar_role, bar_spans
from overnight.tui.panes.frame import TALL, Frame
from overnight.tui.panes.logs import log_line
from overnight.tui.panes.remarks import remarks
from overnight.tui.stages import Stage, stages_of
from overnight.tui.view import Row

BAR_LEAST = 12
"""Cells below which a bar says nothing."""


def progress(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    said = _tall(row, detail, frame) if frame.height >= TALL else _short(row, detail, frame)
    room = frame.height - len(said)
    if room >= 1 and detail.log:
        if room >= 4 and frame.height >= TALL:
            said.append(line())
            room -= 1
        said += [log_line(text, frame) for text in detail.log[-room:]]
    return said


def _short(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """As much as fits beside each other."""
    lines = []
    if row.records.progress is not None:
        lines.append(_phases_line(row, frame) or _bar_line(row, frame))
        lines.append(_pace_line(row, detail, frame))
    return [*lines, *remarks(row, frame)]


def _tall(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """One thing a line."""
    glyphs, role = frame.glyphs, view.state_role(row.status)
    state: list[Span] = [(f" {glyphs.states[row.status]} {view.state_word(row.status)}", role)]
    if (text := view.eta_text(row, glyphs)) and row.status is not Status.RUNNING:
        state.append((f"  {text}", ""))
    lines = [line(*state), *remarks(row, frame)]
    if row.records.progress is None:
        return lines
    lines += [line(), _bar_line(row, frame), *_range_lines(row, frame)]
    phases = row.records.progress.phases
    if phases:
        lines += [line(), *(_phase_line(row, index, frame) for index in range(len(phases)))]
    return [*lines, line(), _pace_line(row, detail, frame), *_counter_lines(row, frame)]


def _bar_line(row: Row, frame: Frame) -> Line:
    percent = view.percent_text(row)
    count = _counts_text(row)
    if row.summary.percent is None:
        return line(f" {count}")
    eta = view.eta_text(row, frame.glyphs) if row.status is Status.RUNNING else ""
    ends = f" {percent:>4}  {count}{f'  {eta}' if eta else ''} "
    if cells(ends) > frame.width - BAR_LEAST:
        ends = f" {percent:>4}  {eta or count} "
    width = max(BAR_LEAST, frame.width - cells(ends) - 1)
    return line(" ", *bar_spans(row.summary.percent / 100, width, bar_role(row), frame.glyphs), (ends, ""))


def _counts_text(row: Row) -> str:
    summary, progress = row.summary, row.records.progress
    if summary.processed_items is None or progress is None:
        return ""
    unit = f" {progress.unit}" if progress.unit else ""
    if summary.total_items is None:
        return f"{view.number(summary.processed_items)}{unit or ' items'}"
    return f"{view.number(summary.processed_items)} / {view.number(summary.total_items)}{unit}"


def _range_lines(row: Row, frame: Frame) -> list[Line]:
    estimate = row.summary.estimate
    if estimate is None or row.status is not Status.RUNNING or estimate.high - estimate.low < 2:
        return []
    between = f"{view.about(estimate.low)} to {view.about(estimate.high)}"
    return [line((f" ends in {between}, in 4 of 5 cases", "dim"))]


def _phases_line(row: Row, frame: Frame) -> Line | None:
    """All phases beside each other, the one that runs with its bar; None = there are none or no room."""
    progress = row.records.progress
    if progress is None or not progress.phases:
        return None
    before: list[Span] = []
    after: list[Span] = []
    running: Phase | None = None
    stages = stages_of(progress, ended=row.status in ENDED)
    for phase, stage in zip(progress.phases, stages, strict=True):
        if stage is Stage.NOW:
            running = phase
        elif running is None and stage is Stage.DONE:
            before.append((f" {frame.glyphs.done} {phase.name}  ", "done"))
        elif stage is not Stage.AROUND:
            after.append((f"  {frame.glyphs.next} {phase.name}", "dim"))
    now = _running_phase(running, row, frame, taken=sum(cells(text) for text, _ in (*before, *after)))
    return None if now is None else line(*before, *now, *after)


def _running_phase(phase: Phase | None, row: Row, frame: Frame, *, taken: int) -> list[Span] | None:
    if phase is None:
        return [] if taken <= frame.width else None
    head = f" {frame.glyphs.now} {phase.name} "
    if not phase.total_items:
        return [(head, "run"), (f"{view.number(phase.processed_items)} ", "")]
    share = phase.processed_items / phase.total_items
    tail = f" {min(100, int(100 * share))}%  ({view.number(phase.processed_items)} / {view.number(phase.total_items)})"
    room = frame.width - taken - cells(head) - cells(tail) - 1
    if room < 4:
        return None
    return [(head, "run"), *bar_spans(share, min(room, 24), bar_role(row), frame.glyphs), (tail, "")]


def _phase_line(row: Row, index: int, frame: Frame) -> Line:
    progress = row.records.progress
    assert progress is not None
    phase = progress.phases[index]
    widest = min(20, max(cells(each.name) for each in progress.phases))
    name = left(middle(phase.name, widest, frame.glyphs), widest, frame.glyphs)
    count = view.number(phase.processed_items)
    stage = stages_of(progress, ended=row.status in ENDED)[index]
    if stage in {Stage.NOW, Stage.AROUND}:
        spans: list[Span] = [(f" {frame.glyphs.now} {name} ", "run")]
        if phase.total_items:
            share = phase.processed_items / phase.total_items
            tail = f" {min(100, int(100 * share)):>3}%  {count} / {view.number(phase.total_items)}"
            width = min(24, frame.width - widest - cells(tail) - 5)
            return line(
                *spans, *(bar_spans(share, width, bar_role(row), frame.glyphs) if width > 3 else ()), (tail, "")
            )
        return line(*spans, (count, ""))
    if stage is Stage.AHEAD:
        return line((f" {frame.glyphs.next} {name}", "dim"))
    return line((f" {frame.glyphs.done} {name} ", "done"), (count, "dim"))


def _pace_line(row: Row, detail: Detail, frame: Frame) -> Line:
    """How fast, how alive, how safe; what has no room is left out from the end."""
    parts: list[list[Span]] = []
    if row.summary.rate is not None and row.status is Status.RUNNING:
        parts.append([(" rate ", "dim"), (view.rate(row.summary.rate), "")])
        rates = view.rates_of(row.samples, min(24, max(8, frame.width - 52)))
        if len(rates) >= 3:
            parts.append([("  ", ""), (view.sparkline(rates, frame.glyphs), "bar")])
            parts.append([("  p50 ", "dim"), (view.rate(sorted(rates)[len(rates) // 2]), "")])
    if row.summary.heartbeat_age is not None:
        parts.append([("  heartbeat ", "dim"), (f"{view.beat_text(row)} ago", "")])
    if detail.checkpoint_at is not None:
        parts.append([("  checkpoint ", "dim"), (_since(row, detail.checkpoint_at), "")])
    spans: list[Span] = []
    room = frame.width
    for part in parts:
        room -= sum(cells(text) for text, _ in part)
        if room < 0:
            break
        spans += part
    if spans and spans[0][0].startswith("  "):
        spans[0] = (spans[0][0][1:], spans[0][1])
    return line(*spans)


def _since(row: Row, moment: float) -> str:
    seconds = row.now - moment
    return view.ago(seconds) if row.status in ENDED else f"{view.age(seconds)} ago"


def _counter_lines(row: Row, frame: Frame) -> list[Line]:
    progress = row.records.progress
    if progress is None or not progress.counters:
        return []
    text = "  ".join(f"{name} {view.number(value)}" for name, value in progress.counters.items())
    return [line((f" {cut(text, frame.width - 2, frame.glyphs)}", "dim"))]
