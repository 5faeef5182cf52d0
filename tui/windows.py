"""The windows over the list: each is opened, and what it closes with is done.

Each is loaded when it is first opened: the first picture needs none of them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from overnight.tui.desk import Desk
from overnight.tui.events import Pointed, Sorted
from overnight.tui.keys import Key
from overnight.tui.model import Fleet
from overnight.tui.sight import Sight
from overnight.tui.sorting import Sort
from overnight.tui.themes import THEMES

if TYPE_CHECKING:
    from overnight.tui.offers import Offer
    from overnight.tui.screens.events import EventsScreen


class Windows:
    """Opens them for a person; keeps the one that shows the fleet up to date."""

    def __init__(self, desk: Desk, accept: Callable[[str, str], None]) -> None:
        """`accept`: does what the palette has offered, a verb with the run of an id."""
        self._desk, self._accept_verb = desk, accept
        self._events: EventsScreen | None = None
        """While it is open."""
        self._sight = Sight()

    def show(self, fleet: Fleet) -> None:
        if self._events is not None:
            self._events.show(fleet)

    def look(self, sight: Sight) -> None:
        """From now on the main screen looks at this; what happens to all runs is only read while it is shown."""
        self._sight = sight._replace(events=self._events is not None)
        self._desk.source.look(self._sight)

    def open_sort(self) -> None:
        from overnight.tui.screens.sort import SortScreen

        def chosen(sort: Sort | None) -> None:
            if sort is not None:
                self._desk.change(Sorted(sort))

        self._desk.open(SortScreen(self._desk.fleet.sort, self._desk.fleet.keys, self._desk.glyphs), chosen)

    def open_help(self) -> None:
        from overnight.tui.screens.help import HelpScreen

        def chosen(key: Key | None) -> None:
            if key is not None:
                self._desk.act(key.action)

        self._desk.open(HelpScreen(self._desk.fleet.keys, self._desk.glyphs), chosen)

    def open_events(self) -> None:
        from overnight.tui.screens.events import EventsScreen

        def closed(run_id: str | None) -> None:
            self._events = None
            self.look(self._sight)
            if run_id is not None and run_id not in self._desk.fleet.reads:
                self._desk.tell(f"{run_id} was removed.", "warning")
            elif run_id is not None:
                self._desk.change(Pointed(run_id))

        self._events = EventsScreen(self._desk.fleet, self._desk.glyphs)
        self.look(self._sight)
        self._desk.open(self._events, closed)

    def open_palette(self) -> None:
        from overnight.tui.offers import offering_of
        from overnight.tui.screens.palette import PaletteScreen

        offering = offering_of(self._desk.fleet, tuple(THEMES))
        self._desk.open(PaletteScreen(offering, self._desk.glyphs), self._accept)

    def _accept(self, offer: "Offer | None") -> None:
        from overnight.tui.group_steering import set_slots, steer_group
        from overnight.tui.offers import OfGroup, OfKey, OfRun, OfSlots, OfTheme

        match offer:
            case OfKey(key):
                self._desk.act(key.action)
            case OfTheme(name):
                self._desk.use_theme(THEMES[name])
            case OfRun(verb, run_id):
                self._accept_verb(verb, run_id)
            case OfGroup(group_verb, group):
                self._desk.begin(steer_group(self._desk, group_verb, group))
            case OfSlots(group, slots):
                self._desk.begin(set_slots(self._desk, group, slots))
