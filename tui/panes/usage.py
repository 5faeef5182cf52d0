"""What a run uses: its counters beside its budget, its breakers, and what its processes take of the machine. Pure."""

from overnight.state.amounts import size_words, span_words
from overnight.state.status import ENDED
from overnight.tui import numbers
from overnight.tui.budgets import NEARLY, Counter, breaker_words, counters_of
from overnight.tui.detail import Detail
from overnight.tui.lines import Line, Span, cells
from overnight.tui.listing import bar_spans
from overnight.tui.panes.facts import LABEL, fact, fitting, long_fact
from overnight.tui.panes.frame import Frame
from overnight.tui.resources import Resources
from overnight.tui.safety import repeat_words
from overnight.tui.view import Row

BAR, LEAST_BAR = 16, 6


def usage_line(row: Row, detail: Detail, frame: Frame) -> Line:
    """What fits beside each other."""
    parts: list[list[Span]] = []
    repeated = repeat_words(row, detail.checkpoint_at, detail.in_hand) if row.status not in ENDED else ""
    if detail.resources is not None:
        parts += _resource_parts(row, detail.resources)
    parts += [[(repeated, "dim")]] if repeated else []
    parts += [[(f"{each.name} ", "dim"), _counter_span(each)] for each in counters_of(row, detail.kept)]
    parts += [[(breaker_words(each, row.now), "warn")] for each in detail.kept.breakers if each.opened_at is not None]
    if detail.resources is not None:
        parts.append([(_processes_words(detail.resources), "dim")])
    return fitting(parts, frame)


def usage_lines(row: Row, detail: Detail, frame: Frame) -> list[Line]:
    """One thing a line."""
    lines = [_counter_line(each, frame) for each in counters_of(row, detail.kept)]
    for each in detail.kept.breakers:
        lines += long_fact("breaker", breaker_words(each, row.now), "" if each.opened_at is None else "warn", frame)
    return lines


def resource_lines(row: Row, resources: Resources, frame: Frame) -> list[Line]:
    spec = row.records.spec
    lines = [fact("processor", ((f"{resources.cpu}%", ""),), frame)] if resources.cpu is not None else []
    held = [(numbers.held_size(resources.memory), "")]
    if not resources.is_share:
        held.append((" resident", "dim"))
    if spec is not None and spec.memory_limit:
        of = f" of {size_words(spec.memory_limit)}"
        held = _against(held, of, resources.memory / spec.memory_limit, spec.on_memory, frame)
    lines.append(fact("memory", held, frame))
    lines.append(fact("processes", ((_processes_words(resources), ""),), frame))
    if spec is not None and spec.time_limit is not None:
        lines.append(fact("time limit", ((f"{span_words(spec.time_limit)} at work, then it fails", ""),), frame))
    return lines


def _resource_parts(row: Row, resources: Resources) -> list[list[Span]]:
    spec = row.records.spec
    limit = spec.memory_limit if spec is not None else None
    near = limit is not None and resources.memory >= NEARLY * limit
    held = f"{numbers.held_size(resources.memory)}{f' of {size_words(limit)}' if limit is not None else ''}"
    cpu: list[list[Span]] = [[("cpu ", "dim"), (f"{resources.cpu}%", "")]] if resources.cpu is not None else []
    return [
        *cpu,
        [("memory ", "dim"), (held, "warn" if near else "")],
    ]


def _processes_words(resources: Resources) -> str:
    children = f", {_counted(resources.children, 'child', 'children')}" if resources.children else ""
    threads, files = _counted(resources.threads, "thread"), _counted(resources.files, "open file")
    return f"{threads}, {files}{children}"


def _counted(count: int, noun: str, many: str = "") -> str:
    return f"{numbers.number(count)} {noun if count == 1 else many or f'{noun}s'}"


# -- counters and budgets


def _counter_span(counter: Counter) -> Span:
    return f"{counter.text}{counter.of_text}", "warn" if counter.share >= NEARLY else ""


def _counter_line(counter: Counter, frame: Frame) -> Line:
    spans: list[Span] = [(counter.text, "")]
    if counter.limit is not None:
        spans = _against(spans, counter.of_text, counter.share, counter.limit.on, frame)
    return fact(counter.name, spans, frame)


def _against(used: list[Span], of: str, share: float, then: str, frame: Frame) -> list[Span]:
    """How much of a limit is used, with a bar where there is room, and what happens at it."""
    role = "warn" if share >= NEARLY else "bar"
    head: list[Span] = [*used, (of, "dim")]
    tail: list[Span] = [(f"{numbers.percent(share):>3}%", "warn" if share >= NEARLY else ""), (f", then {then}", "dim")]
    room = frame.width - LABEL - 3 - sum(cells(text) for text, _ in (*head, *tail)) - 3
    if room < LEAST_BAR:
        return [*head, ("  ", ""), *tail]
    return [*head, ("  ", ""), *bar_spans(share, min(BAR, room), role, frame.glyphs), (" ", ""), *tail]
