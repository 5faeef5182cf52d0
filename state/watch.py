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
    ends = _ends(home, frozenset())
    yield Batch(frozenset(home.ids()))
    while not stop.is_set():
        watched = frozenset(live())
        yield from _until_live_changes(home, watched, ends, live, stop, rescan_after)


def _until_live_changes(
    home: Home,
    watched: frozenset[str],
    ends: dict[str, int],
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
            changed |= {*watched, *_went_on(home, watched, ends)}
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
            step=10,
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


def _went_on(home: Home, watched: frozenset[str], ends: dict[str, int]) -> set[str]:
    """Runs that nobody told of: without an outcome, or with another one than in `ends`, which is as of now then.

    An overflow of the kernel's queue loses events; and a run that was over is not watched when it goes on.
    """
    before = dict(ends)
    ends.clear()
    ends |= _ends(home, watched)
    return {run_id for run_id, at in ends.items() if not at or before.get(run_id, at) != at}


def _ends(home: Home, watched: frozenset[str]) -> dict[str, int]:
    """When the outcome of each run that is not watched was put on record; 0 = it has none."""
    return {run_id: _changed_ns(home.run(run_id).exit_path) for run_id in home.ids() if run_id not in watched}
