"""Foretelling by this machine's clocks, for whoever watches runs."""

import time
from collections.abc import Callable

from overnight.state.foreteller import Foreteller
from overnight.state.records import Records


class Foretelling:
    """Of all runs that one watches, one after the other."""

    def __init__(self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._foreteller = Foreteller()
        self._wall, self._monotonic = wall, monotonic

    def of(self, records: Records) -> Records:
        """These records, read just now, with an estimate where their agent gives none and one can be made."""
        now = self._wall()
        # The monotonic clock stands still while the host sleeps, and nobody can set it.
        return self._foreteller.foretell(records, now, now - self._monotonic())

    def forget(self, run_id: str) -> None:
        self._foreteller.forget(run_id)
