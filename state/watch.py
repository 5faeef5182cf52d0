"""Batches of runs that may have changed: inotify where it sees, polling where it cannot.

The folder of all runs is watched, and the directories of those that live, never their artifacts. A run that was over
and goes on says so itself (`RunDir.stir`). inotify reports nothing written on another machine and may overflow:
everything live is said to have changed every few seconds.
"""

import errno
import time
from collections.abc import Callable, Collection, Iterator
from threading import Event
from typing import NamedTuple

from overnight.state.ended import Ended
from overnight.state.home import Home
from overnight.state.inotify import NAMES, Happened, Inotify, Kind
from overnight.state.mounts import is_remote
from overnight.state.records import Spec
from overnight.state.rundir import RunDir, Stamp, stamp_of

RESCAN_AFTER = 5.0
POLL_AFTER = 0.5
"""Seconds between two looks at files of which nobody tells."""
PAUSE = 0.05
"""Seconds between two batches: what changes meanwhile is in one."""
IGNORED = frozenset({"output.log", "checkpoint.log", "lock", "supervisor.log", "env.json"})


class Batch(NamedTuple):
    """Ids of runs to read again."""

    changed: frozenset[str]


def changes(
    home: Home, live: Callable[[], Collection[str]], stop: Event, *, rescan_after: float = RESCAN_AFTER
) -> Iterator[Batch]:
    """Yield batches until `stop` is set; the first holds every run. Blocks: run it in a thread of its own.

    `live` is asked after each batch for the ids whose directories are to be watched. A run that is new, that is
    removed, or that goes on though it was over is told of at once. Raises HomeUnusable, OSError.
    """
    home.prepare()
    watches = Watches(home)
    try:
        yield Batch(watches.every())
        rescanned = time.monotonic()
        while not stop.is_set():
            # What changed between the last batch and the new watches is in neither.
            changed = watches.follow(frozenset(live())) or watches.changed(POLL_AFTER)
            if time.monotonic() - rescanned > rescan_after:
                rescanned = time.monotonic()
                changed |= watches.unseen()
            if changed:
                yield Batch(frozenset(changed))
                stop.wait(PAUSE)
    finally:
        watches.close()


class Watches:
    """What is looked at, and how: by the kernel, or, where it refuses or cannot see, by the stamps of files."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._kernel: Inotify | None = None
        self._all = -1
        """The watch of the folder of all runs; -1 = the kernel refuses it."""
        self._run_of: dict[int, str] = {}
        self._numbers: dict[str, list[int]] = {}
        """The watches of each run that is followed."""
        self._polled: dict[str, dict[str, Stamp]] = {}
        """Of runs that the kernel does not tell everything of: what else is looked at, and how it was."""
        self._refused: set[str] = set()
        self._reach_kernel()
        blind = self._all < 0 or is_remote(home.runs_path)
        self._ended = Ended(home) if blind else None
        """Where nobody tells of runs that are over."""

    def every(self) -> frozenset[str]:
        return frozenset(self._home.ids())

    def follow(self, live: frozenset[str]) -> set[str]:
        """From now on these are watched. Answers which of them were not."""
        followed = self._numbers.keys()
        if live == followed:
            return set()
        for run_id in followed - live:
            self._leave(run_id)
        new = set(live - followed)
        for run_id in new:
            self._enter(run_id)
        return new

    def changed(self, patience: float) -> set[str]:
        """Runs that something has happened to, as soon as that is known; none = nothing within so many seconds."""
        changed: set[str] = set()
        if self._kernel is None:
            time.sleep(patience)
        else:
            for each in self._kernel.wait(patience):
                changed.update(self._runs_of(each))
        for run_id, seen in self._polled.items():
            now = _stamps_of(seen)
            if now != seen:
                self._polled[run_id] = now
                changed.add(run_id)
        return changed

    def unseen(self) -> set[str]:
        """Runs that may have changed without a word. What the kernel refused is asked of it again."""
        changed = set(self._numbers)
        for run_id in tuple(self._refused):
            self._leave(run_id)
        if self._ended is not None:
            changed |= self._ended.went_on(changed)
        if self._all < 0:
            self._reach_kernel()
        return changed

    def close(self) -> None:
        if self._kernel is not None:
            self._kernel.close()

    def _reach_kernel(self) -> None:
        try:
            self._kernel = self._kernel or Inotify()
            self._all = self._kernel.add(self._home.runs_path, NAMES | Kind.ATTRIBUTES)
        except OSError:
            # Others of this user have all that the machine gives; or the folder is gone. `doctor` says so.
            self._all = -1

    def _enter(self, run_id: str) -> None:
        run = self._home.run(run_id)
        self._numbers[run_id] = []
        polled = _named_files(run)
        try:
            for folder in (run.path, run.control_path):
                if self._kernel is None:
                    raise OSError(errno.EMFILE, "nothing watches", folder)
                self._watch(run_id, self._kernel.add(folder, NAMES))
        except (FileNotFoundError, NotADirectoryError):
            # It is being launched, or removed.
            self._refused.add(run_id)
        except OSError:
            self._refused.add(run_id)
            polled |= {run.path, run.control_path}
        if polled:
            self._polled[run_id] = _stamps_of(polled)

    def _watch(self, run_id: str, number: int) -> None:
        self._numbers[run_id].append(number)
        self._run_of[number] = run_id

    def _leave(self, run_id: str) -> None:
        self._polled.pop(run_id, None)
        self._refused.discard(run_id)
        for number in self._numbers.pop(run_id, ()):
            if self._run_of.pop(number, None) is not None and self._kernel is not None:
                self._kernel.remove(number)

    def _runs_of(self, happened: Happened) -> Collection[str]:
        watch, kind, name = happened
        if kind & Kind.OVERFLOW:
            return self.every()
        if kind & Kind.IGNORED:
            return self._given_up(watch)
        if not name or name.startswith("."):
            return ()
        if watch == self._all:
            return (name,)
        return () if name in IGNORED or watch not in self._run_of else (self._run_of[watch],)

    def _given_up(self, watch: int) -> Collection[str]:
        """A folder is gone. Another one may stand in its place."""
        if watch == self._all:
            self._all = -1
            return self.every()
        run_id = self._run_of.pop(watch, None)
        if run_id is None:
            return ()
        self._refused.add(run_id)
        return (run_id,)


def _named_files(run: RunDir) -> set[str]:
    """Files outside of the run's directory: their folder may be anybody's."""
    spec = run.spec()
    if not isinstance(spec, Spec):
        return set()
    return {run.progress_file(spec), run.heartbeat_file(spec)} - {run.progress_path, run.heartbeat_path}


def _stamps_of(paths: Collection[str]) -> dict[str, Stamp]:
    return {path: stamp_of(path) for path in paths}
