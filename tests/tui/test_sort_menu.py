"""The menu of orders says what the order is, and apart from that what enter would make of it."""

from pathlib import Path

from textual.pilot import Pilot

from overnight.tui.app import OvernightApp
from overnight.tui.sorting import By, Sort
from tests.tui.driven import a_supervised_run, drive, shown, until


def test_it_says_the_order_that_there_is_and_what_enter_does(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await until(pilot, lambda: "▌ 1 arrival     now newest first" in shown(app))
        assert "enter arrival, oldest first" in shown(app)
        await pilot.press("j")
        await until(pilot, lambda: "▌ 2 name        a to z" in shown(app))
        assert "1 arrival     now newest first" in shown(app)
        assert "enter name, a to z" in shown(app)
        await pilot.press("k", "enter")
        await until(pilot, lambda: app.fleet.sort == Sort(By.ARRIVAL, turned=True))
        await pilot.press("s")
        await until(pilot, lambda: "▌ 1 arrival     now oldest first" in shown(app))
        assert "enter arrival, newest first" in shown(app)

    with a_supervised_run(home, "crawl"):
        drive(home, act, size=(60, 15))
