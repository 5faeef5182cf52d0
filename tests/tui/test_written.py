"""Only cells that differ are written: what the terminal shows then is what a full redraw would show."""

import random
import sys
import time
import tracemalloc
from pathlib import Path
from string import ascii_letters
from typing import Any

import pyte
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from overnight.state.records import Progress
from overnight.state.rundir import RunDir
from overnight.tui.written import Written
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run
from tests.waiting import eventually

WIDTH, HEIGHT = 24, 5
STYLES = [
    Style.parse(each)
    for each in ("", "red on black", "bold red on black", "blue on #102030", "underline", "reverse red", "dim on red")
]
TEXTS = ["a", "  ", "done", "█▏", "日本", "e\u0301", "x y z", "▌", " "]
CONSOLE = Console(color_system="truecolor", width=WIDTH, height=HEIGHT, legacy_windows=False)
PROGRAM = (
    "import sys; from overnight.state.home import default_home as home; "
    "from overnight.tui.interface import open_interface; "
)
INTERFACE = [sys.executable, "-c", f"{PROGRAM}sys.exit(open_interface(home()))"]


def a_strip(chance: random.Random, width: int) -> Strip:
    segments = [Segment(chance.choice(TEXTS), chance.choice(STYLES)) for _ in range(width)]
    return Strip(segments).adjust_cell_length(width, STYLES[1])


def a_screen() -> pyte.Screen:
    """One that does not wrap: Textual tells it so at its start."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(screen).feed("\x1b[?7l")
    return screen


def cells(screen: pyte.Screen) -> list[Any]:
    """Each cell with all of its colours; those of the sign on a space do not show."""
    return [[plain(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def plain(cell: Any) -> Any:
    shows = cell.underscore or cell.reverse or cell.strikethrough
    return cell if cell.data != " " or shows else cell._replace(fg="default", bold=False, italics=False)


class Pictured:
    """A terminal that is told only what differs, and the picture that it is to show."""

    def __init__(self) -> None:
        self.picture = [[(0, Strip.blank(WIDTH, STYLES[1]))] for _ in range(HEIGHT)]
        self.screen = a_screen()
        self.written = Written()
        self._stream = pyte.Stream(self.screen)

    def show(self, *lines: int) -> str:
        """The lines that are not as they were; none = all, as Textual does after a layout."""
        update: LayoutUpdate | ChopsUpdate
        if lines:
            chops = [dict(row) for row in self.picture]
            update = ChopsUpdate(chops, [(y, 0, WIDTH) for y in lines], [[WIDTH]] * HEIGHT)
        else:
            update = LayoutUpdate([[strip for _, strip in row] for row in self.picture], Region(0, 0, WIDTH, HEIGHT))
        said = self.written.difference(update, CONSOLE)
        self._stream.feed(said)
        return said

    def redrawn(self) -> list[Any]:
        """What a terminal shows to which the whole picture is written, as Textual does it."""
        fresh = a_screen()
        stream = pyte.Stream(fresh)
        for y, row in enumerate(self.picture):
            for x, strip in row:
                stream.feed(f"\x1b[{y + 1};{x + 1}H{strip.render(CONSOLE)}")
        return cells(fresh)


@pytest.mark.parametrize("seed", range(40))
def test_a_terminal_that_is_told_only_what_differs_shows_the_picture(seed: int) -> None:
    chance = random.Random(seed)
    pictured = Pictured()
    pictured.show()
    for _ in range(25):
        changed = chance.sample(range(HEIGHT), chance.randint(1, HEIGHT))
        for y in changed:
            cut = chance.randint(1, WIDTH - 1)
            pictured.picture[y] = [(0, a_strip(chance, cut)), (cut, a_strip(chance, WIDTH - cut))]
        pictured.show(*([] if chance.random() < 0.3 else changed))
        assert cells(pictured.screen) == pictured.redrawn()


def test_a_picture_that_is_the_same_writes_nothing() -> None:
    pictured = Pictured()
    assert pictured.show() != ""
    assert pictured.show() == ""
    assert pictured.show(1, 2) == ""


def test_one_cell_that_differs_is_written_alone() -> None:
    pictured = Pictured()
    pictured.show()
    pictured.picture[2] = [(0, Strip([Segment("    x".ljust(WIDTH), STYLES[1])]))]
    assert "\x1b[3;5H" in (said := pictured.show(2))
    assert said.count("x") == 1
    assert "  " not in said


def test_beside_a_text_of_wide_characters_only_what_differs_is_written() -> None:
    pictured = Pictured()

    def line(number: int) -> list[tuple[int, Strip]]:
        texts = ["日本語 e\u0301", f" {number}".ljust(WIDTH - 8)]
        return [(0, Strip([Segment(text, STYLES[1]) for text in texts]))]

    pictured.picture[2] = line(1)
    pictured.show()
    pictured.picture[2] = line(2)
    said = pictured.show(2)
    assert "2" in said
    assert "日" not in said
    assert cells(pictured.screen) == pictured.redrawn()
    assert pictured.show(2) == ""


def test_of_an_update_only_what_it_spans_is_written() -> None:
    """Beside that Textual gives the ground of a container, where it did not draw the widget that stands on it."""
    pictured = Pictured()
    pictured.picture[2] = [(0, Strip([Segment("a list".ljust(12))])), (12, Strip([Segment("a pane".ljust(12))]))]
    pictured.show()
    chops = [{0: Strip.blank(12), 12: Strip([Segment("another".ljust(12))])}] * HEIGHT
    said = pictured.written.difference(ChopsUpdate(chops, [(2, 12, WIDTH)], [[12, WIDTH]] * HEIGHT), CONSOLE)
    pyte.Stream(pictured.screen).feed(said)
    assert pictured.screen.display[2] == "a list      another     "


def test_what_is_forgotten_is_written_again() -> None:
    pictured = Pictured()
    first = pictured.show()
    pictured.written.forget()
    assert pictured.show() == first


@pytest.mark.parametrize("sign", ["👩", "🇩🇪", "ि", "䷀", "e\u0301\u0302", "ᅡ", "日", "👩🇩🇪ि"])
@pytest.mark.parametrize("cells_of_it", [0, 1, 2])
def test_what_follows_a_sign_stays_in_its_place_whatever_width_the_terminal_gives_it(
    sign: str, cells_of_it: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terminals have tables of their own: of letters that take two cells alone all say the same."""
    if sign != "日":
        monkeypatch.setattr("pyte.screens.wcwidth", lambda char: 1 if char.isascii() else cells_of_it)
    pictured = Pictured()
    text = f"a{sign}"
    pictured.picture[2] = [(0, Strip([Segment(text), Segment(" b", STYLES[1])]).adjust_cell_length(WIDTH))]
    pictured.show()
    assert pictured.screen.buffer[2][cell_len(text) + 1].data == "b"


def test_a_log_that_is_followed_for_long_takes_no_more_memory_than_a_short_one() -> None:
    chance, written, width = random.Random(1), Written(), 200
    lines = (Segment("".join(chance.choices(ascii_letters, k=width)), chance.choice(STYLES)) for _ in range(4000))
    tracemalloc.start()
    try:
        for segment in lines:
            written.difference(LayoutUpdate([[Strip([segment])]], Region(0, 0, width, 1)), CONSOLE)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 10 << 20


def write_progress(run: RunDir, done: int) -> None:
    run.write(run.progress_path, Progress(processed_items=done, total_items=5000, updated_at=time.time(), attempt=1))


def is_what_a_redraw_shows(terminal: Terminal) -> bool:
    """Whether the terminal, at rest, shows what it shows once all is written anew."""
    terminal.read()
    before = cells(terminal.screen)
    seen = len(terminal.raw)
    terminal.screen.erase_in_display(2)
    terminal.type("\x0c")
    eventually(lambda: len(terminal.text()) > 0 and len(terminal.raw) - seen > 1000, message="all is drawn anew")
    terminal.read()
    return cells(terminal.screen) == before


@pytest.mark.leaves_no_process
def test_the_interface_shows_what_a_full_redraw_would_after_changes_scrolls_and_resizes(home: Path) -> None:
    chance = random.Random(7)
    with (
        a_supervised_run(home, "crawl") as run,
        a_supervised_run(home, "日本語") as other,
        a_terminal(INTERFACE) as terminal,
    ):
        terminal.shows("crawl", "日本語")
        for step in range(6):
            for each in (run, other):
                write_progress(each, chance.randrange(5000))
            terminal.type(chance.choice(["j", "k", "\t", "l", "G", "gg", " ", "e", "1"]))
            if step % 2:
                columns, rows = chance.choice([(80, 24), (130, 40), (66, 18)])
                terminal.resize(columns, rows)
            eventually(lambda: is_what_a_redraw_shows(terminal), message="it shows what a redraw shows")
