"""After anything that a person does and an agent writes, the terminal shows what a full redraw would show."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyte
import pytest
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.pilot import Pilot

from overnight.state.atomic import append_line
from overnight.state.codec import encode
from overnight.state.home import Home
from overnight.state.records import Exit, ItemError, Outcome, Progress, Spec
from overnight.state.rundir import RunDir
from overnight.tui.app import OvernightApp
from overnight.tui.feed import Feed
from overnight.tui.written import Written
from tests.tui.driven import a_supervised_run, an_ended_run, until
from tests.tui.test_written import cells

pytestmark = pytest.mark.usefixtures("stopped_clock")

NAMES = ("crawl", "日本語", "étude", "👩 index", "x" * 60)
SIZES = ((120, 40), (80, 24), (200, 60), (60, 15), (59, 20), (130, 18))
MOVING = "j k down up g G ctrl+d ctrl+u enter escape tab shift+tab F w m space v asterisk f N M ctrl+l"
PANES = ("1", "2", "3", "4", "5", "tab")
OPENING = "l e h question_mark s colon slash ampersand n R x X I o"
KEYS = (*MOVING.split(), *OPENING.split(), *"crale")
"""Those that open something too: what is typed into it is whatever comes next. None says yes to anything."""
TYPED = ("state:running", "name:cr", "err>0", "craw", "zzz", "-name:x", "(", "")


class Seen:
    """What a terminal shows that is told what the interface writes."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = blank(columns, rows)
        self._stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self._stream.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self.screen.erase_in_display(2)


def blank(columns: int, rows: int) -> pyte.Screen:
    """Textual tells it at its start not to wrap."""
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed("\x1b[?7l")
    return screen


class Telling(HeadlessDriver):
    """Has no terminal, and tells an emulated one all that is written."""

    seen: Seen

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.seen.feed(data)


def redrawn(app: OvernightApp) -> list[Any]:
    """The cells of a blank terminal to which the whole picture is written. Leaves everything as it is."""
    compositor, (columns, rows) = app.screen._compositor, app.size
    dirty = set(compositor._dirty_regions)
    update: Any = compositor.render_update(full=True, screen_stack=app._background_screens)
    compositor._dirty_regions |= dirty
    fresh = blank(columns, rows)
    pyte.Stream(fresh).feed(Written().difference(update, app.console))
    return cells(fresh)


def differences(app: OvernightApp, seen: Seen) -> list[str]:
    """Cells that are not as they would be, the first few."""
    lines = enumerate(zip(cells(seen.screen), redrawn(app), strict=True))
    pairs = ((y, x, *pair) for y, row in lines for x, pair in enumerate(zip(*row, strict=True)))
    return [f"line {y} column {x}: {shown} instead of {wanted}" for y, x, shown, wanted in pairs if shown != wanted][:5]


class Person:
    """Does one thing after the other, by chance: in the interface, and in the place of the agents."""

    def __init__(self, seed: int, app: OvernightApp, pilot: "Pilot[None]", seen: Seen, runs: list[RunDir]) -> None:
        self._chance, self._app, self._pilot, self._seen, self._runs = random.Random(seed), app, pilot, seen, runs

    async def act(self) -> str:
        """The words say what was done."""
        deeds: list[tuple[int, Callable[[], Awaitable[str]]]] = [
            *((8, self._press), (8, self._look), (4, self._work), (2, self._log), (1, self._fail), (2, self._type)),
            *((1, self._resize), (1, self._paste), (1, self._turn_wheel), (2, self._leave_all)),
        ]
        (deed,) = self._chance.choices([deed for _, deed in deeds], [weight for weight, _ in deeds])
        return await deed()

    async def _press(self) -> str:
        key: str = self._chance.choice(KEYS)
        await self._pilot.press(key)
        return key

    async def _look(self) -> str:
        key: str = self._chance.choice(PANES)
        await self._pilot.press(key)
        return f"pane {key}"

    async def _type(self) -> str:
        key, text = self._chance.choice(["slash", "ampersand"]), self._chance.choice(TYPED)
        await self._pilot.press(key, *text, self._chance.choice(["enter", "escape"]))
        return f"{key} {text}"

    async def _leave_all(self) -> str:
        await self._pilot.press("escape", "escape", "escape")
        return "escape three times"

    async def _work(self) -> str:
        for run in self._chance.sample(self._runs, 2):
            done, phase = self._chance.randrange(5000), self._chance.choice([None, "fetch", "書く"])
            told = Progress(processed_items=done, total_items=5000, phase=phase, message=phase, attempt=1)
            run.write(run.progress_path, told._replace(updated_at=time.time()))
        return "agents work"

    async def _log(self) -> str:
        with Path(self._chance.choice(self._runs).output_path).open("a") as log:
            log.write("".join(f"{self._chance.choice(NAMES)} line {number}\n" * 3 for number in range(5)))
        return "an agent writes to its log"

    async def _fail(self) -> str:
        error = ItemError(time.time(), 1, "src/日本.py", "SyntaxError", "invalid", "Traceback:\n  boom\n" * 9)
        append_line(self._chance.choice(self._runs).errors_path, encode(error))
        return "an item fails"

    async def _resize(self) -> str:
        columns, rows = self._chance.choice([size for size in SIZES if size != self._app.size])
        self._seen.resize(columns, rows)
        await self._pilot.resize_terminal(columns, rows)
        return f"{columns}x{rows}"

    async def _paste(self) -> str:
        self._app.post_message(events.Paste("x\ny"))
        return "a paste"

    async def _turn_wheel(self) -> str:
        x, y = (self._chance.randrange(size) for size in self._app.size)
        wheel = self._chance.choice([events.MouseScrollDown, events.MouseScrollUp])
        self._app.screen._forward_event(wheel(None, x, y, 0, 0, 0, False, False, False, x, y))
        return f"the wheel at {x},{y}"


@contextmanager
def a_fleet(home: Path) -> Iterator[list[RunDir]]:
    with ExitStack() as opened:
        runs = [opened.enter_context(a_supervised_run(home, "run")) for _ in NAMES]
        for run, name in zip(runs, NAMES, strict=True):
            spec = run.spec()
            assert isinstance(spec, Spec)
            run.write(run.spec_path, spec._replace(name=name))
            Path(run.output_path).write_text("".join(f"{name} line {number} ✔\n" for number in range(80)))
        for number in range(20):
            an_ended_run(home, f"old-{number}", Exit(Outcome.FAILED, 1, started_at=1.0, ended_at=2.0))
        yield runs


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ages that grow would draw each row again, and mend what was drawn wrongly before it is seen."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)


def assert_shows_what_a_redraw_would(home: Path, seed: int, deeds: int) -> None:
    columns, rows = SIZES[seed % len(SIZES)]
    app, seen = OvernightApp(Home(str(home)), Feed(Home(str(home))), now=time.time(), host="here"), Seen(columns, rows)
    app.driver_class = type("TellingOne", (Telling,), {"seen": seen})
    done: list[str] = []
    found: list[str] = []

    def is_right() -> bool:
        found[:] = differences(app, seen)
        return not found

    async def run(runs: list[RunDir]) -> None:
        async with app.run_test(size=(columns, rows), headless=False, notifications=True) as pilot:
            await until(pilot, lambda: app.fleet.loaded)
            person = Person(seed, app, pilot, seen, runs)
            for _ in range(deeds):
                done.append(await person.act())
                await until(pilot, is_right, timeout=5)

    with a_fleet(home) as runs:
        try:
            asyncio.run(run(runs))
        except AssertionError as problem:
            wrong = "\n".join(found)
            raise AssertionError(f"seed {seed}, {columns}x{rows}, after {done}:\n{wrong}\n{problem}") from None


@pytest.mark.parametrize("seed", range(4))
def test_the_terminal_shows_what_a_redraw_would_after_each_of_many_deeds(home: Path, seed: int) -> None:
    assert_shows_what_a_redraw_would(home, seed, 30)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(100, 140))
def test_the_terminal_shows_what_a_redraw_would_after_very_many_deeds(home: Path, seed: int) -> None:
    assert_shows_what_a_redraw_would(home, seed, 150)
