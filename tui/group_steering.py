"""What is asked of groups from the interface: to pause or go on, with their runs, and how many work at once."""

import asyncio

from overnight.agents import grouping
from overnight.state.records import Verb
from overnight.tui.bulk import MEANT
from overnight.tui.clean import clean
from overnight.tui.desk import Desk
from overnight.tui.numbers import plural


async def steer_group(desk: Desk, verb: Verb, name: str) -> None:
    """Pause all of it, or let it go on."""
    act = grouping.pause if verb is Verb.PAUSE else grouping.resume
    asked = await asyncio.to_thread(act, desk.home, name)
    for run, _ in asked:
        desk.source.expect(run.id)
    what = "nothing new starts in it" if verb is Verb.PAUSE else "it goes on"
    runs = f"; {plural(len(asked), 'run')} asked to {MEANT.get(verb, verb)}" if asked else ""
    desk.tell(f"Group {clean(name)}: {what}{runs}.", "information")


async def set_slots(desk: Desk, name: str, slots: int | None) -> None:
    """So many of its runs work at once; None = no limit."""
    await asyncio.to_thread(grouping.set_slots, desk.home, name, slots)
    at_once = "no limit" if slots is None else f"{plural(slots, 'run')} at once"
    desk.tell(f"Group {clean(name)}: {at_once}.", "information")
