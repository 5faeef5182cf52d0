"""The first picture has the runs in it, and what it does not need is not loaded before it."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.state.home import Home
from overnight.state.records import Exit, Outcome
from overnight.tui.app import OvernightApp
from overnight.tui.feed import Feed
from overnight.tui.terminal import HUNG_UP
from tests.command import OVERNIGHT
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run
from tests.waiting import eventually

DONE = Exit(Outcome.COMPLETED, 0)


def test_the_fleet_is_there_before_anything_is_drawn(home: Path) -> None:
    run = an_ended_run(home, "crawl", DONE)
    feed = Feed(Home(str(home)))
    try:
        feed.begin(60)
        assert OvernightApp(Home(str(home)), feed, now=0.0, host="here").fleet.shown == (run.id,)
    finally:
        feed.stop()


def test_the_list_is_never_drawn_without_the_runs(home: Path) -> None:
    an_ended_run(home, "crawl", DONE)
    with a_terminal([OVERNIGHT]) as terminal:
        eventually(lambda: terminal.text() and b"AGENT" in terminal.raw)
        # Its heading and its first line come in one piece.
        assert b"crawl" in terminal.raw[: terminal.raw.index(b"AGENT") + 2000]


def test_tls_is_not_loaded_and_can_be() -> None:
    program = (
        "import sys; from overnight.tui.lean import load_asyncio; load_asyncio(); "
        "import overnight.tui.app; assert 'ssl' not in sys.modules; "
        "import ssl, asyncio; ssl.create_default_context(); asyncio.run(asyncio.sleep(0))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_panes_windows_and_requests_are_loaded_when_they_are_needed() -> None:
    program = "import sys; from overnight.tui.lean import load_asyncio; load_asyncio(); import overnight.tui.start; "
    names = "overnight.tui.panes", "overnight.tui.steering", "overnight.tui.looker", "overnight.tui.screens.help"
    subprocess.run([sys.executable, "-c", f"{program}assert not sys.modules.keys() & {set(names)}"], check=True)


@pytest.mark.parametrize("since", [lambda app: True, lambda app: app.fleet.loaded], ids=["its start", "it has runs"])
def test_it_leaves_in_whatever_moment_of_its_start_it_is_told_to(
    home: Path, since: Callable[[OvernightApp], bool]
) -> None:
    with a_supervised_run(home, "crawl"):
        for turns in range(8):
            app = OvernightApp(Home(str(home)), Feed(Home(str(home))), now=time.time(), host="here")
            asyncio.run(left_after(app, since, turns))
            assert (app.return_code, app._exception) == (HUNG_UP, None), turns


async def left_after(app: OvernightApp, since: Callable[[OvernightApp], bool], turns: int) -> None:
    """Run it, and tell it to leave so many turns of the loop after that."""

    async def leave() -> None:
        while not since(app):
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        app.leave(HUNG_UP)

    await asyncio.gather(app.run_async(headless=True, size=(80, 24)), leave())
