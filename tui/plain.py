"""What stands in the place of the interface where that cannot be opened: the plain list."""

from overnight.agents.orphans import adopt_orphans
from overnight.state.home import Home
from overnight.state.private import exposure_of
from overnight.tui import console
from overnight.tui.reading import records_of, show_list


def show_plain_list(home: Home, why: str) -> None:
    """`why` there is no interface. Raises HomeUnusable."""
    adopt_orphans(home)
    console.say(f"Plain list: {why}.")
    if (exposed := exposure_of((home.path, home.runs_path))) is not None:
        console.say(exposed)
    every = sorted(records_of(home.runs()), key=lambda records: records.spec.created_at if records.spec else 0.0)
    show_list(home.path, every)
