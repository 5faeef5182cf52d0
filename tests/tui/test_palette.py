"""The palette: what is typed names a verb and a run, and only what makes sense for it is offered, the best first."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.state import groups
from overnight.state.home import Home
from overnight.state.queue import Group
from overnight.state.records import Exit, Outcome
from overnight.tui.app import OvernightApp
from overnight.tui.detail import Tab
from overnight.tui.events import Arrived, Grouped, Read
from overnight.tui.glyphs import ASCII, UNICODE
from overnight.tui.lines import cells
from overnight.tui.model import Fleet
from overnight.tui.offers import MOST, offer_lines, offering_of, offers_of, words_of
from overnight.tui.reducer import reduce
from overnight.tui.screens.fleet import FleetScreen
from overnight.tui.screens.palette import PaletteScreen
from overnight.tui.unoffered import reason_of
from tests.builders import T0, a_run, a_spec, a_supervisor
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, an_ended_run, asked_of, burst, drive, shown, until
from tests.tui.test_terminal import INTERFACE

FAILED = Exit(Outcome.FAILED, 1, attempts=1, reason="exit code 1", started_at=1.0, ended_at=2.0)


def fleet_of(*runs: Read) -> Fleet:
    fleet = reduce(Fleet(now=T0 + 10), Arrived(runs))
    return reduce(fleet, Grouped({"gpu": Group(slots=2), "night": Group(paused=True)}))


def a_read(run_id: str, group: str = "web", ended: Exit | None = None) -> Read:
    spec = a_spec(id=run_id, name=run_id[:-2], group=group)
    if ended is not None:
        return Read(run_id, a_run(spec=spec, exit=ended, supervised=False))
    return Read(run_id, a_run(spec=spec, supervisor=a_supervisor()))


FLEET = fleet_of(a_read("crawl-a"), a_read("crawler-b", "gpu"), a_read("train-c", "gpu", FAILED))


def offered(text: str, fleet: Fleet = FLEET) -> list[str]:
    return [words_of(offer) for offer in offers_of(offering_of(fleet, ("dark", "light")), text)]


# -- what is offered


def test_a_verb_and_a_run_come_first_and_the_best_fit_of_them() -> None:
    assert offered("pause crawl")[:2] == ["Pause crawl-a", "Pause crawler-b"]
    assert offered("pause crawler")[:1] == ["Pause crawler-b"]
    assert offered("ca crwl")[0] == "Cancel crawl-a"
    assert offered("logs gpu")[:2] == ["Logs crawler-b", "Logs train-c"]


def test_only_what_makes_sense_for_a_run_is_offered() -> None:
    assert not [words for words in offered("pause train") if words.startswith("Pause train")]
    assert [words for words in offered("retry ") if words.startswith("Retry")] == ["Retry train-c"]
    assert offered("re train")[0] == "Retry train-c"
    assert not [words for words in offered("resume crawl") if words.startswith("Resume crawl")]


def test_a_run_alone_means_to_open_it() -> None:
    assert offered("crawler")[0] == "Open crawler-b"
    assert "Open train-c" in offered("train")


def test_keys_and_themes_have_names() -> None:
    assert offered("x")[0] == "Cancel, after a question"
    assert offered("light")[0] == "Light colours"
    assert "This help" in offered("")
    assert "Everything by name" not in offered("")


def test_groups_are_paused_resumed_and_given_slots() -> None:
    assert offered("pause group")[:2] == ["Pause group gpu", "Pause group web"], "night is paused already"
    assert offered("resume group n")[0] == "Resume group night"
    assert offered("slots gpu")[:2] == ["Slots of gpu: no limit", "Slots of gpu: 1"]
    assert offered("slots gpu 7")[0] == "Slots of gpu: 7"
    assert offered("slots gpu none")[0] == "Slots of gpu: no limit"


def test_a_group_and_a_theme_are_found_by_what_they_are() -> None:
    assert offered("theme")[:2] == ["Dark colours", "Light colours"]
    assert offered("group night")[:2] == ["Resume group night", "Slots of night: no limit"]
    assert {"Pause group gpu", "Slots of web: 4"} <= set(offered("group"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pause train", "train-c has failed: there is nothing to pause."),
        ("resume crawl", "3 runs are called that: there is nothing to resume in any of them."),
        ("stacks train", "train-c has failed: there are no stacks to show."),
        ("pause nobody", "No run is called nobody."),
        ("pause group night", "Group night is paused: there is nothing to pause."),
        ("pause group x", "No group is called x: there are gpu, night, web."),
        ("group x", "No group is called x: there are gpu, night, web."),
        ("slots many x", "No group is called many x: there are gpu, night, web."),
        ("slots many 3", "No group is called many: there are gpu, night, web."),
        ("slots gpu lots", "lots: not a number of slots; a whole number up to 999999, or none."),
        ("zzz", "Nothing is called that. `pause crawl` would pause that run."),
    ],
)
def test_where_nothing_is_offered_the_reason_is_said(text: str, reason: str) -> None:
    assert offered(text) == []
    assert reason_of(offering_of(FLEET, ("dark", "light")), text) == reason


def test_no_more_is_offered_than_somebody_reads() -> None:
    many = fleet_of(*(a_read(f"crawl-{number:03}-x") for number in range(200)))
    assert len(offered("pause crawl", many)) <= 2 * MOST
    assert offered("pause crawl-150", many)[0] == "Pause crawl-150-x"


@pytest.mark.parametrize("width", [40, 72])
def test_lines_fit_and_hostile_names_are_clean(width: int) -> None:
    fleet = fleet_of(a_read("ev\x1b[31mil[/x]-a"))
    for glyphs in (UNICODE, ASCII):
        for said in offer_lines(fleet, offers_of(offering_of(fleet, ()), "open ev"), 0, width, glyphs):
            assert cells(said.text) <= width
            assert "\x1b" not in said.text
            assert "evil[/x]" in said.text


# -- what it does


def test_what_is_chosen_is_done_to_the_run_that_is_named_and_to_no_other(home: Path) -> None:
    with a_supervised_run(home, "crawl") as crawl, a_supervised_run(home, "train") as train:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            burst(app, "*:pa cra\r")
            await until(pilot, lambda: asked_of(crawl) == ["pause"])
            assert len(app.fleet.marks) == 2, "marks are for keys"
            burst(app, ":ca tr\r")
            await until(pilot, lambda: "Cancel train?" in shown(app))
            await pilot.press("y")
            await until(pilot, lambda: asked_of(train) == ["cancel"])
            burst(app, ":lo cr\r")
            await until(pilot, lambda: app.fleet.tab is Tab.LOGS and app.fleet.cursor == crawl.id)
            await pilot.press("colon", *"only", "down", "up", "enter")
            await until(pilot, lambda: not app.fleet.shown)
            burst(app, ":o tr\r")
            await until(pilot, lambda: app.fleet.cursor == train.id)
            burst(app, ":zzz\r")
            await until(pilot, lambda: "Nothing is called that" in shown(app))
            await pilot.press("escape")
            burst(app, ":retry train")
            await until(pilot, lambda: "is stopping: there is nothing to retry" in shown(app))
            await pilot.press("escape")
            assert isinstance(app.screen, FleetScreen)
            assert (asked_of(crawl), asked_of(train)) == (["pause"], ["cancel"])

        drive(home, act)


def test_a_group_is_paused_with_its_runs_and_gets_slots(home: Path) -> None:
    with a_supervised_run(home, "crawl", group="gpu") as crawl, a_supervised_run(home, "train") as train:

        def said() -> Group:
            return groups.read(str(home)).get("gpu", Group())

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: len(app.fleet.order) == 2)
            burst(app, ":pa g gp\r")
            await until(pilot, lambda: said().paused and asked_of(crawl) == ["pause"])
            await until(pilot, lambda: "Group gpu: nothing new starts in it; 1 run asked" in shown(app))
            await until(pilot, lambda: app.fleet.groups.get("gpu", Group()).paused)
            burst(app, ":sl gp 3\r")
            await until(pilot, lambda: said().slots == 3)
            burst(app, ":res g gp\r")
            await until(pilot, lambda: asked_of(crawl) == ["pause", "resume"])
            assert asked_of(train) == []

        drive(home, act)


def test_a_theme_is_chosen(home: Path) -> None:
    an_ended_run(home, "train", FAILED)

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        burst(app, ":light col\r")
        await until(pilot, lambda: app.theme == "overnight-light")

    drive(home, act)


def test_in_a_real_terminal_one_burst_of_keys_does_what_it_says(home: Path) -> None:
    with a_supervised_run(home, "crawl") as crawl, a_supervised_run(home, "train") as train:
        with a_terminal(INTERFACE) as terminal:
            terminal.shows("crawl", "train")
            terminal.type(":pause crawl\r")
            terminal.shows("pausing")
            terminal.type("q")
            assert terminal.ends() == 0
        assert asked_of(crawl) == ["pause"]
        assert asked_of(train) == []


def test_the_palette_is_the_only_window_that_it_opens(home: Path) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+p", "ctrl+p")
        assert isinstance(app.screen, PaletteScreen)
        assert len(app.screen_stack) == 2
        assert Home(str(home)).ids() == []

    drive(home, act)
