"""The beating thread: says once a second that the agent lives, writes its progress, and syncs what was committed.

It goes on while an item takes long. What it cannot write on a full disk it writes when there is room: an agent never
suffers from its reports.
"""

import errno
import os
import threading
import time
from collections.abc import Callable

from overnight.agents.report import Report
from overnight.agents.spare import Spare, SpareDescriptor
from overnight.state import codec
from overnight.state.records import AgentStatus, Handle, Heartbeat, Progress
from overnight.state.rundir import RunDir

BEAT_EVERY = 1.0
REPORT_EVERY = 0.1
FORETELL_EVERY = 5.0
"""Seconds after which the end is foretold anew where nothing else is to be told: the item in hand takes its time."""
LATE = 2 * BEAT_EVERY
"""Seconds without a beat that mean: none was possible."""
LARGEST_PROGRESS, LARGEST_HEARTBEAT = 16 << 10, 4 << 10
"""Bytes that are kept aside for each, for a full disk."""
NO_FILES = frozenset({errno.EMFILE, errno.ENFILE})
SYNC_EVERY = 0.05
"""Seconds of finished work that a power cut may cost."""


class Beat:
    """The thread, and the one place from which heartbeat.json and progress.json are written."""

    def __init__(self, run: RunDir, report: Report, each_second: Callable[[Progress], None]) -> None:
        """`each_second` is given the newest progress after each beat, in the thread."""
        self.asleep = False
        """It sleeps until the next beat: `wake` it for what cannot wait."""
        self.sync: Callable[[], bool] = lambda: False
        """Puts on the disk what was committed since, and says whether there was anything."""
        self.ask: Callable[[], None] | None = None
        """Asks the loop how far it is; None = it says so by itself."""
        self.last_beat = report.clock.monotonic()
        self._late = (self.last_beat, self.last_beat)
        """The newest time without a beat that was too long: its begin and its end."""
        self._told_until = self.last_beat
        self._run, self._report, self._each_second = run, report, each_second
        self.newest = Progress()
        """As it was built last."""
        self._woken = threading.Event()
        self._ended = False
        # Re-entrant: a second stop signal may find the main thread in the middle of a report.
        self._writing = threading.RLock()
        self._reported: tuple[object, ...] = ()
        self._reported_at = 0.0
        self._spare_progress = Spare(run.progress_path, LARGEST_PROGRESS)
        self._spare_heartbeat = Spare(run.heartbeat_path, LARGEST_HEARTBEAT)
        self._spare_descriptor = SpareDescriptor()
        self._thread = threading.Thread(target=self._go_round, name="overnight-beat", daemon=True)

    def start(self) -> None:
        self.write_heartbeat()
        self.write_progress()
        self._thread.start()

    def stop(self) -> None:
        """The thread has ended when this returns; what it would have written is the caller's to write."""
        self._ended = True
        self._woken.set()
        self._thread.join()

    def end(self) -> None:
        """The last words are written."""
        self._spare_progress.drop()
        self._spare_heartbeat.drop()

    def wake(self) -> None:
        self._woken.set()

    def wake_if_asleep(self) -> None:
        if self.asleep:
            self._woken.set()

    def _go_round(self) -> None:
        while not self._ended:
            busy = self._keep_up()
            if self._report.clock.monotonic() - self.last_beat >= BEAT_EVERY:
                self.beat()
            if not busy:
                # Only after this is seen does the loop wake the thread: look again before falling asleep.
                self.asleep = True
                busy = self._keep_up()
            due = self.last_beat + BEAT_EVERY - self._report.clock.monotonic()
            self._woken.wait(max(0.0, min(due, SYNC_EVERY) if busy else due))
            self.asleep = False
            self._woken.clear()

    def beat(self) -> None:
        """Say that it lives; by hand, how far it is."""
        self.write_heartbeat()
        if self._is_forecast_old():
            self.write_progress()
        self._each_second(self.newest)

    def _is_forecast_old(self) -> bool:
        report = self._report
        # It may have been stopped in the item in hand, and has not heard yet that it goes on: what is active then?
        is_unclear = self._late[1] > max(self._told_until, report.last_commit)
        is_told = self.newest.estimate is not None and report.status is AgentStatus.RUNNING and not is_unclear
        return is_told and report.clock.monotonic() - self._reported_at >= FORETELL_EVERY

    def _keep_up(self) -> bool:
        """Whether there was anything to sync or to report."""
        busy = self._synced()
        if self.ask is not None:
            self.ask()
            busy = True
        if self._report.counted() != self._reported:
            busy = True
            if self._report.clock.monotonic() - self._reported_at >= REPORT_EVERY:
                self.write_progress()
        return busy

    def _synced(self) -> bool:
        try:
            busy = self.sync()
        except OSError as error:
            self._report.notices[Beat] = f"what was committed could not be synced: {error.strerror}"
            return False
        if busy:
            self._report.notices.pop(Beat, None)
        return busy

    def write_progress(self) -> bool:
        """progress.json as the report stands. False = it could not be written; tried again with the next change."""
        with self._writing:
            self._reported_at = self._report.clock.monotonic()
            counted = self._report.counted()
            self.newest = self._report.progress(time.time())
            if self._try_write(self._run.progress_path, self.newest, self._spare_progress):
                self._reported = counted
                return True
        return False

    def write_heartbeat(self) -> None:
        with self._writing:
            now, clock = time.time(), self._report.clock
            before, self.last_beat = self.last_beat, clock.monotonic()
            if self.last_beat - before > LATE:
                self._late = (before, self.last_beat)
            beat = Heartbeat(
                status="healthy",
                last_heartbeat=now,
                uptime_seconds=round(self.last_beat - clock.started, 3),
                interval_seconds=BEAT_EVERY,
                pid=os.getpid(),
                last_progress=now - (self.last_beat - self._report.last_commit),
                handles=frozenset(Handle),
                waiting=self._report.waiting,
                attempt=self._report.attempt,
            )
            self._try_write(self._run.heartbeat_path, beat, self._spare_heartbeat)

    def silent_since(self) -> float | None:
        """Since when no beat was possible, until just now: a moment of the monotonic clock. None = they came. No time
        is told of twice.
        """
        now, (late_since, late_until) = self._report.clock.monotonic(), self._late
        # Who goes on may beat before he can ask.
        since = late_since if now - late_until < BEAT_EVERY else self.last_beat
        since = max(since, self._told_until)
        if now - since <= LATE:
            return None
        self._told_until = now
        return since

    def _try_write(self, path: str, record: object, spare: Spare) -> bool:
        try:
            self._run.write(path, record)
        except OSError as error:
            if error.errno not in NO_FILES:
                return spare.spend(codec.encode(record))
            with self._spare_descriptor.lent():
                return self._wrote(path, record)
        spare.keep()
        return True

    def _wrote(self, path: str, record: object) -> bool:
        try:
            self._run.write(path, record)
        except OSError:
            return False
        return True
