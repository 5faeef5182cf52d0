"""Which other runs have the same errors: an index over the tails of their errors.jsonl, a few files at a look.

Only runs with item errors are read, the newest first, and each again only when its file has grown. So the index is
bounded, and grows while somebody looks at a run's errors.
"""

import heapq
import os
import time
from collections.abc import Iterable
from typing import NamedTuple

from overnight.state.home import Home
from overnight.state.newest import newest_of
from overnight.state.records import ItemError
from overnight.tui.errorgroups import Kind, kind_of

MOST_RUNS = 200
"""Runs that are compared: those whose errors are the newest."""
WINDOW = 1 << 16
"""Bytes from the end of each that are read."""
AT_ONCE = 8
"""Files that are read in one look: whoever waits for the next picture waits for them."""
EVERY = 10.0
"""Seconds until it is asked again which files there are, and which have grown: there may be thousands of runs."""


class _File(NamedTuple):
    """An errors.jsonl at one moment."""

    changed_at: int
    """Nanoseconds."""
    size: int
    run_id: str


class Elsewhere:
    """The kinds of error of each run, as far as they were read."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[_File, frozenset[Kind]]] = {}
        self._newest: list[_File] = []
        """Those that are to be compared."""
        self._listed_at = -EVERY

    def look(self, home: Home) -> None:
        """Read what is new, newest first; not all of it at once."""
        now = time.monotonic()
        if now - self._listed_at >= EVERY:
            self._newest, self._listed_at = heapq.nlargest(MOST_RUNS, _files_of(home)), now
        known = {each.run_id: each for each, _ in self._read.values()}
        for each in [each for each in self._newest if known.get(each.run_id) != each][:AT_ONCE]:
            errors = newest_of(ItemError, home.run(each.run_id).errors_path, WINDOW).records
            self._read[each.run_id] = each, frozenset(map(kind_of, errors))
        self._read = {each.run_id: self._read[each.run_id] for each in self._newest if each.run_id in self._read}

    def runs_with(self, kinds: Iterable[Kind], but: str) -> dict[Kind, tuple[str, ...]]:
        """Ids of the runs that have errors of each of these kinds, the newest first; `but`: the one that is open."""
        found = {
            kind: tuple(run_id for run_id, (_, theirs) in self._read.items() if kind in theirs and run_id != but)
            for kind in kinds
        }
        return {kind: runs for kind, runs in found.items() if runs}


def _files_of(home: Home) -> Iterable[_File]:
    for run_id in home.ids():
        try:
            # Most runs have none; a RunDir for each of thousands would take longer than to ask for it.
            found = os.stat(f"{home.runs_path}/{run_id}/errors.jsonl")
        except OSError:
            continue
        if found.st_size:
            yield _File(found.st_mtime_ns, found.st_size, run_id)
