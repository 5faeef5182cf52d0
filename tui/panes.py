"""What the panes of the open run say, line by line. Pure."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from overnight.state.records import Event, Phase, Restart, Spec
from overnight.state.status import ENDED, RESUMABLE, RETRYABLE, WAITING, Status
from overnight.tui import view
from overnight.tui.detail import TABS, Detail, ErrorGroup, Tab, event_name, event_words
from overnight.tui.evidence import TELLING, evidence_lines
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells, clipped, cut, left, line, middle, wrapped
from overnight.tui.listing import bar_role, bar_spans
from overnight.tui.stages import Stage, stages_of
from overnight.tui.view import Row

TALL = 16
"""Lines from which a pane has room to say one thing a line."""


BAR_LEAST = 12
"""Cells below which a bar says nothing."""
WITH_NUMBERS = 100
"""Columns from which the names of the panes have room for their keys beside the name of the run."""


class Frame(NamedTuple):
    """The room a pane has, and how it is to be drawn."""

    width: int
    height: int
    glyphs: Glyphs
    wrap: bool = False


def title(row: Row, frame: Frame, *, entered: bool, tabs: Tab | None) -> Line:
    """The rule above a pane: which run, and its process. `tabs`: the open one, where they stand on the same line."""
    glyphs = frame.glyphs
    facts = [fact for fact in (_attempt(row), _pid(row), _up(row)) if fact]
    ends = tab_spans(tabs, frame) if tabs is not None else ()
    room = frame.width - sum(cells(text) for text, _ in ends) - 4
    name = middle(row.summary.name, max(8, room - 4), glyphs)
    while facts and cells(name) + sum(cells(fact) + 3 for fact in facts) + 4 > room:
        facts.pop(0)
    spans: list[Span] = [(f"{glyphs.rule} ", "rule"), (name, "accent" if entered else "strong")]
    for fact in facts:
        spans += [(f" {glyphs.rule} ", "rule"), (fact, "dim")]
    used = sum(cells(text) for text, _ in (*spans, *ends))
    fill = max(0, frame.width - used - 2)
    return Line((*spans, (f" {glyphs.rule * fill} ", "rule"), *ends))


def tab_spans(chosen: Tab, frame: Frame) -> tuple[Span, ...]:
    """The names of the panes with their keys, the open one standing out."""
    spans: list[Span] = []
    for number, tab in enumerate(TABS, 1):
        if frame.width >= WITH_NUMBERS or frame.height >= TALL:
            spans.append((str(number), "key"))
        spans.append((f"{tab} ", "accent" if tab is chosen else "dim"))
    return tuple(spans)


def _attempt(row: Row) -> str:
    if not row.summary.attempt:
        return ""
    retries = row.records.spec.retries if row.records.spec else 0
    return f"attempt {row.summary.attempt}{f'/{retries + 1}' if retries else ''}"


def _pid(row: Row) -> str:
    return f"pid {row.summary.pid}" if row.summary.pid is not None else ""


def _up(row: Row) -> str:
    if row.summary.pid is not None:
        return f"up {view.duration(view.uptime(row))}"
    return view.state_word(row.status)


def lines_of(tab: Tab, row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """The whole pane, of any length."""
    return [clipped(each, frame.width) for each in PANES[tab](row, detail, frame)]


# -- Progress


def _progress(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    said = _tall(row, detail, frame) if frame.height >= TALL else _short(row, detail, frame)
    room = frame.height - len(said)
    if room >= 1 and detail.log:
        if room >= 4 and frame.height >= TALL:
            said.append(line())
            room -= 1
        said += [_log_line(text, frame) for text in detail.log[-room:]]
    return said


def _short(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """As much as fits beside each other."""
    lines = []
    if row.records.progress is not None:
        lines.append(_phases_line(row, frame) or _bar_line(row, frame))
        lines.append(_pace_line(row, detail, frame))
    return [*lines, *_remarks(row, frame)]


def _tall(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """One thing a line."""
    glyphs, role = frame.glyphs, view.state_role(row.status)
    state: list[Span] = [(f" {glyphs.states[row.status]} {view.state_word(row.status)}", role)]
    if (text := view.eta_text(row, glyphs)) and row.status is not Status.RUNNING:
        state.append((f"  {text}", ""))
    lines = [line(*state), *_remarks(row, frame)]
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


def _remarks(row: Row, frame: Frame) -> list[Line]:
    """What stands in words: an unobeyed request, a verdict, how it ended, what the agent says, what is damaged."""
    progress, heartbeat = row.records.progress, row.records.heartbeat
    said: list[tuple[str, str]] = []
    if (request := view.asked(row)) is not None:
        since = view.asked_age(row)
        when = f" {view.age(since)} ago" if since is not None else ""
        said.append((f"{request.verb} asked{when} by {request.by}; waiting for {view.awaited(row)}", "held"))
    if row.status is Status.QUEUED:
        place = f" of group {row.summary.group}" if row.stand and row.stand.place else ""
        said.append((f"{view.eta_text(row, frame.glyphs)}{place}", "dim"))
    if (
        row.status in WAITING | {Status.STOPPING}
        and row.records.supervisor is not None
        and row.records.supervisor.reason
    ):
        said.append((row.records.supervisor.reason, "warn"))
    if row.status in {Status.STALLED, Status.STALE}:
        said.append((row.summary.health, "warn"))
    if row.status in ENDED or row.status is Status.LOST:
        said += _end_remarks(row)
    if row.status not in ENDED:
        if heartbeat is not None and heartbeat.waiting is not None and heartbeat.waiting.for_:
            said.append((f"waits: {heartbeat.waiting.for_}", "dim"))
        if progress is not None and progress.message:
            said.append((progress.message, ""))
        if progress is not None and progress.current_item:
            said.append((f"item: {progress.current_item}", "dim"))
    said += [(f"{each.path}: {each.problem}", "warn") for each in row.records.damaged]
    return [line((f" {cut(text, frame.width - 2, frame.glyphs)}", role)) for text, role in said]


def _end_remarks(row: Row) -> list[tuple[str, str]]:
    said = []
    ended = row.records.exit
    if row.status is Status.FAILED:
        said.append(((ended.reason if ended else None) or view.exit_words(row), "trouble"))
    elif ended is not None and ended.reason:
        said.append((ended.reason, "dim"))
    if row.status in RESUMABLE:
        said.append(("p continues it from its checkpoint", "dim"))
    elif row.status in RETRYABLE:
        said.append(("r starts it again from its checkpoint", "dim"))
    return said


# -- Logs


def _logs(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if detail.log_size is None:
        return [line((" It has written nothing yet.", "dim"))]
    lines: list[Line] = []
    if not detail.log_is_whole:
        older = f" older lines: overnight logs {row.summary.id}  ({view.size(detail.log_size)})"
        lines.append(line((cut(older, frame.width, frame.glyphs), "dim")))
    if not detail.log:
        return [*lines, line((" Empty.", "dim"))]
    for text in detail.log:
        if frame.wrap:
            lines += [_log_line(piece, frame) for piece in wrapped(text, frame.width - 2)]
        else:
            lines.append(_log_line(text, frame))
    return lines


def _log_line(text: str, frame: Frame) -> Line:
    return line((f" {cut(text, frame.width - 2, frame.glyphs)}", _log_role(text)))


def _log_role(text: str) -> str:
    start = text[:80]
    if "ERROR" in start or "CRITICAL" in start or start.startswith("Traceback "):
        return "trouble"
    return "warn" if "WARN" in start else ""


# -- Errors


def _errors(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    lines = [line((f" {cut(text, frame.width - 2, frame.glyphs)}", role)) for text, role in _end_remarks(row)]
    if not detail.errors_are_whole:
        shown = view.number(sum(group.seen for group in detail.errors))
        older = f" the newest {shown} of {view.number(row.summary.errors)}; all: overnight errors {row.summary.id}"
        lines.append(line((cut(older, frame.width, frame.glyphs), "dim")))
    elif not detail.errors:
        lines.append(line((" No item has failed.", "dim")))
    for group in detail.errors:
        if lines:
            lines.append(line())
        lines += _group_lines(group, frame)
    return [*lines, *(_evidence_lines(detail, frame) if row.status in TELLING else ())]


def _evidence_lines(detail: Detail, frame: Frame) -> list[Line]:
    lines: list[Line] = []
    for title, said in evidence_lines(detail.death):
        lines += [line(), line((f" {title}:", "strong"))]
        for text in said:
            pieces = wrapped(text, frame.width - 4) if frame.wrap else [cut(text, frame.width - 4, frame.glyphs)]
            lines += [line((f"   {piece}", "dim")) for piece in pieces]
    return lines


def _group_lines(group: ErrorGroup, frame: Frame) -> list[Line]:
    width, glyphs = frame.width, frame.glyphs
    sign = glyphs.states[Status.FAILED]
    lines = [
        line(
            (f" {sign} {group.type}", "trouble"),
            (f"  {view.plural(group.seen, 'item')}", "strong"),
            (_span(group), "dim"),
        )
    ]
    lines += [line(f"   {piece}") for piece in wrapped(group.message, width - 4)]
    lines += [
        line((f"   {glyphs.nothing} {middle(item, width - 6, glyphs)}", "accent")) for item in group.items if item
    ]
    for text in group.traceback:
        pieces = wrapped(text, width - 6) if frame.wrap else [cut(text, width - 6, glyphs)]
        lines += [line((f"     {piece}", "dim")) for piece in pieces]
    return lines


def _span(group: ErrorGroup) -> str:
    if group.first_at is None or group.last_at is None:
        return ""
    if group.seen == 1:
        return f"  at {_time_of_day(group.last_at)}"
    return f"  first {_time_of_day(group.first_at)}  last {_time_of_day(group.last_at)}"


# -- History


def _history(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    if not detail.history:
        return [line((" Nothing is on record.", "dim"))]
    return [_event_line(event, row.now, frame) for event in detail.history]


def _event_line(event: Event, now: float, frame: Frame) -> Line:
    text = cut(event_words(event), max(0, frame.width - 27), frame.glyphs)
    return line(
        (f" {_moment(event.at, now)}  ", "dim"),
        (f"{event_name(event):<13}", EVENT_ROLES.get(event.event, "")),
        (text, "dim"),
    )


EVENT_ROLES = {
    "died": "trouble",
    "stalled": "warn",
    "limited": "warn",
    "unbounded": "warn",
    "retrying": "warn",
    "source_changed": "warn",
    "paused": "held",
    "frozen": "held",
}


def _time_of_day(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))


def _moment(moment: float, now: float) -> str:
    """The time of day, or the date where that is another one."""
    then, today = time.localtime(moment), time.localtime(now)
    return time.strftime("%H:%M:%S" if then[:3] == today[:3] else "%d %b  ", then)


# -- Config


def _config(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    lines = []
    for name, text in _settings(row):
        first, *rest = wrapped(text, max(8, frame.width - 16)) if text else [frame.glyphs.dash]
        lines.append(line((f" {name:<13} ", "dim"), first))
        lines += [line(f"{'':15}{piece}") for piece in rest]
    return lines


def _settings(row: Row) -> list[tuple[str, str]]:
    spec = row.records.spec
    if spec is None:
        return [("directory", row.records.directory)]
    stall = "from its own pace" if spec.stall is None else f"after {view.duration(spec.stall)}: {spec.on_stall}"
    return [
        ("id", row.summary.id),
        ("command", " ".join(spec.command)),
        ("folder", spec.cwd),
        ("directory", row.records.directory),
        ("group", spec.group),
        ("labels", _labels(spec.labels)),
        ("restart", _restarts(spec)),
        ("graces", f"pause {view.duration(spec.pause_grace)}, stop {view.duration(spec.stop_grace)}"),
        ("stall", stall),
        ("limits", view.limits_text(spec)),
        ("launched", f"{time.strftime('%d %b %H:%M:%S', time.localtime(spec.created_at))} by {spec.by}"),
    ]


def _restarts(spec: Spec) -> str:
    bound = "" if spec.restart is Restart.NEVER else f", at most {spec.retries} without progress"
    return f"{spec.restart}{bound}"


def _labels(labels: Mapping[str, str]) -> str:
    return "  ".join(f"{name}={value}" for name, value in labels.items())


PANES: Mapping[Tab, Callable[[Row, Detail, Frame], list[Line]]] = {
    Tab.PROGRESS: _progress,
    Tab.LOGS: _logs,
    Tab.ERRORS: _errors,
    Tab.HISTORY: _history,
    Tab.CONFIG: _config,
}
