"""Pictures cannot lie: each is drawn again, by the code that it shows, and compared."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.tui.config import Config
from overnight.tui.config_reading import config_of
from screenshots.pictures import LARGE, PICTURES, SMALL, Picture, app_of, draw, lead

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"

OTHER_KEYS = config_of(
    'columns = ["name", "state", "percent", "beat", "eta"]\n'
    '[keys]\nhelp = "f1"\npause = "P"\ncancel = "ctrl+x, delete"\nkill = []\nleave = "Q"\n"tab.logs" = "ö"'
)
assert isinstance(OTHER_KEYS, Config)
OTHER_SCREENS = (
    Picture("logs-large", "everyday", LARGE, ("l",)),
    Picture("errors-large", "everyday", LARGE, ("j",) * 7 + ("e",)),
    Picture("errors-light", "everyday", SMALL, ("j",) * 7 + ("e",), theme="overnight-light"),
    Picture("errors-ansi", "everyday", SMALL, ("j",) * 7 + ("e",), theme="overnight-ansi"),
    Picture("history", "everyday", SMALL, ("h",)),
    Picture("config-small", "everyday", SMALL, ("5",)),
    Picture("sort", "everyday", SMALL, ("s",)),
    Picture("sort-ansi", "everyday", LARGE, ("s",), theme="overnight-ansi"),
    Picture("help-ansi", "everyday", SMALL, ("question_mark",), theme="overnight-ansi"),
    Picture("events-ansi", "everyday", LARGE, ("E",), theme="overnight-ansi"),
    Picture("logs", "everyday", SMALL, ("l", "m")),
    Picture("log-search", "everyday", SMALL, ("l", "m", "slash", *"batch", "enter")),
    Picture("log-missed", "everyday", (60, 15), ("l", "m", "w", "slash", *"Batch", "enter")),
    Picture("log-ascii", "everyday", SMALL, ("l", "enter"), ascii_only=True),
    Picture("config", "everyday", LARGE, ("5",)),
    Picture("failed", "everyday", SMALL, ("j",) * 7),
    Picture("failed-large", "everyday", LARGE, ("j",) * 7),
    Picture("errors-large", "everyday", LARGE, ("j",) * 7 + ("e",)),
    Picture("wide", "everyday", (200, 50)),
    Picture("bulk-cancel", "everyday", LARGE, ("asterisk", "x")),
    Picture("bulk-kill", "everyday", SMALL, ("asterisk", "X")),
    Picture("only-trouble", "everyday", SMALL, ("f",)),
    Picture("finding", "everyday", SMALL, ("slash", "e", "m", "b")),
    Picture("stalled", "everyday", SMALL, ("j",) * 5),
    Picture("paused-entered", "everyday", LARGE, ("j", "j", "enter")),
    Picture("narrow", "everyday", (60, 15)),
    Picture("too-small", "everyday", (59, 14)),
    Picture("ascii-question", "everyday", SMALL, ("x",), ascii_only=True),
    Picture("light", "everyday", SMALL, theme="overnight-light"),
    Picture("filtering", "everyday", SMALL, ("ampersand", *"group:gpu err>0")),
    Picture("filtered-sorted", "everyday", LARGE, ("ampersand", *"-state:queued", "enter", "s", "8", "s")),
    Picture("launch", "everyday", SMALL, ("n", *"true")),
    Picture("launch-refused", "everyday", LARGE, ("n", *"nowhere-at-all")),
    Picture("launch-again-ascii", "everyday", SMALL, ("R", "down"), ascii_only=True),
    *(
        Picture(f"{theme}{name}", "everyday", size, theme=f"overnight-{theme}")
        for theme in ("ansi", "colorblind", "high-contrast")
        for name, size in (("", SMALL), ("-large", LARGE))
    ),
    Picture("ansi-cancel", "everyday", SMALL, ("x",), theme="overnight-ansi"),
    Picture("events-filtered", "everyday", LARGE, ("E", "ampersand", *"group:default -started", "enter", "k")),
    Picture("events-light", "everyday", SMALL, ("E", "f"), theme="overnight-light"),
    Picture("events-ascii", "everyday", SMALL, ("E",), ascii_only=True),
    Picture("palette", "everyday", LARGE, ("colon",)),
    Picture("palette-ansi", "everyday", SMALL, ("colon", *"crawl"), theme="overnight-ansi"),
    Picture("palette-light", "everyday", SMALL, ("colon", *"slots"), theme="overnight-light"),
    Picture("palette-ascii", "everyday", SMALL, ("colon", *"zzz"), ascii_only=True),
    Picture("help-large", "everyday", LARGE, ("question_mark",)),
    Picture("help-found", "everyday", SMALL, ("question_mark", "slash", *"log", "down")),
    Picture("help-ascii", "everyday", SMALL, ("question_mark",), ascii_only=True),
    Picture("help-light", "everyday", SMALL, ("question_mark",), theme="overnight-light"),
    Picture("keys", "everyday", LARGE, ("f1",), config=OTHER_KEYS),
)


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of day are drawn in the time zone of whoever looks."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_committed_picture_is_what_the_code_draws(picture: Picture) -> None:
    assert (SCREENSHOTS / f"{picture.name}.svg").read_text() == draw(picture)


@pytest.mark.parametrize("picture", OTHER_SCREENS, ids=lambda picture: picture.name)
def test_a_screen_looks_as_it_did(picture: Picture, snap_compare: Callable[..., bool]) -> None:
    async def led(pilot: Pilot[None]) -> None:
        await lead(pilot, picture)

    assert snap_compare(app_of(picture), terminal_size=picture.size, run_before=led)


def test_nothing_else_lies_beside_the_pictures() -> None:
    assert {path.stem for path in SCREENSHOTS.glob("*.svg")} == {picture.name for picture in PICTURES}


def test_the_check_tells_when_a_picture_differs(tmp_path: Path) -> None:
    copy = tmp_path / "screenshots"
    copy.mkdir()
    for path in SCREENSHOTS.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    check = [sys.executable, "-m", "screenshots", "--check"]
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    picture = copy / "empty-80x24.svg"
    picture.write_text(
        picture.read_text().replace("overnight demo", "overnight magic").replace("overnight&#160;demo", "x")
    )
    told = subprocess.run(check, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert told.returncode == 1
    assert "empty-80x24.svg" in told.stderr
