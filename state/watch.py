"""Batches of runs that may have changed: inotify where it sees, polling where it cannot.

Only live runs' directories are watched, never their artifacts. inotify reports nothing written on
another machine and may overflow: everything live is said to have changed every few seconds.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator
from threading import Event
from typing import NamedTuple

from overnight.state.home import Home
from overnight.state.records import Spec

RESCAN_AFTER = 5.0
POLL_AFTER = 0.5
"""Seconds between two looks at files that lie outside of the run's directory."""
STEP = 50
"""Milliseconds between two looks of the watcher at what the kernel has told: it wakes up for each."""
ENDED_AT_ONCE = 500
"""Ended runs that are looked at in one rescan: of more, the next rescan looks at the next ones. Ten thousand at each
would cost a hundredth of a core for as long as anybody watches."""
IGNORED = frozenset({"output.log", "checkpoint.log", "lock", "supervisor.log", "env.json"})


class Batch(NamedTuple):
    """Ids of runs to read again."""

    changed: frozenset[str]


def changes(
    home: Home, live: Callable[[], Collection[str]], stop: Event, *, rescan_after: float = RESCAN_AFTER
) -> Iterator[Batch]:
    """Yield batches until `stop` is set; the first holds every run. Blocks: run it in a thread of its own.

    `live` is asked after each batch for the ids whose directories are to be watched. A new run is told of
    within the debounce of a tenth of a second, a removed one too.
    """
    home.prepare()
    ended = Ended(home)
    yield Batch(frozenset(home.ids()))
    while not stop.is_set():
        watched = frozenset(live())
        yield from _until_live_changes(home, watched, ended, live, stop, rescan_after)


def _until_live_changes(
    home: Home,
    watched: frozenset[str],
    ended: "Ended",
    live: Callable[[], Collection[str]],
    stop: Event,
    rescan_after: float,
) -> Iterator[Batch]:
    polled = _named_files(home, watched)
    seen = _times_of(polled)
    rescanned = time.monotonic()
    # What changed between the last batch and the new watches would be missed.
    yield Batch(watched)
    for paths in _raw_changes(home, watched, stop):
        changed = {run_id for path in paths if (run_id := _run_of(home, path))}
        now_seen = _times_of(polled)
        changed |= {polled[path] for path in polled if now_seen[path] != seen[path]}
        seen = now_seen
        if time.monotonic() - rescanned > rescan_after:
            rescanned = time.monotonic()
            changed |= {*watched, *ended.went_on(watched)}
        if changed:
            yield Batch(frozenset(changed))
        if frozenset(live()) != watched:
            return


def _raw_changes(home: Home, watched: frozenset[str], stop: Event) -> Iterator[set[str]]:
    from watchfiles import Change, watch

    def matters(_: Change, path: str) -> bool:
        name = os.path.basename(path)
        return not name.startswith(".") and name not in IGNORED

    folders = [home.runs_path]
    for run_id in watched:
        run = home.run(run_id)
        folders += [each for each in (run.path, run.control_path) if os.path.isdir(each)]
    try:
        for batch in watch(
            *folders,
            watch_filter=matters,
            debounce=100,
            step=STEP,
            stop_event=stop,
            rust_timeout=int(POLL_AFTER * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        ):
            yield {path for _, path in batch}
    except FileNotFoundError:
        # A run was removed between listing and watching: the caller starts again.
        return


def _run_of(home: Home, path: str) -> str | None:
    inside = os.path.relpath(path, home.runs_path)
    first = inside.split(os.sep, 1)[0]
    return None if first in {os.curdir, os.pardir} else first


def _named_files(home: Home, watched: frozenset[str]) -> dict[str, str]:
    """Files outside of the runs' directories, to whose run each belongs: their folder may be anybody's."""
    named: dict[str, str] = {}
    for run_id in watched:
        run = home.run(run_id)
        spec = run.spec()
        if isinstance(spec, Spec):
            if spec.progress_file:
                named[run.progress_file(spec)] = run_id
            if spec.heartbeat_file:
                named[run.heartbeat_file(spec)] = run_id
    return named


def _times_of(paths: Collection[str]) -> dict[str, int]:
    return {path: _changed_ns(path) for path in paths}


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


class Ended:
    """The runs that nobody tells of, and when the outcome of each was put on record; 0 = it has none."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._listed = -1
        """The time of the folder of all runs when it was listed."""
        self._ids: list[str] = []
        self._next = 0
        self._at: dict[str, int] = {}
        self._look_at(self._listed_anew())

    def went_on(self, watched: frozenset[str]) -> set[str]:
        """Runs without an outcome, or with another one than before; of many, some are looked at each time.

        An overflow of the kernel's queue loses events; and a run that was over is not watched when it goes on.
        """
        unknown = [run_id for run_id in self._listed_anew() if run_id not in self._at]
        if self._next >= len(self._ids):
            self._next = 0
        some = self._ids[self._next : self._next + ENDED_AT_ONCE]
        self._next += ENDED_AT_ONCE
        for run_id in watched:
            # It is watched, and ends with another outcome than the one that is known.
            self._at.pop(run_id, None)
        return self._look_at([run_id for run_id in {*unknown, *some} if run_id not in watched])

    def _look_at(self, ids: list[str]) -> set[str]:
        found = {run_id: _changed_ns(self._home.run(run_id).exit_path) for run_id in ids}
        others = {run_id for run_id, at in found.items() if not at or self._at.get(run_id, at) != at}
        self._at.update(found)
        return others

    def _listed_anew(self) -> list[str]:
        """All ids, where one came or went since they were listed; else none."""
        changed = _changed_ns(self._home.runs_path)
        if changed == self._listed:
            return []
        self._listed, self._ids = changed, self._home.ids()
        here = frozenset(self._ids)
        self._at = {run_id: at for run_id, at in self._at.items() if run_id in here}
        return self._ids
