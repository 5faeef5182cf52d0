"""Which runs a command line means while it goes on: those that were named, and whatever comes to a group or to all."""

import os
from argparse import Namespace

from overnight.state.home import Home
from overnight.state.records import Spec
from overnight.state.rundir import RunDir


class Meant:
    """The runs that the options mean, now and later."""

    def __init__(self, home: Home, options: Namespace, found: tuple[RunDir, ...]) -> None:
        self.home = home
        self._all: bool = options.all
        self._group: str | None = options.group
        self._groups: dict[str, str] = {}
        """Of the runs that are there, by id; a group never changes."""
        by_name = [] if self._all else [run for run in found if self._group is None or not self._is_of_group(run)]
        self._named = {run.id: run for run in by_name}
        self.is_one = len(self._named) == 1 and self._group is None

    @property
    def can_be_more(self) -> bool:
        return self._all or self._group is not None or bool(self._named)

    def now(self) -> list[RunDir]:
        every = {run.id: run for run in self.home.runs()} if self._all or self._group is not None else {}
        self._groups = {run_id: group for run_id, group in self._groups.items() if run_id in every}
        if not self._all:
            every = {run_id: run for run_id, run in every.items() if self._is_of_group(run)}
        return list((every | self._named).values())

    def take_removed(self) -> list[str]:
        """Ids of those named that are no longer there, each once."""
        gone = [run_id for run_id, run in self._named.items() if not os.path.isdir(run.path)]
        for run_id in gone:
            del self._named[run_id]
        return gone

    def _is_of_group(self, run: RunDir) -> bool:
        if run.id not in self._groups:
            spec = run.spec()
            if not isinstance(spec, Spec):
                return False
            self._groups[run.id] = spec.group
        return self._groups[run.id] == self._group
