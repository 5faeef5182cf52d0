"""What the processes of a run use of the machine. Values only."""

from collections.abc import Mapping
from typing import NamedTuple

from overnight.state.activity import Activity
from overnight.tui.growth import Growing


class Resources(NamedTuple):
    """Of the agent, all of its session, and what is below them."""

    cpu: int | None
    """Percent of one processor; None = not measured yet."""
    memory: int
    """Bytes."""
    is_share: bool
    """Whether what they share counts once (PSS); else it counts in each of them (RSS)."""
    files: int
    """Descriptors that are open."""
    threads: int
    children: int
    """Processes beside the agent's own."""
    growing: Mapping[str, Growing] = {}
    """What grows steadily, by its name: `memory`, `open files`, `threads`."""
    activity: Activity | None = None
    """What they do; None = it was looked at once only."""
