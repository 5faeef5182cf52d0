"""Runs as lines of plain text, for a person who has no interface open. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from overnight.state.status import RESUMABLE
from overnight.tui.bars import bar
from overnight.tui.glyphs import UNICODE, Glyphs
from overnight.tui.lines import cells, cut, middle
from overnight.tui.numbers import number, plural, rate
from overnight.tui.view import Row, beat_text, eta_text, percent_text, row_role, row_word

BAR = 13
GAP = "  "
SHORTEST_NAME = 12
COLOURS = {"run": "32", "trouble": "31", "warn": "33", "held": "36", "done": "2", "dim": "2"}
"""Roles as the terminal's own colours, so that they fit its background; 2 = faint."""


class Style(NamedTuple):
    """What the place that is written to can show."""

    glyphs: Glyphs = UNICODE
    colours: bool = False
    width: int | None = None
    """Columns; None = as wide as it takes."""


class Column(NamedTuple):
    """One column with all its cells."""

    title: str
    texts: tuple[str, ...]
    width: int
    right: bool
    given_up: int | None
    """The lower, the sooner it goes where the width does not suffice; None = it stays."""


def column(title: str, texts: Iterable[str], *, right: bool = False, given_up: int | None = None) -> Column:
    """As wide as its widest cell."""
    texts = tuple(texts)
    return Column(title, texts, max(map(cells, (title, *texts))), right, given_up)


def table_lines(rows: Sequence[Row], style: Style) -> list[str]:
    """A header and a line for each run; nothing for none."""
    if not rows:
        return []
    columns = _fitting(_columns(rows, style.glyphs), style)
    header = _line([each.title for each in columns], columns)
    lines = [_line(texts, columns) for texts in zip(*(each.texts for each in columns), strict=True)]
    if style.width is not None:
        header, *lines = (cut(line, style.width, style.glyphs) for line in (header, *lines))
    if style.colours:
        lines = [painted(line, row_role(row)) for line, row in zip(lines, rows, strict=True)]
    return [header, *lines]


def progress_line(row: Row, style: Style) -> str:
    """One run as one line without columns: for a line that is drawn over, or one now and then."""
    done, total = row.summary.processed_items, row.summary.total_items
    counted = "" if done is None else number(done) + (f"/{number(total)}" if total else "")
    errors = plural(row.summary.errors, "error") if row.summary.errors else ""
    parts = (row.summary.id, row_word(row), bar_text(row, style.glyphs), percent_text(row), counted)
    more = (remaining_text(row, style.glyphs), rate_text(row), errors, row.newest_line)
    line = GAP.join(part for part in (*parts, *more) if part)
    return line if style.width is None else cut(line, style.width - 1, style.glyphs)


def painted(text: str, role: str) -> str:
    return f"\x1b[{COLOURS[role]}m{text}\x1b[0m"


def bar_text(row: Row, glyphs: Glyphs, width: int = BAR) -> str:
    """No bar where no percentage is known."""
    percent = row.summary.percent
    return "" if percent is None else "".join(bar(percent / 100, width, glyphs))


def rate_text(row: Row) -> str:
    return "" if row.summary.rate is None else rate(row.summary.rate)


def remaining_text(row: Row, glyphs: Glyphs) -> str:
    """As in the interface, but where that names a key, the verb."""
    return "resume continues it" if row.status in RESUMABLE else eta_text(row, glyphs)


def _columns(rows: Sequence[Row], glyphs: Glyphs) -> list[Column]:
    columns = [
        column("STATE", (f"{glyphs.states[row.status]} {row_word(row)}" for row in rows)),
        column("RUN", (row.summary.id for row in rows)),
        column("PROGRESS", (bar_text(row, glyphs) for row in rows), given_up=3),
        column("%", (percent_text(row) for row in rows), right=True),
        column("ETA", (remaining_text(row, glyphs) for row in rows)),
        column("RATE", map(rate_text, rows), right=True, given_up=1),
        column("BEAT", map(beat_text, rows), right=True, given_up=2),
        column("ERR", (str(row.summary.errors or glyphs.nothing) for row in rows), right=True),
    ]
    if any(row.summary.group != "default" for row in rows):
        columns.append(column("GROUP", (row.summary.group for row in rows), given_up=0))
    return columns


def _fitting(columns: list[Column], style: Style) -> list[Column]:
    """Give up what says least, then shorten names; the state is never touched."""
    if style.width is None:
        return columns
    giving_up = sorted(
        (each for each in columns if each.given_up is not None), key=lambda each: each.given_up or 0, reverse=True
    )
    while giving_up and _total(columns) > style.width:
        columns.remove(giving_up.pop())
    over = _total(columns) - style.width
    return [_shortened(each, over, style.glyphs) if each.title == "RUN" else each for each in columns]


def _shortened(names: Column, over: int, glyphs: Glyphs) -> Column:
    if over <= 0:
        return names
    width = max(SHORTEST_NAME, names.width - over)
    return column(names.title, (middle(name, width, glyphs) for name in names.texts))


def _total(columns: list[Column]) -> int:
    return sum(each.width for each in columns) + len(GAP) * (len(columns) - 1)


def _line(texts: Sequence[str], columns: Sequence[Column]) -> str:
    return GAP.join(_padded(text, each) for text, each in zip(texts, columns, strict=True)).rstrip()


def _padded(text: str, its: Column) -> str:
    space = " " * (its.width - cells(text))
    return space + text if its.right else text + space
