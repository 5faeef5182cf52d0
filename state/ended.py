"""Runs that are over, where nobody tells of those that go on: looked at in turns, by the time of their outcome."""

from collections.abc import Collection

from overnight.state.home import Home
from overnight.state.rundir import Stamp, stamp_of

ENDED_AT_ONCE = 500
"""Runs that are looked at each time, as long as none comes, goes or goes on: each may be a question to another host."""


class Ended:
    """All runs of a home, and the stamp of each one's outcome; None = it has none."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._listed: Stamp = None
        """Of the folder of all runs when it was listed."""
        self._ids: list[str] = []
        self._next = 0
        self._at: dict[str, Stamp] = {}
        self._list_anew()
        self._look_at(self._ids)

    def went_on(self, followed: Collection[str]) -> set[str]:
        """Runs that came or are gone, and those without an outcome, or with another one than before.

        Where the folder of all runs says that something happened to one, all are looked at: which one is not known.
        `followed`: what becomes of these is seen elsewhere.
        """
        gone = self._list_anew()
        for run_id in followed:
            # It is followed, and ends with another outcome than the one that is known.
            self._at.pop(run_id, None)
        some = self._ids if gone is not None else self._next_ones()
        return self._look_at([run_id for run_id in some if run_id not in followed]) | (gone or set())

    def _next_ones(self) -> list[str]:
        start = self._next if self._next < len(self._ids) else 0
        self._next = start + ENDED_AT_ONCE
        return self._ids[start : self._next]

    def _look_at(self, ids: list[str]) -> set[str]:
        found = {run_id: stamp_of(self._home.run(run_id).exit_path) for run_id in ids}
        others = {run_id for run_id, at in found.items() if not at or self._at.get(run_id) != at}
        self._at.update(found)
        return others

    def _list_anew(self) -> set[str] | None:
        """The ids that are there no more; None = none came, went or went on since it was listed."""
        changed = stamp_of(self._home.runs_path)
        if changed == self._listed:
            return None
        self._listed, self._ids = changed, self._home.ids()
        here = frozenset(self._ids)
        gone = self._at.keys() - here
        self._at = {run_id: at for run_id, at in self._at.items() if run_id in here}
        return set(gone)
