"""What the panes show of the open run beside its records: its log, item errors, history. Pure; texts are clean."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from overnight.state.kept import Kept
from overnight.state.records import Attempt, Event, Spec

if TYPE_CHECKING:
    # What the first picture does not need is not loaded for it.
    from overnight.tui.errorgroups import ErrorGroup, Kind
    from overnight.tui.page import Page
    from overnight.tui.resources import Resources
    from overnight.tui.stacks import Stacks


class Tab(StrEnum):
    """The panes of a run, in their order."""

    PROGRESS = "Progress"
    LOGS = "Logs"
    ERRORS = "Errors"
    HISTORY = "History"
    CONFIG = "Config"


TABS = tuple(Tab)


class Detail(NamedTuple):
    """Of one run. What no pane needs now is empty."""

    run_id: str
    log: tuple[str, ...] = ()
    """The newest lines, oldest first."""
    page: "Page | None" = None
    """The part of the log that is looked at; None = there is no log, or it cannot be read."""
    log_problem: str = ""
    """Why the log cannot be read; "" = it can be, or there is none."""
    errors: "tuple[ErrorGroup, ...]" = ()
    errors_are_whole: bool = True
    """Whether no older ones were left out of them."""
    errors_problem: str = ""
    """Why they cannot be read; "" = they can be, or there are none."""
    history: tuple[Event, ...] = ()
    """Oldest first."""
    death: Event | None = None
    """With what is kept of the attempt that died last; None = none did."""
    stacks: "Stacks | None" = None
    """What its agent has shown last."""
    printed_at: float | None = None
    """When its log last changed; None = there is none."""
    checkpoint_at: float | None = None
    """When the checkpoint was last written; None = there is none."""
    in_hand: tuple[str, ...] | None = None
    """Items that were begun and are not finished; None = nobody marks them."""
    kept: Kept = Kept()
    """What its checkpoint keeps of breakers and budgets."""
    resources: "Resources | None" = None
    """What its processes use now; None = there are none."""
    elsewhere: Mapping["Kind", tuple[str, ...]] = {}
    """Names of other runs that have errors of these kinds, the newest first."""
    attempts: tuple[Attempt, ...] = ()
    """The newest ones, oldest first."""
    before: Spec | None = None
    """Of the run of the same name before this one; None = there is none."""
    other_variables: tuple[str, ...] = ()
    """Names of environment variables that are not as they are here; never their values."""
