"""Each theme can be read by those whom it is for, on whatever terminal."""

import re
from itertools import combinations
from math import cbrt, dist
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from overnight.tui.themes import COLORBLIND, HIGH_CONTRAST, THEMES
from tests.command import OVERNIGHT
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run
from tests.waiting import eventually

STATES = {"run": "success", "held": "role-held", "warn": "warning", "trouble": "error"}
"""The roles of what is to be told apart at a glance, as the variables of their colours."""
TEXTS = {**STATES, "done": "role-done", "dim": "role-dim", "key": "accent", "text": "foreground"}
GROUNDS = ("background", "surface", "ground-cursor", "ground-band")

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEEN_BY = {
    "protanopes": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopes": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}
Triple = tuple[float, float, float]


def linear(theme: Theme, variable: str) -> Triple:
    colour = Color.parse(theme.variables.get(variable) or getattr(theme, variable))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return red, green, blue


def contrast(theme: Theme, one: str, other: str) -> float:
    """Of WCAG: 1 to 21."""
    light, dark = sorted(
        (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(theme, one), linear(theme, other)))
    )
    return (dark + 0.05) / (light + 0.05)


def seen(rgb: Triple, matrix: tuple[Triple, Triple, Triple]) -> Triple:
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, rgb, strict=True)))) for row in matrix)
    return red, green, blue


def lab(rgb: Triple) -> Triple:
    """CIE L*a*b* of linear sRGB: distances in it are differences that people see; 1 is the least."""
    r, g, b = rgb
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    )
    x, y, z = (cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def least_difference(theme: Theme, eyes: str) -> float:
    points = [lab(seen(linear(theme, variable), SEEN_BY[eyes])) for variable in STATES.values()]
    return min(dist(one, other) for one, other in combinations(points, 2))


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_states_differ_for_those_who_do_not_tell_red_from_green(eyes: str) -> None:
    assert least_difference(COLORBLIND, eyes) > 20
    assert least_difference(COLORBLIND, eyes) > least_difference(THEMES["dark"], eyes)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_high_contrast_is_high_for_every_text_on_every_ground(text: str, ground: str) -> None:
    assert contrast(HIGH_CONTRAST, TEXTS[text], ground) >= 7


@pytest.mark.parametrize("name", ["dark", "light", "colorblind"])
def test_every_other_theme_can_be_read(name: str) -> None:
    for text, variable in TEXTS.items():
        assert contrast(THEMES[name], variable, "background") >= (3 if text in {"dim", "done"} else 4.5), text


def test_every_theme_has_every_colour() -> None:
    for theme in THEMES.values():
        assert theme.variables.keys() - {"ansi-background", "ansi-foreground"} == THEMES["dark"].variables.keys()


def test_ansi_writes_the_sixteen_colours_of_the_terminal_and_no_other(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('theme = "ansi"\n')
    with a_supervised_run(home, "crawl"), a_terminal([OVERNIGHT], 120, 40, OVERNIGHT_CONFIG=str(path)) as terminal:
        terminal.shows("crawl", "running")
        open_and_close(terminal, "?", "this help", "\x1b")
        open_and_close(terminal, "x", "Cancel crawl?", "n")
        open_and_close(terminal, "n", "New run", "\x1b")
        open_and_close(terminal, "E", "Open the run", "q")
        terminal.type("\x03")
        terminal.shows("q leaves and the agents")
        terminal.type("/")
        terminal.shows("find by name")
        terminal.type("raw")
        eventually(lambda: "find by name" not in terminal.text())
        terminal.type("\r")
        terminal.shows("n Next")
        terminal.type(":")
        terminal.shows("a verb and a run")
        terminal.type("light col")
        terminal.shows("Light colours")
        assert colours_beyond(terminal.raw) == set()
        assert re.search(rb"\x1b\[(?:[0-9;]*;)?32[;m]", terminal.raw), "what works is green"
        terminal.type("\r")
        eventually(lambda: terminal.text() and colours_beyond(terminal.raw), message="a theme that is picked shows")
    assert path.read_text() == 'theme = "ansi"\n', "and is not written back"


def open_and_close(terminal: Terminal, opening: str, text: str, closing: str) -> None:
    terminal.type(opening)
    terminal.shows(text)
    terminal.type(closing)
    eventually(lambda: text not in terminal.text(), message="the window is closed")


def colours_beyond(raw: bytes) -> set[bytes]:
    """Codes of colours that are none of the sixteen."""
    return set(re.findall(rb"\x1b\[(?:[0-9;]*;)?[34]8;[0-9;]*m", raw))
