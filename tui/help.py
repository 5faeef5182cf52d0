"""What the help says: every key that works, in columns, or those that fit what somebody is looking for. Pure."""

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

from overnight.tui.glyphs import Glyphs
from overnight.tui.keys import CHOOSING, MOVING, SECTIONS, SEEING, STEERING, Key, Keymap
from overnight.tui.lines import Line, Span, cells, cut, left, line, spread
from overnight.tui.matching import SURE, best_of, fit_of

KEY_WIDTH, WORDS_WIDTH, GAP = 14, 23, 2
COLUMN = KEY_WIDTH + WORDS_WIDTH
MOST_COLUMNS = 3
BLANK: tuple[Span, ...] = ((" " * COLUMN, ""),)
SAME_KEY = 10 * SURE
"""How well a key fits that is what was typed, beside words that have it somewhere."""


class Row(NamedTuple):
    """Bindings that belong together."""

    section: str
    parts: tuple[tuple[str, str], ...]
    """Ids of bindings, each with what is said of it; of one that has no key nothing is said."""
    before: str = ""
    """What is said of all of them."""
    place: int | None = None
    """Which of their keys; None = all."""


TABS = ("tab.progress", "tab.logs", "tab.errors", "tab.history", "tab.config")


def _merged(section: str, ids: str, *words: str, before: str = "") -> Row:
    return Row(section, tuple(zip(ids.split(), words, strict=True)), before)


MERGED = (
    _merged(MOVING, "move.down move.up", "down", "up"),
    _merged(MOVING, "move.top move.bottom", "top", "bottom"),
    _merged(MOVING, "move.page_down move.page_up", "down", "up", before="half a page "),
    _merged(SEEING, "tab.next tab.previous", "next", "before", before="pane: "),
    Row(SEEING, tuple((id, "") for id in TABS), "the panes", 0),
    Row(SEEING, tuple(zip(TABS, ("progress", "logs", "errors", "history", "config"), strict=True)), place=1),
    _merged(SEEING, "wrap maximise", "wrap lines", "pane alone"),
    _merged(STEERING, "cancel kill", "cancel", "kill", before="ask first: "),
    _merged(CHOOSING, "mark mark.range mark.all", "one", "to here", "all", before="mark: "),
    _merged(CHOOSING, "find find.next find.previous", "find", "next", "before"),
)
"""Rows of several bindings; every other one has a row of its own."""
INTRO = "An agent is a program, a run one launch of it. Runs go on when you leave."


def help_lines(keys: Keymap, width: int, *, airy: bool = False) -> list[Line]:
    """All keys, in as many columns as there is room for. `airy`: with a line between two sections."""
    count = max(1, min(MOST_COLUMNS, (width + GAP) // (COLUMN + GAP)))
    columns = [list(_column(sections, keys, airy=airy)) for sections in _spread(count, keys)]
    height = max(map(len, columns))
    filled = [column + [BLANK] * (height - len(column)) for column in columns]
    return [
        Line(tuple(span for place, row in enumerate(rows) for span in ((" " * GAP * bool(place), ""), *row) if span[0]))
        for rows in zip(*filled, strict=True)
    ]


def _spread(count: int, keys: Keymap) -> list[list[str]]:
    """The sections, in so many columns that are about as long as each other."""
    sizes = {section: 1 + len(_rows(section, keys)) for section in SECTIONS}

    def height(places: tuple[int, ...]) -> int:
        return max(
            sum(sizes[section] for section, its in zip(SECTIONS, places, strict=True) if its == place)
            for place in range(count)
        )

    # The first of them: sections that follow each other stay together.
    places = min(product(range(count), repeat=len(SECTIONS)), key=height)
    return [[each for each, its in zip(SECTIONS, places, strict=True) if its == place] for place in range(count)]


def _column(sections: Iterable[str], keys: Keymap, *, airy: bool) -> Iterable[tuple[Span, ...]]:
    for place, section in enumerate(sections):
        if airy and place:
            yield BLANK
        yield ((left(section, COLUMN), "strong"),)
        for signs, words in _rows(section, keys):
            room = COLUMN - max(KEY_WIDTH, cells(signs) + 1)
            yield ((f"{left(signs, COLUMN - room - 1)} ", "key"), (left(words, room), ""))


def _rows(section: str, keys: Keymap) -> list[tuple[str, str]]:
    """Keys and words of each."""
    merged = {id: row for row in MERGED for id, _ in row.parts}
    rows: dict[Row, tuple[str, str]] = {}
    for key in keys.keys:
        if key.section != section:
            continue
        if key.id not in merged:
            rows[Row(section, ((key.id, key.words),))] = (key.shown, key.words)
            continue
        for row in (each for each in MERGED if key.id in dict(each.parts)):
            rows.setdefault(row, _shown(row, keys))
    return [said for said in rows.values() if said != ("", "")]


def _shown(row: Row, keys: Keymap) -> tuple[str, str]:
    """Nothing, where none of them has such a key."""
    said = [(sign, words) for id, words in row.parts if (sign := _sign(keys, id, row.place))]
    words = row.before + ", ".join(words for _, words in said if words)
    return (" ".join(sign for sign, _ in said), words) if said else ("", "")


def _sign(keys: Keymap, id: str, place: int | None) -> str:
    shown = next(key.shown for key in keys.keys if key.id == id)
    return shown if place is None else "".join(shown.split()[place : place + 1])


# -- looking for one


def found_keys(keys: Keymap, sought: str, most: int) -> list[Key]:
    """Bindings whose words, keys or section fit, the best first."""
    return best_of(keys.keys, partial(fit_of_key, sought.strip()), most)


def fit_of_key(sought: str, key: Key) -> int:
    """How well; a key that is what was typed, before everything else."""
    if sought in key.shown.split():
        return SAME_KEY
    return fit_of(sought, f"{key.words} {key.section} {key.id} {key.shown}")


def found_lines(found: Sequence[Key], at: int, width: int, glyphs: Glyphs) -> list[Line]:
    if not found:
        return [line(("No key does that.", "dim"))]
    return [_found_line(key, place == at, width, glyphs) for place, key in enumerate(found)]


def _found_line(key: Key, chosen: bool, width: int, glyphs: Glyphs) -> Line:
    mark = glyphs.cursor if chosen else " "
    words = left(key.words, max(0, width - KEY_WIDTH - 12))
    spans = ((f"{mark} ", "accent"), (f"{left(key.shown, KEY_WIDTH - 1)} ", "key"), words, (f"  {key.section}", "dim"))
    return line(*spans, ground="cursor" if chosen else "")


def ways_line(keys: Keymap, more: str, *, looking: bool, width: int) -> Line:
    """What can be done in the help; `more`: what of it is out of sight."""
    ways = [("enter", "Do it"), ("↑ ↓", "Choose"), ("esc", "All keys")]
    if not looking:
        ways = [(keys.sign("find"), "Find a key"), (keys.sign("back"), "Back")]
    spans = [span for sign, word in ways if sign for span in ((sign, "key"), (f" {word}  ", "dim"))]
    if width < 40:
        return line((cut("".join(text for text, _ in spans), width), "dim"))
    return spread(spans, [(more, "dim")], width)
