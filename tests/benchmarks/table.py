"""Tables of figures in Markdown, the bars they have to reach, and the place in a guide where they stand. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from tests.benchmarks.figures import Figure, said

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


class Table(NamedTuple):
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    note: str = ""


class Bar(NamedTuple):
    """A most that a figure's median may be."""

    what: str
    limit: float
    unit: str
    reached: Figure

    @property
    def met(self) -> bool:
        return self.reached.median <= self.limit


class Result(NamedTuple):
    """What one benchmark has to show."""

    table: Table
    bars: tuple[Bar, ...]


def table_of(bars: list[Bar]) -> Table:
    rows = [
        (bar.what, f"≤ {said(bar.limit)} {bar.unit}", str(bar.reached), "yes" if bar.met else "**no**") for bar in bars
    ]
    return Table("What has to be reached", ("", "bar", "measured", "reached"), rows)


def markdown(table: Table) -> str:
    lines = [f"### {table.title}", "", *map(_line, (table.columns, ["---"] * len(table.columns), *table.rows))]
    return "\n".join([*lines, "", table.note, ""] if table.note else [*lines, ""])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def put_between(text: str, block: str) -> str:
    """The text with `block` between its two markers, each alone on its line. Raises ValueError where they are not."""
    lines = text.splitlines()
    begins = [number for number, line in enumerate(lines) if line.strip() == BEGIN]
    ends = [number for number, line in enumerate(lines) if line.strip() == END]
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise ValueError(f"it needs one line {BEGIN} and, below it, one line {END}")
    return "\n".join([*lines[: begins[0] + 1], "", block.strip(), "", *lines[ends[0] :], ""])
