"""The floor: no framework, only the cells that differ, with plain escape codes, a colour once for all that has it."""

import sys
import time

from overnight.tui.lines import Line
from overnight.tui.listing import layout_for
from tests.benchmarks.programs.changing import EVERY, line_at

TOP, ROWS = 2, 21
"""The lines of the terminal where the list stands, from 0: between two of header and one of footer."""
COLOURS = {
    "run": "38;2;126;198;153",
    "dim": "38;2;124;132;163",
    "accent": "38;2;224;175;104",
    "bar": "38;2;122;162;247",
    "rest": "38;2;58;64;88",
    "": "38;2;200;206;222",
}
GROUNDS = {"cursor": "48;2;42;48;72", "": "48;2;20;22;31"}
Cell = tuple[str, str, str]
"""A character, its colour, its ground."""


def cells_of(line: Line) -> list[Cell]:
    return [
        # A space has no colour.
        (char, "" if char == " " else COLOURS.get(role, COLOURS[""]), GROUNDS[line.ground])
        for text, role in line.spans
        for char in text
    ]


def difference(y: int, before: list[Cell], after: list[Cell], pen: list[str]) -> str:
    """`pen`: colour and ground as they are now."""
    said: list[str] = []
    at = -1
    for x, cell in enumerate(after):
        if x < len(before) and before[x] == cell:
            continue
        if x != at:
            said.append(f"\x1b[{y + 1};{x + 1}H")
        at = x + 1
        wanted = [cell[1] or pen[0], cell[2]]
        if codes := [new for new, old in zip(wanted, pen, strict=True) if new != old]:
            said.append(f"\x1b[{';'.join(codes)}m")
            pen[:] = wanted
        said.append(cell[0])
    return "".join(said)


def main(count: int) -> None:
    layout, pen = layout_for(80), ["", ""]
    shown: list[list[Cell]] = [[] for _ in range(ROWS)]
    step = 0
    sys.stdout.write("\x1b[?1049h\x1b[2J")
    while True:
        said = []
        for row in range(min(ROWS, count)):
            cells = cells_of(line_at(row, step, layout, cursor=row == 0))
            said.append(difference(TOP + row, shown[row], cells, pen))
            shown[row] = cells
        sys.stdout.write("".join(said))
        sys.stdout.flush()
        step += 1
        time.sleep(EVERY)


if __name__ == "__main__":
    main(int(sys.argv[1]))
