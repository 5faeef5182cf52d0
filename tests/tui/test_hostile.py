"""Whatever stands in the records of a run: no byte of it steers a terminal, and every line stays as wide as it is."""

import re
import shlex
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.command import OVERNIGHT
from tests.hostile import EVIL, a_hostile_fleet, faults_of, log_a_long_line
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run
from tests.waiting import eventually

pytestmark = [pytest.mark.leaves_no_process, pytest.mark.usefixtures("home")]

SIZES = [
    *((80, 24), (120, 40)),
    *(pytest.param(200, 60, marks=pytest.mark.long), pytest.param(60, 15, marks=pytest.mark.long)),
]
LOOKS = (
    *(("1", "waits:"), ("3", "· bev"), ("4", "ended"), ("5", "command"), ("2", "xxxx")),
    *(("m", "xxxx"), ("w", "xxxx"), ("mw", "Into")),
)
"""Keys, and a word that is seen once they have done what they do."""
DIALOGS = (
    *(("x", "Cancel ev", "n"), ("X", "Kill ev", "n"), ("R", "Next field", "\x1b"), ("n", "Next field", "\x1b")),
    *(("*x", "Cancel 1", "n"), ("s", "Sort by", "\x1b"), ("?", "Find a key", "\x1b"), ("n", "New run", "\x1b")),
)
"""Keys, a word of what they open, and what closes it."""
SAFE_EVIL = shlex.quote(EVIL.replace("\0", "").encode("utf-8", "replace").decode())
"""As a word of a command."""
INTERFACE = [sys.executable, "-c", "from overnight.tui.cli import command; command()"]


def box_of(lines: list[list[str]]) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom of the one window that stands over the list; None = there is none."""
    found = [(x, y) for y, row in enumerate(lines) for x, cell in enumerate(row) if cell == "╭"]
    if not found:
        return None
    ((x, y),) = found
    return x, y, lines[y].index("╮"), next(below for below in range(y, len(lines)) if lines[below][x] == "╰")


def is_whole(terminal: Terminal) -> bool:
    """Whether windows, columns and the edge of the pane stand straight, to the right end of the screen."""
    terminal.read()
    lines = [
        [terminal.screen.buffer[y][x].data for x in range(terminal.screen.columns)]
        for y in range(terminal.screen.lines)
    ]
    if (box := box_of(lines)) is not None:
        left, top, right, bottom = box
        assert all(lines[y][x] == "│" for y in range(top + 1, bottom) for x in (left, right)), "the window's edges"
        assert lines[bottom][right] == "╯"
        return True
    assert ":" in "".join(lines[0][-6:]), "the clock stands at the right end"
    heading = "".join(cell or " " for cell in lines[1])
    if "STATE" in heading:
        percents = {text.index("40%") for text in map("".join, plain_cells(lines[2:])) if text[4:11] == "running"}
        assert len(percents) == 1, "the columns of the list:\n" + terminal.text()
    if len(lines[1]) >= 120 and "│" in heading:
        edge = lines[1].index("│")
        assert all(row[edge] == "│" for row in lines[1:-1]), "the edge of the pane"
    return True


def is_gone(terminal: Terminal, word: str) -> bool:
    return word not in terminal.text()


def plain_cells(lines: list[list[str]]) -> list[list[str]]:
    """Each cell as one character, so that places in a text are columns."""
    return [[cell[:1] or " " for cell in row] for row in lines]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_hostile_text_neither_steers_the_terminal_nor_displaces_anything(home: Path, columns: int, rows: int) -> None:
    with a_hostile_fleet(home) as victim, a_terminal(INTERFACE, columns, rows) as terminal:
        log_a_long_line(victim)
        terminal.shows("% ")
        # Out of whatever is open, then into the pane of the first run, which is the hostile one.
        terminal.type("g\r\r\r")
        for keys, word in LOOKS:
            terminal.type(keys)
            terminal.shows(word)
            eventually(lambda: is_whole(terminal), timeout=5)
        for keys, word, closing in DIALOGS:
            terminal.type(keys)
            terminal.shows(word)
            eventually(lambda: is_whole(terminal), timeout=5)
            terminal.type(closing)
            eventually(partial(is_gone, terminal, word), timeout=5, message=f"{keys!r} is closed")
        terminal.type("q")
        assert terminal.ends() == 0
    assert faults_of(terminal.raw) == []


PASTED = "ab\x9b2J\x9d0;x\x9c\x07\x08\u202e\u200bcd"
"""What the terminal's reader of keys lets through; codes that begin with an escape end there."""


@pytest.mark.parametrize(("opens", "shows"), [("/", "find by"), ("&", "state:"), ("n", "Next field"), (":", "a verb")])
def test_what_is_pasted_into_a_field_steers_nothing(home: Path, opens: str, shows: str) -> None:
    with a_supervised_run(home, "plain"), a_terminal(INTERFACE) as terminal:
        terminal.shows("plain", "40 / 100")
        terminal.type(opens)
        terminal.shows(shows)
        terminal.type(f"\x1b[200~{PASTED}\rbelow\x1b[201~!")
        terminal.shows("abcd!")
        terminal.type("\x1b")
        eventually(partial(is_gone, terminal, "abcd!"), timeout=5)
        terminal.type("q")
        assert terminal.ends() == 0
    assert faults_of(terminal.raw) == []


def test_no_verb_lets_anything_of_a_run_steer_the_terminal(home: Path) -> None:
    """All in one terminal, one after the other; `--json` escapes what it has."""
    with a_hostile_fleet(home) as victim:
        ids = [each.name for each in (home / "runs").iterdir() if each.name[:2] in {"fa", "da", "wa", "ev"}]
        run = [shlex.quote(each) for each in (*ids, victim.id)]
        every = " ".join(run)
        verbs = ["", "ls", "ls --json", f"show {every}", f"show --json {every}", f"why {every}", f"logs {victim.id}"]
        verbs += [f"errors {every}", f"events {every}", f"events --json {victim.id}", "group", "doctor", "prune --all"]
        verbs += [f"check {shlex.quote(victim.path)}", f"wait --timeout 0.1 {every}", f"resume {every}"]
        verbs += [f"retry {every}", f"rm {victim.id}", f"show {shlex.quote(ids[0])}{SAFE_EVIL}", f"{SAFE_EVIL} x"]
        verbs += [
            f"run --name {SAFE_EVIL} -- true",
            f"run -- {SAFE_EVIL}",
            "completion bash -- show ''",
            f"kill {every}",
        ]
        script = home.parent / "verbs.sh"
        script.write_text("".join(f"TERM=dumb {OVERNIGHT} {verb}; echo code $?\n" for verb in verbs))
        with a_terminal(["bash", str(script)], 120, 40) as terminal:
            assert terminal.ends(60) == 0
    said = terminal.raw.decode()
    assert faults_of(terminal.raw) == []
    assert "line 1, in <module>\r\n    sys.exit" not in said, "no verb failed"
    codes = re.findall(r"\ncode (\d+)\r", said)
    assert len(codes) == len(verbs)
    assert set(codes) <= set("01234")
