"""A key that is meant for a run which has just left the list is not obeyed for the one that stands there now."""

import shutil
from pathlib import Path

from textual.pilot import Pilot

from overnight.tui.app import OvernightApp
from tests.tui.driven import a_supervised_run, asked_of, drive, shown, until


def test_the_first_key_is_answered_and_the_second_obeyed(home: Path) -> None:
    with a_supervised_run(home, "stays") as stays:
        gone = a_removed_run(home)

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.shown) == 2)
            await pilot.press("home" if app.fleet.shown[0] == gone.name else "end")
            await until(pilot, lambda: app.fleet.cursor == gone.name)
            shutil.rmtree(gone)
            await until(pilot, lambda: app.fleet.cursor == stays.id)
            await pilot.press("p")
            await until(pilot, lambda: "nothing was asked" in shown(app))
            assert asked_of(stays) == []
            await pilot.press("p")
            await until(pilot, lambda: asked_of(stays) == ["pause"])

        drive(home, act)


def a_removed_run(home: Path) -> Path:
    with a_supervised_run(home, "goes") as run:
        return Path(run.path)
