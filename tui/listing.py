"""The fleet list: which columns a width has room for, and what a run's line says in each. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from overnight.state.status import ENDED, LIVE, Status
from overnight.tui import bars, numbers, view
from overnight.tui.glyphs import Glyphs
from overnight.tui.lines import Line, Span, cells, left, line, middle, more_words, right
from overnight.tui.model import Fleet
from overnight.tui.view import Row

LEAD = 4
"""Cells before the first column: cursor, mark, glyph, a space."""
STATE_SHORT, STATE_WHOLE = 9, 12
NAME_LEAST, NAME_MOST = 8, 40
BESIDE_FROM = 120
"""Columns from which the pane of the open run stands beside the list."""
LEAST_WIDTH, LEAST_HEIGHT = 60, 15
"""Below either, one line says how the fleet is."""


class Column(NamedTuple):
    title: str
    width: int
    draw: Callable[[Row, int, Glyphs], tuple[Span, ...]]
    """Exactly `width` cells."""
    to_the_right: bool = False


class Layout(NamedTuple):
    """Columns for one width; a space stands between two."""

    columns: tuple[Column, ...]


ALWAYS = ("state", "name")
_NAMES = "AGENT"
"""The title of the column of names."""
COLUMNS = (*ALWAYS, "progress", "percent", "eta", "rate", "beat", "errors", "phase", "sparkline")
"""The names of all columns, in their usual order."""
_NEVER_DROPPED = ("progress", "percent", "eta")
_DROPPED_FROM_THE_END = ("errors", "beat", "rate", "phase", "sparkline")


def layout_for(width: int, names: Sequence[str] = COLUMNS) -> Layout:
    """As many of these columns as there is room for; then the name shrinks, the state never.

    The state and the name come first where they are not among them.
    """
    state = Column("STATE", STATE_WHOLE if width >= 104 else STATE_SHORT, _state)
    fitting = [state, *(_BY_NAME[name] for name in _NEVER_DROPPED if name in names)]
    for column in (_BY_NAME[name] for name in _DROPPED_FROM_THE_END if name in names):
        if _width_of((*fitting, column)) + NAME_LEAST + 5 > width - LEAD:
            break
        fitting.append(column)
    room = width - LEAD - _width_of(fitting) - 1
    columns = {**_BY_NAME, "state": state, "name": Column(_NAMES, min(NAME_MOST, max(NAME_LEAST, room)), _name)}
    ordered = (*(name for name in ALWAYS if name not in names), *names)
    return Layout(tuple(columns[name] for name in ordered if name in ALWAYS or columns[name] in fitting))


def _width_of(columns: Sequence[Column]) -> int:
    return sum(column.width + 1 for column in columns) - 1


def heading(width: int, columns: Sequence[str], glyphs: Glyphs, above: int = 0, below: int = 0) -> Line:
    """The titles of the columns; beside that of the names, how many runs are out of sight."""
    layout = layout_for(width, columns)
    titles = {each: each.title for each in layout.columns}
    name = next(each for each in layout.columns if each.title == _NAMES)
    titles[name] = _names_title(more_words(above, below, glyphs), name.width)
    texts = [(right if each.to_the_right else left)(title, each.width, glyphs) for each, title in titles.items()]
    return line((left(" " * LEAD + " ".join(texts), width, glyphs), "dim"), ground="heading")


def _names_title(more: str, width: int) -> str:
    """As much of it as there is room for, the number to the last."""
    short = more.removesuffix(" more")
    texts = (f"{_NAMES}  {more}", f"{_NAMES}  {short}", f"{_NAMES} {short}", short)
    return next((text for text in texts if cells(text) <= width), short) if more else _NAMES


def run_line(row: Row, layout: Layout, glyphs: Glyphs, *, cursor: bool, marked: bool) -> Line:
    """One run."""
    spans: list[Span] = [
        (glyphs.cursor if cursor else " ", "accent"),
        (glyphs.mark if marked else " ", "accent"),
        (glyphs.states[row.status], view.row_role(row)),
    ]
    drawn = list(layout.columns)
    if not row.reports and row.status is Status.RUNNING and _BAR in drawn:
        # Nothing to draw a bar of: the newest line of its output takes the place of bar and percentage.
        place = drawn.index(_BAR)
        taken = [_BAR, _PERCENT] if drawn[place + 1 : place + 2] == [_PERCENT] else [_BAR]
        drawn[place : place + len(taken)] = [Column("", _width_of(taken), _newest_line)]
    for column in drawn:
        spans += [(" ", ""), *column.draw(row, column.width, glyphs)]
    return Line(tuple(spans), "cursor" if cursor else "")


def _state(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    word = view.row_word(row)
    shown = word if len(word) <= width else word[: width - 1] + "."
    return ((left(shown, width, glyphs), view.row_role(row)),)


def _name(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    role = "dim" if row.status in ENDED and row.status is not Status.FAILED else ""
    return ((left(middle(row.summary.name, width, glyphs), width, glyphs), role),)


def _bar(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    percent = row.summary.percent
    if percent is None:
        return ((left(_count(row), width, glyphs), "dim"),)
    return bar_spans(percent / 100, width, bar_role(row), glyphs)


def bar_spans(fraction: float, width: int, role: str, glyphs: Glyphs) -> tuple[Span, ...]:
    filled, rest = bars.bar(fraction, width, glyphs)
    return ((filled, role), (rest, "rest"))


def bar_role(row: Row) -> str:
    return "bar" if row.status is Status.RUNNING else view.row_role(row)


def _count(row: Row) -> str:
    done = row.summary.processed_items
    if done is None:
        return ""
    return f"{numbers.number(done)} {row.records.progress.unit or 'items'}" if row.records.progress else ""


def _newest_line(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    return ((left(row.newest_line.strip(), width, glyphs), "dim"),)


def _percent(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    return ((right(view.percent_text(row), width, glyphs), "dim" if row.status in ENDED else ""),)


def _eta(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    text = view.eta_text(row, glyphs)
    role = view.row_role(row)
    return ((left(text, width, glyphs), "" if role == "run" else role),)


def _rate(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    moves = row.summary.rate is not None and row.status is Status.RUNNING
    return ((right(numbers.rate(row.summary.rate or 0) if moves else "", width, glyphs), ""),)


def _beat(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    role = "warn" if row.status is Status.STALE else "dim"
    return ((right(view.beat_text(row), width, glyphs), role),)


def _errors(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    count = row.summary.errors
    return ((right(_short(count) if count else glyphs.nothing, width, glyphs), "trouble" if count else "dim"),)


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count // 1000}k"


def _phase(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    phase = row.records.progress.phase if row.records.progress and row.status in LIVE else None
    return ((left(middle(phase or "", width, glyphs), width, glyphs), "dim"),)


def _sparkline(row: Row, width: int, glyphs: Glyphs) -> tuple[Span, ...]:
    text = bars.sparkline(bars.rates_of(row.samples, width), glyphs) if row.status in LIVE else ""
    return ((left(text, width, glyphs), "bar"),)


_BAR = Column("PROGRESS", 13, _bar)
_PERCENT = Column("%", 4, _percent, to_the_right=True)
_ETA = Column("ETA", view.ETA_WIDTH, _eta)
_RATE = Column("RATE", 6, _rate, to_the_right=True)
_BEAT = Column("BEAT", 4, _beat, to_the_right=True)
_ERRORS = Column("ERR", 3, _errors, to_the_right=True)
_PHASE = Column("PHASE", 10, _phase)
_SPARKLINE = Column("LAST 15 MIN", 16, _sparkline)
_BY_NAME: Mapping[str, Column] = {
    "progress": _BAR,
    "percent": _PERCENT,
    "eta": _ETA,
    "rate": _RATE,
    "beat": _BEAT,
    "errors": _ERRORS,
    "phase": _PHASE,
    "sparkline": _SPARKLINE,
}


EMPTY = (
    ("Nothing runs here yet.", "strong"),
    ("", ""),
    ("overnight demo", "key"),
    ("    real agents on real files of this machine, to watch and to steer", "dim"),
    ("", ""),
    ("overnight run -- COMMAND", "key"),
    ("    any program as a run; `python my_agent.py` is one too", "dim"),
    ("", ""),
    ("{new}", "key"),
    ("    a new run, from here", "dim"),
    ("", ""),
    ("Runs appear here by themselves. They do not need this window:", ""),
    ("{leave} leaves it, and they go on.", ""),
)
"""With bindings whose keys are to be named."""


def empty_lines(fleet: Fleet) -> tuple[Line, ...]:
    """What stands where the list would be."""
    if not fleet.loaded:
        return (line(), line(("    reading…", "dim")))
    if fleet.order and fleet.filter.tests:
        return (
            line(),
            line(("    No run passes ", ""), (fleet.filter.text, "accent"), (". ", ""), *_shows_all("back", fleet)),
        )
    if fleet.order:
        return (line(), line(("    No run is in trouble. ", ""), *_shows_all("only_trouble", fleet)))
    keys = {id: fleet.keys.way(id) for id in ("new", "leave")}
    return (line(), *(line("    ", (text.format(**keys), role)) for text, role in EMPTY))


def _shows_all(id: str, fleet: Fleet) -> tuple[Span, ...]:
    return ((fleet.keys.way(id), "key"), (" shows them all.", ""))
