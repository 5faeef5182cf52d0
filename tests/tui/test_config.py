"""What a configuration file may say, and that every mistake in it is told where it stands."""

import os
from itertools import pairwise
from pathlib import Path

import platformdirs
import pytest
from textual.keys import Keys
from textual.pilot import Pilot

from overnight.agents.launchers.toml_reading import Unfit
from overnight.state.records import Exit, Outcome, Progress
from overnight.state.rundir import RunDir
from overnight.tui.app import OvernightApp
from overnight.tui.config import AS_USUAL, Config
from overnight.tui.config_file import config_path
from overnight.tui.config_reading import config_of
from overnight.tui.key_names import NAMED, key_of
from overnight.tui.keys import KEYS
from overnight.tui.listing import COLUMNS
from overnight.tui.notices import Notice
from overnight.tui.offers import offering_of, offers_of, words_of
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.palette import PaletteScreen
from overnight.tui.themes import THEMES
from tests.command import OVERNIGHT
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run, asked_of, drive, shown, until

DONE = Exit(Outcome.COMPLETED, 0, attempts=1, started_at=1.0, ended_at=2.0)


def said(text: str) -> Config:
    config = config_of(text)
    assert isinstance(config, Config), config
    return config


def mistakes(data: bytes | str) -> list[str]:
    found = config_of(data)
    assert not isinstance(found, Config), found
    return [f"{each.line}: {each.what}" for each in found]


def keys_of(config: Config) -> dict[str, str]:
    return {key.id: key.keys for key in config.keys.keys}


# -- what it may say


def test_an_empty_file_changes_nothing() -> None:
    assert said("") == said("# nothing\n[keys]\n") == AS_USUAL


def test_everything_that_can_be_said_is_read() -> None:
    config = said(
        'theme = "high-contrast"\ntick = 2\ncolumns = ["name", "eta"]\nnotify = ["title", "bell"]\n'
        '[keys]\npause = "P"\ncancel = "ctrl+x, delete"\nkill = []\n"move.top" = ["Home", "<", ","]\n'
    )
    assert config[:4] == ("high-contrast", 2.0, ("name", "eta"), (Notice.TITLE, Notice.BELL))
    keys = keys_of(config)
    assert (keys["pause"], keys["cancel"], keys["kill"]) == ("P", "ctrl+x,delete", "")
    assert keys["move.top"] == "home,<,comma"
    assert keys["retry"] == "r"


def test_a_binding_may_stand_with_or_without_quotes() -> None:
    assert said('[keys]\nmove.down = "t"') == said('[keys]\n"move.down" = "t"') == said('keys.move.down = ["t"]')


def test_a_new_run_is_shown_with_keys_that_launch_one() -> None:
    def shown(text: str) -> str:
        return next(key.shown for key in said(text).keys.keys if key.id == "new")

    assert shown("") == "n ctrl+n"
    assert shown('[keys]\n"find.next" = "t"') == "ctrl+n"
    assert shown('[keys]\n"find.next" = "t"\nnew = "n"') == "n"


def test_keys_can_change_places() -> None:
    keys = keys_of(said('[keys]\npause = "x"\ncancel = "X"\nkill = "p"'))
    assert (keys["pause"], keys["cancel"], keys["kill"]) == ("x", "X", "p")


@pytest.mark.parametrize(
    ("word", "key"),
    [("P", "P"), ("?", "?"), ("é", "é"), ("Esc", "escape"), (" HOME ", "home"), (" ", "space"), (",", "comma"),
     ("↓", "down"), ("Ctrl+X", "ctrl+x"), ("ctrl+i", "tab"), ("ctrl+m", "enter"), ("alt+P", "alt+P"), ("+", "+")],
)  # fmt: skip
def test_a_key_can_be_named_as_the_help_names_it(word: str, key: str) -> None:
    assert key_of(word) == key


def test_the_usual_keys_have_the_names_by_which_a_clash_is_found() -> None:
    usual = [each for key in KEYS for each in key.keys.split(",")]
    assert [key_of(each) for each in usual] == usual
    assert len(set(usual)) == len(usual)


def test_every_key_with_a_name_is_one_that_can_be_bound() -> None:
    known = {str(each.value) for each in Keys}
    combined = [f"{held}+{name}" for held in ("ctrl", "shift", "ctrl+shift", "alt") for name in NAMED]
    accepted = [name for name in [*NAMED, *combined, *(f"ctrl+{letter}" for letter in "abdefgh")] if is_key(name)]
    assert len(accepted) > 80
    assert set(accepted) - known == {"comma"}


def is_key(name: str) -> bool:
    try:
        return key_of(name) == name
    except Unfit:
        return False


# -- mistakes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("theme = \n", "1: not TOML: Invalid value (column 9)"),
        ("\n[keys\n", '2: not TOML: Expected "]" at the end of a table declaration (column 6)'.replace('"', "'")),
        (b"\n\ntheme = '\xff'", "3: not TOML: not UTF-8"),
        ('\ncolour = "dark"', '2: unknown key "colour"'),
        ('tehme = "dark"', '1: unknown key "tehme" (did you mean "theme"?)'),
        ('theme = "ligth"', "1: theme: must be one of dark, light, ansi, colorblind, high-contrast, not 'ligth' "
         '(did you mean "light"?)'),
        ("theme = 3", "1: theme: must be one of dark, light, ansi, colorblind, high-contrast, not 3"),
        ("theme = []", "1: theme: must be one of dark, light, ansi, colorblind, high-contrast, not []"),
        ("tick = 0", "1: tick: must be seconds, 0.05 to 5, not 0"),
        ("tick = nan", "1: tick: must be seconds, 0.05 to 5, not nan"),
        ("tick = true", "1: tick: must be seconds, 0.05 to 5, not True"),
        ('tick = "fast"', "1: tick: must be seconds, 0.05 to 5, not 'fast'"),
        ('columns = "eta"', """1: columns: must be a list of texts: ["…", "…"], not 'eta'"""),
        ('columns = [\n"eta",\n4]', """3: columns: must be a list of texts: ["…", "…"], and one is 4"""),
        ('columns = ["eta",\n"eta"]', '2: columns: "eta" stands there twice'),
        ('columns = ["beats"]', f"1: columns: must be one of {', '.join(COLUMNS)}, not 'beats' "
         '(did you mean "beat"?)'),
        ('notify = ["bells"]', "1: notify: must be one of bell, title, progress, not 'bells' (did you mean \"bell\"?)"),
        ("keys = 1", "1: keys: must be a table: [keys], and below it BINDING = KEYS, not 1"),
        ('[keys]\npuase = "P"', '2: keys: unknown binding "puase" (did you mean "pause"?)'),
        ('[keys]\nmove.donw = "P"', '2: keys: unknown binding "move.donw" (did you mean "move.down"?)'),
        ('[keys]\npause = "entr"', '2: keys.pause: no key is called "entr" (did you mean "enter"?)'),
        ('[keys]\npause = "shift+p"', '2: keys.pause: "shift+p" is written "P"'),
        ('[keys]\npause = ","', '2: keys.pause: no key; the comma is called "comma"'),
        ('[keys]\npause = "ctrl+c"', '2: keys.pause: "ctrl+c" is not free: it leaves, the second time'),
        ("[keys]\npause = 1", """2: keys.pause: must be a list of texts: ["…", "…"], not 1"""),
        ('[keys]\npause = "P,P"', '2: keys.pause: "P" stands there twice'),
        ('[keys]\nmove.up = "u"\n"move.up" = "U"', "3: keys.move.up: is said twice"),
        ('[keys]\n\npause = "x"', '3: keys.pause: "x" is a key of cancel, too: give cancel another one, or none: []'),
        ('[keys]\ncancel = "c"\npause = "c"', '2: keys.cancel: "c" is a key of pause, too: give pause another one, '
         "or none: []"),
        ("[keys]\nleave = []", "2: keys.leave: must have a key"),
        ('[keys]\nhelp = ""', '2: keys.help: no key; the comma is called "comma"'),
        ('[keys]\npause = "q"', '2: keys.pause: "q" is a key of leave, too: give leave another one'),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_was_meant(text: bytes | str, told: str) -> None:
    assert mistakes(text)[0].replace('"', "'") == told.replace('"', "'")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = 'tick = 9\n[keys]\nhelp = []\npause = "x"\nnope = "a"\ncancel = 7\n'
    assert [line.partition(":")[0] for line in mistakes(text)] == ["1", "3", "5", "6"]
    assert [line.partition(":")[0] for line in mistakes(text + 'kill = "q"')] == ["1", "3", "5", "6", "7"]


# -- the file


def test_it_is_where_platformdirs_would_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("/etc/mine", "", " "):
        monkeypatch.setenv("XDG_CONFIG_HOME", folder)
        assert config_path(os.environ) == str(platformdirs.user_config_path("overnight") / "config.toml")
    assert config_path({"OVERNIGHT_CONFIG": "~/mine.toml"}) == os.path.expanduser("~/mine.toml")


@pytest.mark.parametrize("verb", [[], ["demo"]])
def test_with_mistakes_the_interface_does_not_touch_the_terminal(home: Path, tmp_path: Path, verb: list[str]) -> None:
    path = tmp_path / "config" / "overnight" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('theme = "drak"\n\n[keys]\nleave = []\n')
    with a_terminal([OVERNIGHT, *verb], columns=500) as terminal:
        assert terminal.ends() == 2
        lines = [line for line in terminal.text().splitlines() if line]
    assert [line.partition(": ")[0] for line in lines] == [f"{path}:1", f"{path}:4"]
    assert b"\x1b" not in terminal.raw
    assert list(home.iterdir()) == [], "nothing was launched"


@pytest.mark.parametrize("what", ["missing", "folder", "huge"])
def test_a_file_that_is_named_must_be_there_and_readable(home: Path, tmp_path: Path, what: str) -> None:
    path = tmp_path / "my.toml"
    if what == "folder":
        path.mkdir()
    elif what == "huge":
        path.write_text("#" * (1024 * 1024 + 1))
    with a_terminal([OVERNIGHT], columns=500, OVERNIGHT_CONFIG=str(path)) as terminal:
        assert terminal.ends() == 2
        (line,) = [line for line in terminal.text().splitlines() if line]
    assert line.startswith(f"{path}: ")
    assert {"missing": "OVERNIGHT_CONFIG names it", "folder": "Is a directory", "huge": "larger than"}[what] in line


def test_no_other_verb_reads_it(home: Path, tmp_path: Path) -> None:
    with a_terminal([OVERNIGHT, "ls"], OVERNIGHT_CONFIG=str(tmp_path / "missing.toml")) as terminal:
        assert terminal.ends() == 0


# -- the interface as configured


def test_configured_keys_work_and_no_others(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('theme = "light"\n[keys]\nleave = "Q"\nhelp = "f1, !"\n"tab.logs" = "L"\nfind = []\n')
    an_ended_run(home, "crawl", DONE)
    with a_terminal([OVERNIGHT], 120, 40, OVERNIGHT_CONFIG=str(path)) as terminal:
        terminal.shows("crawl", "f1 Help", "Q Leave", "L Logs", "1Progress LLogs")
        assert "Find" not in terminal.text()
        terminal.type("q/!")
        help_shown = terminal.shows("this help", "leave; agents go on")
        assert "f1 !" in help_shown
        terminal.type("Q")
        terminal.shows("crawl", "Q Leave")
        terminal.type("\x1bOP")
        terminal.shows("this help")
        terminal.type("QQ")
        assert terminal.ends() == 0


def test_windows_over_the_list_move_and_close_with_the_configured_keys(home: Path) -> None:
    config = said('[keys]\nback = "b"\nleave = "Q"\nevents = "ctrl+e"\nfilter = "%"\nmove.down = "t"\n')
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("E", "ctrl+e")
            await until(pilot, lambda: "1 event" in shown(app) and "% Filter" in shown(app) and "b Back" in shown(app))
            await pilot.press("t", "j", "b")
            assert isinstance(app.screen, FleetScreen)
            await pilot.press("x")
            assert "n b let it go on" in shown(app)
            await pilot.press("escape", "b")
            assert isinstance(app.screen, FleetScreen)
            await pilot.press("n", "b")
            await until(pilot, lambda: "command  b" in shown(app))
            await pilot.press("escape", "colon", "b", "escape", "question_mark", "Q")
            assert isinstance(app.screen, FleetScreen)
            assert asked_of(run) == []

        drive(home, act, config=config)


def test_no_key_but_y_says_yes_and_none_takes_it_away(home: Path) -> None:
    config = said('[keys]\nback = "y"\ncopy = "c"\n')
    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("x", "y")
            await until(pilot, lambda: asked_of(run) == ["cancel"])

        drive(home, act, config=config)


def test_keys_that_changed_places_do_what_they_say(home: Path) -> None:
    config = said('[keys]\npause = "x"\ncancel = "X"\nkill = "p"\n"move.down" = "N"\n"find.previous" = "j"')
    with a_supervised_run(home, "crawl") as run, a_supervised_run(home, "index"):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            first = app.fleet.cursor
            await pilot.press("N" if first != run.id else "k")
            assert app.fleet.cursor == run.id
            await pilot.press("j")
            assert app.fleet.cursor == run.id
            await pilot.press("x")
            await until(pilot, lambda: asked_of(run) == ["pause"])
            await pilot.press("p")
            assert "Kill crawl?" in shown(app)
            await pilot.press("n")
            await until(pilot, lambda: "x Pause" in shown(app) or "x Go on" in shown(app))

        drive(home, act, config=config)


def test_hints_name_the_configured_keys(home: Path) -> None:
    an_ended_run(home, "crawl", Exit(Outcome.INTERRUPTED, None, "SIGTERM", 1))
    config = said('[keys]\n"resume.all" = "Y"\npause = "P"\nretry = []\n')

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "1 run was interrupted: press Y to resume it." in shown(app))
        assert "P continues it" in shown(app)
        assert "Retry" not in shown(app)

    drive(home, act, config=config)


def test_without_a_key_the_palette_still_does_it(home: Path) -> None:
    def titles(app: OvernightApp) -> set[str]:
        return {words_of(offer) for offer in offers_of(offering_of(app.fleet, tuple(THEMES)), "")}

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        for key in KEYS[0].keys.split(","):
            await pilot.press(key)
        assert titles(app) >= {"Kill, after a question", "Colorblind colours", "High-contrast colours", "Ansi colours"}
        await pilot.press("ctrl+p")
        assert isinstance(app.screen, FleetScreen)
        await pilot.press("f2")
        assert isinstance(app.screen, PaletteScreen)

    drive(home, act, config=said('[keys]\nkill = []\npalette = "f2"\n'))


def test_between_two_pictures_lies_a_tick(home: Path) -> None:
    taken: list[float] = []

    def take_note(app: OvernightApp, run: RunDir) -> bool:
        run.write(run.progress_path, Progress(processed_items=40 + len(taken), total_items=100, attempt=1))
        if app._taken_at and app._taken_at not in taken:
            taken.append(app._taken_at)
        return len(taken) > 5

    with a_supervised_run(home, "crawl") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: take_note(app, run))

        drive(home, act, config=said("tick = 0.2"))
    # The first ones are drawn without waiting: what is seen then has to be read.
    assert all(later - earlier >= 0.2 for earlier, later in pairwise(taken[2:]))


def test_the_list_shows_the_chosen_columns_in_their_order(home: Path) -> None:
    with a_supervised_run(home, "crawl"):

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: "crawl" in shown(app))
            (heading,) = [line for line in shown(app).splitlines() if "AGENT" in line]
            assert heading.split() == ["STATE", "AGENT", "ERR", "ETA"]

        drive(home, act, config=said('columns = ["errors", "eta"]'))
