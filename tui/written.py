"""What the terminal shows, cell by cell, and the shortest text that makes it show another picture.

Textual writes whole lines of what may have changed, with every colour of them. Here only cells that differ are
written, and of their colours only what differs from the cell that was written before. Text up to a sign whose width
terminals disagree about is one piece: it is written whole, and nothing is taken for granted of where it ends.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, compress, pairwise
from operator import itemgetter, ne
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

ANY = "any"
HARMLESS = frozenset({"", "1", "2", "3"})
"""Bold, dim, italic: a space looks the same with them."""
BRIDGED = 3
"""Cells that are written though they do not differ: to go past them takes as many bytes."""


class Pen(NamedTuple):
    """How a cell is drawn, in the parameters of SGR. ANY = it makes no difference."""

    attributes: str = ""
    colour: str = ""
    ground: str = ""


Cell = tuple[str, Pen]
UNKNOWN: Cell = ("", Pen())
FOLLOWING = "\0"
"""What stands in the other cells of a piece; the whole of its text is in its first."""
BARE = Pen()


class Written:
    """The cells of the terminal as they were last written."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Cell]] = {}
        self._size: Size | None = None
        """Of the picture that was whole last."""

    def forget(self) -> None:
        """The terminal may show anything."""
        self._rows.clear()

    def difference(self, update: LayoutUpdate | ChopsUpdate, console: Console) -> str:
        """What is to be written so that it shows the update; from now on it is taken to show that."""
        if isinstance(update, LayoutUpdate) and update.region.size != self._size:
            # Until now the old picture may have been drawn, though the terminal had another size: who knows where to.
            self._size = update.region.size
            self.forget()
        colours = ColorSystem(console._color_system or ColorSystem.TRUECOLOR)
        said: list[str] = []
        pen = BARE
        for y, strips in _rows_of(update).items():
            for x, strip in strips:
                cells = _cells_of(strip, colours)
                if cells is None:
                    said.append(f"{_reset(pen)}\x1b[{y + 1};{x + 1}H{strip.render(console)}")
                    pen = BARE
                    self._put(y, x, [UNKNOWN] * strip.cell_length)
                else:
                    pen = _say(said, y, x, self._put(y, x, cells), cells, pen)
        said.append(_reset(pen))
        return "".join(said)

    def _put(self, y: int, x: int, cells: list[Cell]) -> list[Cell]:
        """The cells that were there."""
        row = self._rows.setdefault(y, [])
        end = x + len(cells)
        if len(row) < end:
            row.extend([UNKNOWN] * (end - len(row)))
        before = row[x:end]
        _break_piece(row, x)
        _break_piece(row, end)
        row[x:end] = cells
        return before


def _break_piece(row: list[Cell], x: int) -> None:
    """Of a piece that reaches over `x` nothing is known any more: a part of it is about to be written over."""
    if x < len(row) and row[x][0] == FOLLOWING:
        start, end = _piece_at(row, x)
        row[start:end] = [UNKNOWN] * (end - start)


def _piece_at(row: Sequence[Cell], x: int) -> tuple[int, int]:
    """Where the piece begins and ends that the cell at `x` is of; most are one cell."""
    start, end = x, x + 1
    while start > 0 and row[start][0] == FOLLOWING:
        start -= 1
    while end < len(row) and row[end][0] == FOLLOWING:
        end += 1
    return start, end


class Difference(CompositorUpdate):
    """An update that is written as what differs from what was written before it."""

    def __init__(
        self, update: LayoutUpdate | ChopsUpdate, written: Written, marked: Callable[[str], str] = str
    ) -> None:
        """`marked`: what is written for these codes."""
        self._update, self._written, self._marked = update, written, marked

    def render_segments(self, console: Console) -> str:
        return self._marked(self._written.difference(self._update, console))


def _rows_of(update: LayoutUpdate | ChopsUpdate) -> Mapping[int, Iterable[tuple[int, Strip]]]:
    """The strips of an update by their line, each with its first column."""
    if isinstance(update, ChopsUpdate):
        rows: dict[int, list[tuple[int, Strip]]] = {}
        for y, start, end in update.spans:
            # Beside its spans it may hold the bare ground on which other widgets stand, in their place.
            rows.setdefault(y, []).extend(
                (x, strip)
                for x, strip in update.chops[y].items()
                if strip is not None and x < end and x + strip.cell_length > start
            )
        return rows
    return {y: _placed(strips, update.region.x) for y, strips in enumerate(update.strips, update.region.y)}


def _placed(strips: Iterable[Strip], x: int) -> Iterable[tuple[int, Strip]]:
    for strip in strips:
        yield x, strip
        x += strip.cell_length


def _cells_of(strip: Strip, colours: ColorSystem) -> list[Cell] | None:
    """None = some of it cannot be told by its cells: it is a link, or takes none."""
    cells: list[Cell] = []
    for segment in strip:
        some = _cells_of_segment(segment, colours)
        if some is None:
            return None
        cells += some
    return cells


@lru_cache(maxsize=2048)
def _cells_of_segment(segment: Segment, colours: ColorSystem) -> tuple[Cell, ...] | None:
    """Most of a picture is what was there before: the names, the states, the rest of the bars."""
    text, style, control = segment
    if control or (style is not None and style.link):
        return None
    pen = BARE if style is None else pen_of(style, colours)
    if not _is_plain(text):
        widths = [(piece, cell_len(piece)) for piece in _pieces(text)]
        cells = ([(piece, pen), *[(FOLLOWING, pen)] * (width - 1)] for piece, width in widths)
        return tuple(chain.from_iterable(cells)) if all(width for _, width in widths) else None
    blank = (" ", Pen(ANY, ANY, pen.ground) if pen.attributes in HARMLESS else pen)
    return tuple(blank if char == " " else _cell(char, pen) for char in text)


@lru_cache(maxsize=4096)
def _cell(char: str, pen: Pen) -> Cell:
    """One for all places where it stands: else a log that somebody follows would take a hundred megabytes of them."""
    return char, pen


def _is_plain(text: str) -> bool:
    """Whether each character takes one cell, on its own."""
    if text.isprintable() and (text.isascii() or max(text) < "\u0300"):
        return True
    return all(get_character_cell_size(char) == 1 and not _is_half_flag(char) for char in text)


def _pieces(text: str) -> Iterable[str]:
    """Each ends with a sign of a doubtful width, or with the text."""
    start = 0
    for end, (char, following) in enumerate(pairwise(text), 1):
        if _is_doubtful(char) and not _belongs_to(char, following):
            yield text[start:end]
            start = end
    yield text[start:]


@lru_cache(maxsize=1024)
def _is_doubtful(char: str) -> bool:
    """Whether terminals disagree how many cells it takes: not of a plain sign, nor of a letter that takes two."""
    size = get_character_cell_size(char)
    return _is_half_flag(char) or not (size == 1 or (size == 2 and _is_letter(char)))


def _is_letter(char: str) -> bool:
    import unicodedata

    return unicodedata.category(char) == "Lo"


def _belongs_to(before: str, char: str) -> bool:
    """Whether it is drawn into the cells of the sign before it."""
    return get_character_cell_size(char) == 0 or (_is_half_flag(before) and _is_half_flag(char))


def _is_half_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


@lru_cache(maxsize=1024)
def pen_of(style: Style, colours: ColorSystem) -> Pen:
    attributes = style.without_color.render("x").partition("x")[0].removeprefix("\x1b[").removesuffix("m")
    return Pen(
        attributes,
        "" if style.color is None else ";".join(style.color.downgrade(colours).get_ansi_codes()),
        "" if style.bgcolor is None else ";".join(style.bgcolor.downgrade(colours).get_ansi_codes(foreground=False)),
    )


def _say(said: list[str], y: int, x: int, before: list[Cell], after: list[Cell], pen: Pen) -> Pen:
    """Say what differs from column `x` on; the pen as it is after that."""
    if before == after:
        return pen
    at = -1
    for each in _differing(before, after):
        char, wanted = after[each]
        if char == FOLLOWING:
            # It is written with the first cell, and terminals do not agree on where that ends.
            at = -1
            continue
        if at < 0:
            said.append(f"\x1b[{y + 1};{x + each + 1}H")
        elif 0 < each - at <= BRIDGED and all(_is_alike(pen, cell) for cell in after[at:each]):
            said.extend(char for char, _ in after[at:each])
        elif at < each:
            said.append(f"\x1b[{each - at}C")
        now = drawn(pen, wanted)
        if now != pen:
            said.append(change(pen, now))
            pen = now
        said.append(char)
        at = each + 1 if len(char) == 1 and not _is_half_flag(char) else -1
    return pen


def _differing(before: list[Cell], after: list[Cell]) -> Sequence[int]:
    """The cells to be written: those that differ, and with each all of the pieces that it is of, old and new."""
    differ = list(compress(range(len(after)), map(ne, before, after)))
    if FOLLOWING not in map(itemgetter(0), chain(before, after)):
        return differ
    whole = set[int]()
    while differ:
        if (at := differ.pop()) not in whole:
            whole.add(at)
            differ.extend(each for row in (before, after) for each in range(*_piece_at(row, at)))
    return sorted(whole)


def _is_alike(pen: Pen, cell: Cell) -> bool:
    """Whether this pen draws it as it is, and as one character."""
    return len(cell[0]) == 1 and cell[0] != FOLLOWING and drawn(pen, cell[1]) == pen


@lru_cache(maxsize=4096)
def drawn(pen: Pen, wanted: Pen) -> Pen:
    """The pen that draws it, as near as possible to the one in hand."""
    if wanted.attributes != ANY:
        return wanted
    if pen.attributes in HARMLESS:
        return pen._replace(ground=wanted.ground)
    return Pen("", pen.colour, wanted.ground)


@lru_cache(maxsize=4096)
def change(before: Pen, after: Pen) -> str:
    """The codes that make one of the other."""
    fewer = (before.colour and not after.colour) or (before.ground and not after.ground)
    if before.attributes != after.attributes or fewer:
        codes = [code for code in after if code]
        # What is set is taken back by nothing but a reset of all.
        start = [] if before == BARE else ["0"]
        return f"\x1b[{';'.join([*start, *codes]) or '0'}m"
    codes = [new for old, new in zip(before, after, strict=True) if old != new]
    return f"\x1b[{';'.join(codes)}m"


def _reset(pen: Pen) -> str:
    return "" if pen == BARE else "\x1b[0m"
