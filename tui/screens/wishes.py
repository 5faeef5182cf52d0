"""What the main screen posts: every message of it, on one page."""

from enum import StrEnum
from typing import TYPE_CHECKING

from textual.message import Message

from overnight.state.records import Verb
from overnight.tui.events import KeyEvent
from overnight.tui.sight import Sight

if TYPE_CHECKING:
    from overnight.agents.launchers.order import Order
    from overnight.tui.screens.launch import LaunchScreen


class Wish(StrEnum):
    """What a key asks; unless it says otherwise, of the runs that are marked, or of the one under the cursor."""

    PAUSE_OR_RESUME = "pause_or_resume"
    CANCEL = Verb.CANCEL.value
    KILL = Verb.KILL.value
    RETRY = "retry"
    STACKS = Verb.STACKS.value
    """Of the one under the cursor, whichever are marked."""
    RESUME_ALL = "resume_all"
    """Of all that were cut off, whichever are marked."""


class Happened(Message):
    """A key or the mouse did something to what is shown."""

    def __init__(self, event: KeyEvent) -> None:
        super().__init__()
        self.event = event


class Asked(Message):
    """Something shall happen to runs."""

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self.wish = wish


class HelpAsked(Message):
    """What the keys do shall be shown."""


class PaletteAsked(Message):
    """Everything that can be done shall be shown by its name."""


class EventsAsked(Message):
    """What happens to all runs shall be shown."""


class LaunchAsked(Message):
    """Something shall be launched: another run, or the one under the cursor with changes."""

    def __init__(self, *, edited: bool) -> None:
        super().__init__()
        self.edited = edited


class LaunchWanted(Message):
    """This shall be launched, and the dialog told what became of it."""

    def __init__(self, screen: "LaunchScreen", order: "Order") -> None:
        super().__init__()
        self.screen, self.order = screen, order


class SortAsked(Message):
    """Another order shall be chosen."""


class BulkStopped(Message):
    """Of many runs, those that were not asked yet shall not be."""


class PagerAsked(Message):
    """The log of the run under the cursor shall be read elsewhere."""


class CopyAsked(Message):
    """What is under the cursor shall be copied."""


class Refused(Message):
    """What was typed means nothing."""

    def __init__(self, problem: str) -> None:
        super().__init__()
        self.problem = problem


class Kept(Message):
    """What shall be found is typed."""


class Looked(Message):
    """It looks at other runs, or at another pane, than before."""

    def __init__(self, sight: Sight) -> None:
        super().__init__()
        self.sight = sight
