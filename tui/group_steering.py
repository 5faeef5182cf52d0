"""What is asked of groups from the interface: to pause or go on, with their runs, and how many work at once."""

import asyncio
from collections.abc import Callable

from overnight.agents import grouping
from overnight.state.errors import OvernightError
from overnight.state.records import Verb
from overnight.tui.bulk import MEANT
from overnight.tui.clean import clean
from overnight.tui.desk import Desk
from overnight.tui.view import plural


async def steer_group(desk: Desk, verb: Verb, name: str) -> None:
    """Pause all of it, or let it go on."""
    act = grouping.pause if verb is Verb.PAUSE else grouping.resume
    asked: grouping.Asked = []
    if not await _done(desk, lambda: asked.extend(act(desk.home, name))):
        return
    for run, _ in asked:
        desk.source.expect(run.id)
    what = "nothing new starts in it" if verb is Verb.PAUSE else "it goes on"
    runs = f"; {plural(len(asked), 'run')} asked to {MEANT.get(verb, verb)}" if asked else ""
    desk.tell(f"Group {clean(name)}: {what}{runs}.", "information")


async def set_slots(desk: Desk, name: str, slots: int | None) -> None:
    """So many of its runs work at once; None = no limit."""
    if await _done(desk, lambda: grouping.set_slots(desk.home, name, slots)):
        at_once = "no limit" if slots is None else f"{plural(slots, 'run')} at once"
        desk.tell(f"Group {clean(name)}: {at_once}.", "information")


async def _done(desk: Desk, act: Callable[[], None]) -> bool:
    """Whether it was done; else it is said why not."""
    try:
        await asyncio.to_thread(act)
    except OvernightError as error:
        desk.complain(error)
        return False
    return True
