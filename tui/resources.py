"""What the processes of a run use of the machine. Values only."""

from typing import NamedTuple

from overnight.state.activity import Activity


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
    activity: Activity | None = None
    """What they do; None = it was looked at once only."""
