"""The last line names first what a key means now that it does not mean else."""

from pathlib import Path

from textual.pilot import Pilot

from overnight.tui.app import OvernightApp
from overnight.tui.detail import Tab
from overnight.tui.events import Arrived, Filtered, LogSought, Opened, Sought, TabChosen
from overnight.tui.filtering import filter_of
from overnight.tui.footer import footer
from overnight.tui.glyphs import UNICODE
from overnight.tui.model import Fleet
from overnight.tui.reducer import reduce
from tests.builders import T0
from tests.tui.driven import drive, shown, until
from tests.tui.test_model import a_fleet, folded, named


def said(fleet: Fleet, width: int = 60) -> str:
    return footer(fleet, width, UNICODE).text


def test_an_empty_fleet_is_told_how_to_launch(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "n New" in shown(app).splitlines()[-1])

    drive(home, act, size=(60, 15))


def test_what_hides_every_run_is_told_how_to_be_taken_away() -> None:
    fleet = reduce(a_fleet(named("a")), Filtered(filter_of("name:nowhere")))
    assert said(fleet).startswith(" esc All  n New")


def test_while_something_is_sought_n_is_next_before_all_else() -> None:
    fleet = a_fleet(named("a"), named("b"))
    assert "n New" in said(fleet, 120)
    sought = reduce(fleet, Sought("a"))
    assert said(sought).startswith(" n Next  ")
    assert "n New" not in said(sought, 120)


def test_while_something_is_sought_in_a_log_n_is_next_before_all_else() -> None:
    fleet = folded([Arrived((named("a"),)), TabChosen(Tab.LOGS), Opened(), LogSought("x")], Fleet(now=T0))
    fleet = fleet._replace(reading=fleet.reading._replace(search=None))
    assert said(fleet).startswith(" n N Next, before  ")
