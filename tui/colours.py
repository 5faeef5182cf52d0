"""The colours of an agent's own output, as roles of spans: nothing else of its escape codes is kept. Pure.

A role that begins with `sgr` has one word for each thing that it says: `bold`, `dim`, `underline`, the name of one of
the eight colours, which the theme draws, `#rrggbb`, and `on#rrggbb` for what is behind the text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from overnight.tui.clean import SEQUENCES, clean
from overnight.tui.lines import SGR, Span

NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The eight colours that a terminal's own theme, and so this one, decides about."""
_SIXTEEN = (
    *("#000000", "#cd3131", "#0dbc79", "#c7b11a", "#2472c8", "#bc3fbc", "#11a8cd", "#d5d5d5"),
    *("#666666", "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff"),
)
_LEVELS = (0, 95, 135, 175, 215, 255)
"""Of red, green and blue in the cube of 216 colours."""


class _State(NamedTuple):
    bold: bool = False
    dim: bool = False
    underline: bool = False
    colour: str = ""
    ground: str = ""


_PLAIN = _State()


def coloured(line: str) -> tuple[Span, ...]:
    """One raw line as clean spans. Of one that was drawn over with carriage returns, what was drawn last."""
    line = line.rstrip("\r")
    if line.isprintable():
        return ((clean(line), ""),) if line else ()
    spans: list[Span] = []
    state, start = _PLAIN, 0
    for code in [*re.finditer(SEQUENCES, line), None]:
        text = line[start : code.start() if code else None]
        if "\r" in text:
            spans, text = [], text.rsplit("\r", 1)[1]
        if shown := clean(text):
            spans.append((shown, _role(state)))
        if code:
            start = code.end()
            state = _after(state, code.group())
    return tuple(spans)


def _after(state: _State, code: str) -> _State:
    found = re.fullmatch(r"(?:\x1b\[|\x9b)([0-9;:]*)m", code)
    if found is None or len(found[1]) > 200:
        return state
    numbers = (min(int(each or 0), 999) for each in re.split("[;:]", found[1]))
    for number in numbers:
        state = _set(state, number, numbers)
    return state


def _set(state: _State, number: int, more: Iterator[int]) -> _State:
    match number:
        case 0:
            return _PLAIN
        case 1:
            return state._replace(bold=True)
        case 2:
            return state._replace(dim=True)
        case 4:
            return state._replace(underline=True)
        case 22:
            return state._replace(bold=False, dim=False)
        case 24:
            return state._replace(underline=False)
        case 38:
            return state._replace(colour=_extended(more))
        case 48:
            return state._replace(ground=_extended(more))
        case 39:
            return state._replace(colour="")
        case 49:
            return state._replace(ground="")
        case _ if 30 <= number <= 37:
            return state._replace(colour=NAMES[number - 30])
        case _ if 90 <= number <= 97:
            return state._replace(colour=NAMES[number - 90])
        case _ if 40 <= number <= 47:
            return state._replace(ground=_SIXTEEN[number - 40])
        case _ if 100 <= number <= 107:
            return state._replace(ground=_SIXTEEN[number - 92])
    return state


def _extended(more: Iterator[int]) -> str:
    """What follows 38 or 48: `5;n` or `2;r;g;b`; "" = neither."""
    match next(more, None):
        case 5:
            return _of_256(min(next(more, 0), 255))
        case 2:
            return _hex(*(min(next(more, 0), 255) for _ in range(3)))
    return ""


def _of_256(number: int) -> str:
    if number < 8:
        return NAMES[number]
    if number < 16:
        return _SIXTEEN[number]
    if number >= 232:
        return _hex(*(8 + 10 * (number - 232),) * 3)
    number -= 16
    return _hex(_LEVELS[number // 36], _LEVELS[number // 6 % 6], _LEVELS[number % 6])


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"


def _role(state: _State) -> str:
    if state == _PLAIN:
        return ""
    ground = _SIXTEEN[NAMES.index(state.ground)] if state.ground in NAMES else state.ground
    words = [SGR, *(name for name in ("bold", "dim", "underline") if getattr(state, name))]
    # The colour comes last: what is behind a text brings one on which it can be read.
    return " ".join(filter(None, [*words, ground and f"on{ground}", state.colour]))
