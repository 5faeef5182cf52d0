"""The line above the list: how many runs are in which state, and what of them is shown. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from overnight.state.status import Status
from overnight.tui import numbers, view
from overnight.tui.events import Mode
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells, cut, cut_spans, spread
from overnight.tui.listing import LEAST_HEIGHT, LEAST_WIDTH, bar_spans
from overnight.tui.model import Fleet, Overall
from overnight.tui.moments import clock
from overnight.tui.sorting import AS_IT_CAME
from overnight.tui.state_groups import COUNTED


class _Said(NamedTuple):
    """How much of the header is said."""

    words: bool = False
    """Beside the counts."""
    host: bool = True
    sort: bool = True
    filter: int = 24
    """Cells of its text; it takes more where they are free."""
    overall: bool = False
    """As a bar, too."""
    ends: bool = False
    """When all is over."""
    clock: bool = True


_LESS_AND_LESS = (
    _Said(ends=True),
    _Said(),
    _Said(clock=False),
    _Said(clock=False, filter=12),
    _Said(clock=False, filter=12, host=False),
    _Said(clock=False, filter=12, host=False, sort=False),
    _Said(clock=False, filter=0, host=False, sort=False),
)


def header(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """The program, the machine, how many runs are in which state, and the time of day.

    What hides runs, and that some are marked, is said to the last: the rest gives way to it.
    """
    with_words = sum(cells(text) for text, _ in _count_spans(fleet, glyphs, words=True))
    room = width - sum(cells(text) for text, _ in _header_begin(fleet, _Said(), glyphs)) - 48
    whole = _Said(words=with_words <= room, overall=width >= 110, ends=True)
    for said in (whole, whole._replace(words=False), *_LESS_AND_LESS):
        first = [*_header_begin(fleet, said, glyphs), *_count_spans(fleet, glyphs, words=said.words)]
        last = _header_end(fleet, said, glyphs)
        free = width - 1 - sum(cells(text) for text, _ in (*first, *last))
        if free >= 0:
            last = _header_end(fleet, said._replace(filter=said.filter + free), glyphs) if said.filter else last
            break
    left_over = width - sum(cells(text) for text, _ in last) - 1
    return spread(cut_spans(first, left_over, glyphs.ellipsis), last, width, "band")


def _header_begin(fleet: Fleet, said: _Said, glyphs: Glyphs) -> list[Span]:
    host = f" {cut(fleet.host, 24, glyphs)}  " if said.host else " "
    return [(" overnight ", "title"), (host, "dim")]


def state_counts(fleet: Fleet) -> Iterator[tuple[Status, int, str]]:
    """How many runs are in which state, by the status that stands for it, and in one word; those that there are."""
    found = fleet.tally
    for sign, members, word in COUNTED:
        if count := sum(found.get(each, 0) for each in members):
            yield sign, count, word


def _count_spans(fleet: Fleet, glyphs: Glyphs, *, words: bool) -> list[Span]:
    return [
        (f"{glyphs.states[sign]} {count}{f' {word}' if words else ''}  ", view.state_role(sign))
        for sign, count, word in state_counts(fleet)
    ]


def _header_end(fleet: Fleet, said: _Said, glyphs: Glyphs) -> list[Span]:
    spans: list[Span] = []
    if Mode.ONLY_TROUBLE in fleet.modes:
        spans.append(("only trouble  ", "warn"))
    if fleet.filter.tests:
        text = f": {cut(fleet.filter.text, said.filter, glyphs)}" if said.filter else ""
        spans.append((f"{len(fleet.shown)} of {len(fleet.order)}{text}  ", "warn"))
    if said.sort and fleet.sort != AS_IT_CAME:
        spans.append((f"by {fleet.sort.by}{', turned' if fleet.sort.turned else ''}  ", "dim"))
    if fleet.marks:
        spans.append((f"{len(fleet.marks)} marked  ", "accent"))
    if said.overall and fleet.overall is not None:
        spans += _overall(fleet.overall, glyphs)
    elif said.ends and fleet.overall is not None and (ends := _ends(fleet.overall)):
        spans.append((f"{ends}  ", ""))
    return [*spans, (f"{clock(fleet.now)} ", "")] if said.clock else spans


def _overall(overall: Overall, glyphs: Glyphs) -> list[Span]:
    """One bar for all that lives, and when the last of it is expected to end."""
    ends = _ends(overall)
    if overall.percent is None:
        return [(f"{ends}   ", "")] if ends else []
    bar = bar_spans(overall.percent / 100, 14, "bar", glyphs)
    return [*bar, (f" {int(overall.percent)}%{f', {ends}' if ends else ''}   ", "")]


def _ends(overall: Overall) -> str:
    """When all is over; "" = nobody knows."""
    if overall.left is None:
        return ""
    # Of some nobody knows when they end.
    return f"{'at least ' if overall.open else ''}{numbers.about(overall.left)} left"


def too_small(fleet: Fleet, width: int, glyphs: Glyphs) -> Line:
    """The one line of a terminal that has no room for a list."""
    states = _count_spans(fleet, glyphs, words=False) or [("no runs  ", "dim")]
    spans: list[Span] = [(" overnight  ", "title"), *states]
    hint = f"needs {LEAST_WIDTH}x{LEAST_HEIGHT}"
    return spread(spans, [(hint, "dim"), (" ", "")], width)
