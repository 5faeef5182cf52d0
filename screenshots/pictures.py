"""Which pictures there are: a fleet, a size, and the keys that lead there."""

import asyncio
import os
import re
import time
from typing import NamedTuple

from textual.pilot import Pilot

from overnight.state.home import Home
from overnight.tui.app import OvernightApp
from overnight.tui.config import AS_USUAL, Config
from screenshots.fleets import FLEETS, HOST, NOW, Still

SMALL, LARGE = (80, 24), (120, 40)


class Picture(NamedTuple):
    """One of them."""

    name: str
    fleet: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    ascii_only: bool = False
    theme: str = ""
    config: Config = AS_USUAL


PICTURES = (
    Picture("fleet-80x24", "everyday", SMALL),
    Picture("fleet-120x40", "everyday", LARGE),
    Picture("errors-80x24", "everyday", SMALL, ("j",) * 7 + ("e",)),
    Picture("history-120x40", "everyday", LARGE, ("h",)),
    Picture("cancel-80x24", "everyday", SMALL, ("x",)),
    Picture("help-80x24", "everyday", SMALL, ("question_mark",)),
    Picture("list-120x40", "everyday", LARGE, ("escape",)),
    Picture("light-120x40", "everyday", LARGE, theme="overnight-light"),
    Picture("ascii-80x24", "everyday", SMALL, ascii_only=True),
    Picture("events-80x24", "everyday", SMALL, ("E",)),
    Picture("palette-80x24", "everyday", SMALL, ("colon", *"pa e")),
    Picture("empty-80x24", "empty", SMALL),
)


def app_of(picture: Picture) -> OvernightApp:
    """The interface over a fleet that stands still. No run of this machine is read or asked for anything."""
    still = Still(FLEETS[picture.fleet]())
    app = OvernightApp(
        Home("/nowhere"),
        still,
        now=NOW,
        host=HOST,
        ascii_only=picture.ascii_only,
        config=picture.config._replace(tick=0.0),
    )
    app.animation_level = "none"
    return app


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    # Times of day are drawn in the time zone of whoever looks: pictures have one.
    os.environ["TZ"] = "UTC"
    time.tzset()
    return asyncio.run(_draw(picture))


async def _draw(picture: Picture) -> str:
    app = app_of(picture)
    async with app.run_test(size=picture.size) as pilot:
        await lead(pilot, picture)
        return _steady(app.export_screenshot(title=f"overnight {picture.name}"))


async def lead(pilot: "Pilot[None]", picture: Picture) -> None:
    """Press the picture's keys, each when what the one before led to is drawn."""
    if picture.theme:
        pilot.app.theme = picture.theme
    await _come_to_rest(pilot)
    for key in picture.keys:
        await pilot.press(key)
        await _come_to_rest(pilot)


async def _come_to_rest(pilot: "Pilot[None]") -> None:
    """Until nothing is drawn any more that was not there the last three times."""
    seen: list[str] = []
    while len(seen) < 3 or len(set(seen[-3:])) > 1:
        await pilot.pause()
        seen.append(_steady(pilot.app.export_screenshot()))


def _steady(svg: str) -> str:
    """With names for its styles that do not come from a checksum of the content."""
    return re.sub(r"terminal-\d+", "terminal", svg)
