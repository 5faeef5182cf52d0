"""The phases of a run: those that are over, the one that is at work with its bar, those ahead. Pure."""

from overnight.state.records import Phase
from overnight.state.status import ENDED
from overnight.tui import numbers
from overnight.tui.lines import Line, Span, cells, left, line, middle
from overnight.tui.listing import bar_role, bar_spans
from overnight.tui.panes.frame import Frame
from overnight.tui.stages import INSIDE, Stage, stages_of
from overnight.tui.view import Row

LONGEST_BAR = 24
WIDEST_NAME = 20
INDENT, MOST_INDENTS = "  ", 4
"""Of a phase inside of another."""


def phases_line(row: Row, frame: Frame) -> Line | None:
    """All beside each other, the one that runs with its bar; None = there are none or no room."""
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
        elif stage is Stage.DONE:
            # Inside of the one that runs, or before one that is gone back to.
            after.append((f"  {frame.glyphs.done} {phase.name}", "done"))
        elif stage is not Stage.AROUND:
            after.append((f"  {frame.glyphs.next} {phase.name}", "dim"))
    now = _running_phase(running, row, frame, taken=sum(cells(text) for text, _ in (*before, *after)))
    return None if now is None else line(*before, *now, *after)


def _running_phase(phase: Phase | None, row: Row, frame: Frame, *, taken: int) -> list[Span] | None:
    if phase is None:
        return [] if taken <= frame.width else None
    head = f" {frame.glyphs.now} {phase.name} "
    if not phase.total_items:
        return [(head, "run"), (f"{numbers.number(phase.processed_items)} ", "")]
    share = phase.processed_items / phase.total_items
    count = f"{numbers.number(phase.processed_items)} / {numbers.number(phase.total_items)}"
    tail = f" {min(100, numbers.percent(share))}%  ({count})"
    room = frame.width - taken - cells(head) - cells(tail) - 1
    if room < 4:
        return None
    return [(head, "run"), *bar_spans(share, min(room, LONGEST_BAR), bar_role(row), frame.glyphs), (tail, "")]


def phase_lines(row: Row, frame: Frame) -> list[Line]:
    """One a line; those inside of another stand in from it."""
    progress = row.records.progress
    if progress is None:
        return []
    stages = stages_of(progress, ended=row.status in ENDED)
    widest = min(WIDEST_NAME, max((cells(_indent(each) + _own_name(each)) for each in progress.phases), default=0))
    return [_phase_line(phase, stage, widest, row, frame) for phase, stage in zip(progress.phases, stages, strict=True)]


def _indent(phase: Phase) -> str:
    return INDENT * min(MOST_INDENTS, phase.name.count(INSIDE))


def _own_name(phase: Phase) -> str:
    """Without those that it stands inside of."""
    return phase.name.rpartition(INSIDE)[2]


def _phase_line(phase: Phase, stage: Stage, widest: int, row: Row, frame: Frame) -> Line:
    indent = _indent(phase)
    room = max(1, widest - len(indent))
    name = left(middle(_own_name(phase), room, frame.glyphs), room, frame.glyphs)
    count = numbers.number(phase.processed_items)
    match stage:
        case Stage.AHEAD:
            return line((f" {indent}{frame.glyphs.next} {name}", "dim"))
        case Stage.DONE:
            return line((f" {indent}{frame.glyphs.done} {name} ", "done"), (count, "dim"))
    spans: list[Span] = [(f" {indent}{frame.glyphs.now} {name} ", "run")]
    if not phase.total_items:
        return line(*spans, (count, ""))
    share = phase.processed_items / phase.total_items
    tail = f" {min(100, numbers.percent(share)):>3}%  {count} / {numbers.number(phase.total_items)}"
    width = min(LONGEST_BAR, frame.width - widest - cells(tail) - 5)
    bar = bar_spans(share, width, bar_role(row), frame.glyphs) if width > 3 else ()
    return line(*spans, *bar, (tail, ""))
