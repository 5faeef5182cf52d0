"""The words for several states at once: as the header counts them, and as a filter names them. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from overnight.state.status import TROUBLE, Status


class StateGroup(NamedTuple):
    """States that are counted as one."""

    sign: Status
    """Its sign and its colour stand for all of them."""
    members: frozenset[Status]
    word: str


COUNTED = (
    StateGroup(
        Status.RUNNING,
        frozenset({Status.RUNNING, Status.STARTING, Status.RESUMING, Status.BACKOFF}),
        "running",
    ),
    StateGroup(Status.PAUSED, frozenset({Status.PAUSED, Status.PAUSING, Status.FROZEN}), "paused"),
    StateGroup(
        Status.STALLED,
        frozenset({Status.STALLED, Status.STALE, Status.UNSUPERVISED, Status.UNKNOWN}),
        "in doubt",
    ),
    StateGroup(Status.INTERRUPTED, frozenset({Status.LOST, Status.INTERRUPTED}), "cut off"),
    StateGroup(Status.FAILED, frozenset({Status.FAILED}), "failed"),
    StateGroup(Status.CANCELLED, frozenset({Status.CANCELLED, Status.STOPPING}), "stopped"),
    StateGroup(Status.COMPLETED, frozenset({Status.COMPLETED}), "done"),
    StateGroup(Status.QUEUED, frozenset({Status.QUEUED}), "queued"),
)
"""In the order of the header. Each state is in one of them."""
NAMED: Mapping[str, frozenset[Status]] = {
    "trouble": TROUBLE,
    **{group.word.replace(" ", "-"): group.members for group in COUNTED},
}
"""What a filter knows them by: a word without a space."""
