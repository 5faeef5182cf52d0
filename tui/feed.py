"""The only worker: watches the runs and the clock, and turns what it sees into the model's events.

Four threads fill a mailbox; the interface empties it when it has time. Only the newest reading of each run
is kept there, so a slow terminal sees fewer pictures, never older ones.
"""

import os
import time
from collections.abc import Callable, Collection
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Protocol

from overnight.state import groups
from overnight.state.errors import OvernightError
from overnight.state.home import Home
from overnight.state.records import Damaged
from overnight.state.rundir import Stamp, changed_at, stamp_of
from overnight.state.status import LIVE, status_of
from overnight.state.watch import changes
from overnight.tui.clean import clean
from overnight.tui.detail import Detail
from overnight.tui.door import clean_groups, clean_records
from overnight.tui.events import Arrived, Detailed, Event, Failed, Grouped, Printed, Read, Recalled, Ticked
from overnight.tui.foretelling import Foretelling
from overnight.tui.mailbox import Mailbox
from overnight.tui.sight import Sight
from overnight.tui.tail import newest_line

if TYPE_CHECKING:
    from overnight.tui.looker import Looker

TICK = 1.0
MINUTE = 60.0
AGAIN_AFTER = 1.0
"""Seconds until what failed is tried again."""
AT_ONCE = 500
"""Runs that are read before the interface hears of them, of what may be thousands."""


class Source(Protocol):
    """Where the interface has its events from."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin. `wake` is called, from any thread, when there is something to take."""

    def stop(self) -> None: ...

    def look(self, sight: Sight) -> None:
        """From now on this is looked at."""

    def expect(self, run_id: str) -> None:
        """Something was asked of this run: it may go on though it was over, which nobody watches."""

    def checkpoint_at(self, run_id: str) -> float | None:
        """When its checkpoint was last written; None = it has none."""

    def take(self) -> list[Event]:
        """What happened since the last time, oldest first."""


class Feed:
    """The source that reads the runs of a home."""

    def __init__(self, home: Home, at_first: int = 24) -> None:
        """`at_first`: so many runs are read before all others, and are in the first picture."""
        self._home, self._at_first = home, at_first
        self._mailbox = Mailbox()
        self._stop, self._hurry, self._sought, self._news = Flag(), Flag(), Flag(), Flag()
        self._sight = Sight()
        self._live: frozenset[str] = frozenset()
        self._unborn: frozenset[str] = frozenset()
        """Directories in which a run is being launched: as soon as it has a spec it is one."""
        self._ended_at = 0.0
        """When the last one of all ended."""
        self._expected: dict[str, None] = {}
        """Runs to be read once more, whatever they were. Filled from another thread, each change is one step."""
        self._noted: dict[str, None] = {}
        """Runs of which something may have happened, while somebody looks at that. As above."""
        self._silent: frozenset[str] = frozenset()
        """Live runs that report nothing: the newest line of their output is what there is to show."""
        self._printed: dict[str, tuple[Stamp, str]] = {}
        """Of these: how the log was when it was read, and that line."""
        self._groups: Stamp = None
        """Of groups.json as it was told."""
        self._foretelling = Foretelling()
        self._looker: Looker | None = None
        """Loaded when something is open."""
        self._failures: dict[str, str] = {}
        """Why one of the threads cannot do its work now, by its name."""
        self._wake: Callable[[], None] = lambda: None
        self._begun, self._first, self._started = False, Flag(), Flag()

    def begin(self, patience: float) -> None:
        """Read the first runs, and no more, before there is anyone to be told: they can be in the first picture.

        Waits for them, at most `patience` seconds.
        """
        self._begun = True
        self._work_at(self._watch)
        self._first.wait(patience)

    def start(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._started.set()
        if not self._begun:
            self._work_at(self._watch)
        for work in (self._keep_time, self._search, self._recall):
            self._work_at(work)

    def _work_at(self, work: Callable[[], None]) -> None:
        Thread(target=self._guarded, args=(work,), name=f"feed{work.__name__}", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()
        for flag in (self._started, self._hurry, self._sought, self._news):
            flag.set()

    def look(self, sight: Sight) -> None:
        if sight != self._sight:
            self._sight = sight
            for flag in (self._hurry, self._sought, self._news):
                flag.set()

    def expect(self, run_id: str) -> None:
        self._expected[run_id] = None

    def checkpoint_at(self, run_id: str) -> float | None:
        return changed_at(self._home.run(run_id).checkpoint_log_path)

    def take(self) -> list[Event]:
        return self._mailbox.empty()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Until it has ended. What may pass is said, and it begins anew."""
        while not self._stop.is_set():
            try:
                work()
                return
            except OvernightError as error:
                self._fails(work, f"{error}. {error.hint}")
            except OSError as error:
                where = f"{error.filename}: " if error.filename else ""
                self._fails(work, f"runs cannot be read now, which is tried again: {where}{error.strerror or error}")
            except Exception as error:  # noqa: BLE001 a worker's boundary: the screen says that it is no longer fed
                self._fails(work, f"watching ended: {type(error).__name__}: {error}")
                return
            self._stop.wait(AGAIN_AFTER)

    def _fails(self, work: Callable[[], None], why: str) -> None:
        self._failures[work.__name__] = clean(why)
        self._tell(Failed(self._failures[work.__name__]))
        self._first.set()

    def _works(self, work: Callable[[], None]) -> None:
        """It has done what it may have failed at before."""
        if self._failures.pop(work.__name__, None) is not None:
            self._tell(Failed(next(iter(self._failures.values()), "")))

    def _tell(self, event: Event) -> None:
        self._mailbox.put(event)
        self._wake()

    # -- the watching thread

    def _watch(self) -> None:
        for batch in changes(self._home, lambda: self._live.union(self._unborn, self._expected), self._stop):
            ids = self._latest_first(batch.changed)
            some, others = ids[: self._at_first], ids[self._at_first :]
            self._tell(self._read(some, more=bool(others)))
            self._first.set()
            # Those that are not seen yet would only keep what is to be seen from being drawn.
            self._started.wait()
            while others and not self._stop.is_set():
                some, others = others[:AT_ONCE], others[AT_ONCE:]
                self._tell(self._read(some, more=bool(others)))
            self._works(self._watch)

    def _latest_first(self, ids: Collection[str]) -> list[str]:
        """Of many, what works now is to be seen at once: its directory has just changed."""
        if len(ids) <= self._at_first:
            return sorted(ids)
        return sorted(ids, key=lambda run_id: -(changed_at(self._home.run(run_id).path) or 0))

    def _read(self, ids: list[str], *, more: bool = False) -> Arrived:
        if self._sight.events:
            self._noted.update(dict.fromkeys(ids))
            self._news.set()
        reads, gone, unborn = [], set(), set()
        for run_id in ids:
            self._expected.pop(run_id, None)
            run = self._home.run(run_id)
            if _is_missing(run.spec_path):
                # Being launched, or removed; until its spec is there it is no run.
                gone.add(run_id)
                if os.path.isdir(run.path):
                    unborn.add(run_id)
            else:
                reads.append(Read(run_id, clean_records(self._foretelling.of(run.read()))))
        for run_id in gone:
            self._foretelling.forget(run_id)
        now = time.time()
        self._tell_time(now)
        live = {read.id for read in reads if status_of(read.records, now) in LIVE}
        silent = {read.id for read in reads if read.id in live and read.records.progress is None}
        others = gone.union(read.id for read in reads)
        self._live, self._silent = (self._live - others) | live, (self._silent - others) | silent
        self._unborn = (self._unborn - others) | unborn
        ends = (read.records.exit.ended_at for read in reads if read.records.exit is not None)
        self._ended_at = max(self._ended_at, *(at for at in ends if at is not None), 0.0)
        return Arrived(tuple(reads), frozenset(gone), more)

    # -- the thread of the clock

    def _keep_time(self) -> None:
        looked = told = 0.0
        while not self._stop.is_set():
            now = time.time()
            if now - looked >= TICK or now < looked:
                looked = now
                if self._shows_seconds(now) or now // MINUTE != told // MINUTE:
                    told = now
                    self._tell(Ticked(now))
                self._look_at_groups()
                self._look_at_output()
            if (detail := self._look_into()) is not None:
                self._tell_time(now)
                self._tell(Detailed(detail))
            self._works(self._keep_time)
            self._hurry.wait(max(0.0, TICK - (time.time() - looked)))
            self._hurry.clear()

    def _look_into(self) -> Detail | None:
        """What there is to show of the open run, where that has changed."""
        sight = self._sight
        if sight.run_id is None:
            return None
        if self._looker is None:
            from overnight.tui.looker import Looker

            self._looker = Looker()
        return self._looker.look(self._home, sight)

    def _tell_time(self, now: float) -> None:
        """To go with other news, where the clock may not have been told for a minute."""
        if not self._shows_seconds(now):
            self._mailbox.put(Ticked(now))

    def _shows_seconds(self, now: float) -> bool:
        """Whether the time that passes shows at each tick: while something lives, and shortly after it has ended."""
        return bool(self._live) or abs(now - self._ended_at) < MINUTE + TICK

    def _look_at_groups(self) -> None:
        """Where they have changed. What cannot be read changes nothing: `doctor` says what is wrong with it."""
        stamp = stamp_of(groups.path_of(self._home.path))
        if stamp == self._groups:
            return
        self._groups, found = stamp, groups.found_in(self._home.path)
        if not isinstance(found, Damaged):
            self._tell(Grouped(clean_groups(found)))

    def _look_at_output(self) -> None:
        """The newest line of the silent runs that are on the screen, where their log has grown."""
        before = dict(self._printed)
        for run_id in before.keys() - self._silent:
            del self._printed[run_id]
        for run_id in self._sight.listed & self._silent:
            path = self._home.run(run_id).output_path
            stamp = stamp_of(path)
            if run_id not in self._printed or self._printed[run_id][0] != stamp:
                self._printed[run_id] = (stamp, newest_line(path))
        if self._printed != before:
            self._tell(Printed({run_id: line for run_id, (_, line) in self._printed.items()}))

    # -- the thread that looks for texts

    def _search(self) -> None:
        done: object = None
        while self._sought.wait() and not self._stop.is_set():
            self._sought.clear()
            run_id, wanted = self._sight.run_id, self._sight.search
            if run_id is None or wanted is None or (run_id, wanted) == done:
                continue
            done = run_id, wanted
            from overnight.tui.seeking import search

            for so_far in search(run_id, self._home.run(run_id).output_path, wanted):
                if self._stop.is_set() or (self._sight.run_id, self._sight.search) != done:
                    break
                if so_far is not None:
                    self._tell(so_far)

    # -- the thread that tells what happens to all runs

    def _recall(self) -> None:
        happenings, every = None, True
        # Where it has failed, nobody else tells it to look again.
        self._news.set()
        while self._news.wait() and not self._stop.is_set():
            self._news.clear()
            noted = list(self._noted)
            for run_id in noted:
                self._noted.pop(run_id, None)
            if wanted := self._sight.events:
                if happenings is None:
                    from overnight.tui.happenings import Happenings

                    happenings = Happenings(self._home)
                for told in happenings.look(None if every else noted):
                    self._tell(Recalled(told))
            every = not wanted
            self._works(self._recall)


def _is_missing(path: str) -> bool:
    """There is no such file. Where nobody is let in to see it, that is not known."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
