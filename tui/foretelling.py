"""Foretelling by this machine's clocks, for whoever watches runs."""

import time

from overnight.state.foreteller import Foreteller
from overnight.state.records import Records


class Foretelling:
    """Of all runs that one watches, one after the other."""

    def __init__(self) -> None:
        self._foreteller = Foreteller()

    def of(self, records: Records) -> Records:
        """These records, read just now, with an estimate where their agent gives none and one can be made."""
        slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
        return self._foreteller.foretell(records, time.time(), slept)

    def forget(self, run_id: str) -> None:
        self._foreteller.forget(run_id)
