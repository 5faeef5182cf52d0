"""What a launcher is: where a supervisor runs, and nothing else. Nothing above it knows which one it is."""

from collections.abc import Iterable
from typing import Protocol

from overnight.agents.launchers.order import Order
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.rundir import RunDir


class Launcher(Protocol):
    """`overnight.agents.launchers.local` is one: a module with these functions."""

    def launch(self, home: Home, order: Order) -> RunDir:
        """Make a run and start its supervisor; returns when the command runs, or when it is queued.

        Raises WrongUsage, HomeUnusable, DamagedRecord.
        """

    def launch_all(self, home: Home, orders: Iterable[Order]) -> list[RunDir | OvernightError]:
        """`launch` each, many at once. For each, in their order, the run, or what `launch` would have raised."""

    def supervise(self, run: RunDir) -> bool:
        """Start a supervisor on a run that exists. False = it has one."""

    def revive(self, run: RunDir, *, errors: bool = False) -> None:
        """Continue an ended or lost run with a next attempt, with `errors` to do its failed items again.

        Raises AlreadySupervised, WrongUsage, NotPossibleNow, DamagedRecord, HomeUnusable.
        """

    def revive_all(self, runs: Iterable[RunDir], *, errors: bool = False) -> list[RunDir | OvernightError]:
        """`revive` each, many at once. For each, in their order, the run, or what `revive` would have raised."""
