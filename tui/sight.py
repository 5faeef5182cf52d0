"""What the interface looks at."""

from typing import NamedTuple

from overnight.tui.detail import Tab
from overnight.tui.place import Search


class Sight(NamedTuple):
    """What the interface looks at now: only that is read beside the records."""

    run_id: str | None = None
    tab: Tab = Tab.PROGRESS
    listed: frozenset[str] = frozenset()
    """Ids of the rows on the screen."""
    around: int | None = None
    """The byte of the log around which it is looked at; None = its end."""
    search: Search | None = None
    """What shall be found in the log."""
    events: bool = False
    """Whether it looks at what happens to all runs."""
