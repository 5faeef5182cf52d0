"""Workers that are processes: one that hangs or crashes takes nothing with it, and is replaced.

Spawned, never forked: the agent has threads. A start costs 30 ms and what the agent's script imports; a fork server
would save most of the 30 ms, for one process more whose stop or end, by a terminal's signals, would be everybody's.
The pool of processes at hand (pebble) lost all of its workers to an idle one that was killed and to an exception that
cannot be unpickled, and spent three seconds on each time-out.
"""

import atexit
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait

from overnight.agents.forking import HEARD
from overnight.agents.retrying import Attempted
from overnight.agents.workers.crew import Worker
from overnight.agents.workers.pool import Call, Finished, Job, Pool, WorkerLost
from overnight.agents.workers.worker import (
    Accepted,
    Ended,
    Interrupted,
    Refused,
    Said,
    Tries,
    Waits,
    attempted_of,
)
from overnight.state.errors import NotPossibleNow, OvernightError, WrongUsage

GRACE = 1.0
"""Seconds in which idle workers leave by themselves when the pool is closed."""
STARTS = 3
"""So many that failed in a row, and it is given up."""
START_AGAIN = 1.0
"""Seconds after which a start that the system refused is tried again."""


class Processes(Pool):
    """A thread starts them, hands calls out to them and hears how these end. With it they end, too."""

    def __init__(self, workers: int, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(workers, wake, clock)
        self._crew: list[Worker] = []
        self._failed_starts = 0
        """Since a worker last began with something."""
        self._broken: OvernightError | None = None
        self._leave_until: float | None = None
        """When those who have not left are killed; None = it is not closed."""
        self._over = False
        """The thread has ended."""
        self._agent = os.getpid()
        self._context = multiprocessing.get_context("spawn")
        self._bell, self._rope = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        # multiprocessing waits for its children at the exit: this comes before that.
        atexit.register(self._at_exit)
        threading.Thread(target=self._watch, name="overnight-workers", daemon=True).start()

    def submit(self, ticket: int, call: Call, timeout: float | None = None) -> None:
        """As `Pool.submit`. Raises WrongUsage for a function that cannot be sent."""
        try:
            function = pickle.dumps((call.fn, call.policy), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - the author's code
            raise WrongUsage(
                f"{call.fn!r} cannot be sent to a worker process: {error}",
                hint="Give a function that is defined at the top of a module or script, or use threads.",
            ) from None
        try:
            arguments = pickle.dumps((call.args, call.kwargs), pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 - the author's code: the item's error, not the run's
            self._refuse(Job(ticket, call, timeout), error)
        else:
            self._enter(Job(ticket, call, timeout, (function, arguments)))

    def _refuse(self, job: Job, error: Exception) -> None:
        unsent = TypeError(f"the item cannot be sent to a worker process: {error}")
        with self._lock:
            self._jobs[job.ticket] = job
            self._end(job, Attempted(None, unsent.with_traceback(error.__traceback__), 0))
        self._wake()

    def taken(self) -> list[Finished]:
        """As `Pool.taken`. Raises NotPossibleNow where no worker comes up, WrongUsage where it lacks a function."""
        if self._broken is not None:
            raise self._broken
        return super().taken()

    def _staff(self) -> None:
        self._ring()

    def _call_back(self, job: Job) -> None:
        self._ring()

    def _dismiss(self) -> None:
        self._ring()

    def _leave(self, job: Job) -> str:
        for worker in self._crew:
            if worker.job is job:
                worker.take(None)
                worker.kill()
        return "its process was killed"

    def _ring(self) -> None:
        """Have the thread look."""
        if not self._over:
            try:
                os.write(self._rope, b"!")
            except BlockingIOError:
                # It rings already.
                pass

    def _at_exit(self) -> None:
        # A child that the agent forked has this on its list, too.
        if os.getpid() == self._agent:
            self.close()
            with self._lock:
                for worker in self._crew:
                    worker.kill()

    # From here on: the thread.

    def _watch(self) -> None:
        # First, for when that begins it unblocks what is blocked here.
        resource_tracker.ensure_running()
        # The workers inherit this, and hear nothing before they can pass it over.
        signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        try:
            while self._crew or not self._closed:
                self._attend()
        except Exception as error:  # noqa: BLE001 - the boundary of the thread: the driver is told
            self._give_up(NotPossibleNow(f"the worker processes cannot be watched any more: {error!r}"))
        atexit.unregister(self._at_exit)
        with self._lock:
            self._over = True
            os.close(self._bell)
            os.close(self._rope)

    def _attend(self) -> None:
        """Do what there is to do, then wait for the next of it."""
        self._hire()
        self._hand_out()
        self._see_off()
        ready = set(wait(self._watched(), self._patience()))
        if self._bell in ready:
            os.read(self._bell, 4096)
        for worker in [each for each in self._crew if each.pipe in ready]:
            for said in worker.hear():
                self._take_in(worker, said)
        for worker in [each for each in self._crew if each.pidfd in ready]:
            self._bury(worker)

    def _watched(self) -> list[Connection | int]:
        pipes = [each.pipe for each in self._crew if each.heard]
        return [self._bell, *pipes, *(each.pidfd for each in self._crew)]

    def _patience(self) -> float | None:
        if self._leave_until is not None:
            left = self._leave_until - time.monotonic()
            return left if left > 0 else GRACE
        return START_AGAIN if self._failed_starts else None

    def _hire(self) -> None:
        """Start as many as there is something to do for."""
        with self._lock:
            staff = [each for each in self._crew if not each.doomed]
            free = sum(each.job is None for each in staff)
            missing = min(self._workers - len(staff), len(self._queue) - free)
            if self._closed or self._broken or (staff and self._failed_starts >= STARTS):
                return
        for _ in range(missing):
            try:
                worker = Worker(self._context)
            except OSError as error:
                self._start_failed(f"cannot be started: {error.strerror}")
                return
            with self._lock:
                self._crew.append(worker)

    def _hand_out(self) -> None:
        """Give what waits to those who have nothing, and tell those whose call was interrupted."""
        with self._lock:
            free = [each for each in self._crew if each.ready and not each.doomed and each.job is None]
            given = [(worker, self._queue.popleft()) for worker in free[: len(self._queue)]]
            for worker, job in given:
                worker.take(job)
        # Not under the lock: something large takes as long as the worker takes to read it.
        for worker, job in given:
            if not worker.give(job):
                with self._lock:
                    worker.kill()
        with self._lock:
            called_back = [each for each in self._crew if each.job is not None and each.job.interrupted]
        for worker in called_back:
            worker.interrupt()

    def _put_back(self, worker: Worker) -> None:
        """Under the lock: what it was given but has not begun with is no worse for that."""
        job = worker.job
        worker.take(None)
        if job is None or job.over:
            return
        if job.interrupted:
            self._end(job, None)
        else:
            self._queue.appendleft(job)

    def _see_off(self) -> None:
        """Once it is closed: let those go who can, and kill the others."""
        if not self._closed:
            return
        if self._leave_until is None:
            self._leave_until = time.monotonic() + GRACE
        late = time.monotonic() >= self._leave_until
        with self._lock:
            for worker in self._crew:
                if late or not worker.ready:
                    worker.kill()
                elif worker.heard:
                    worker.hang_up()

    def _take_in(self, worker: Worker, said: Said) -> None:
        # Not under the lock: what is read here may be large, or an author's class.
        attempted = attempted_of(said) if isinstance(said, Ended) else None
        with self._lock:
            if not worker.doomed:
                self._note(worker, said, attempted)
        self._wake()

    def _note(self, worker: Worker, said: Said, attempted: Attempted | None) -> None:
        job, now = worker.job, self._clock()
        if job is None:
            worker.ready = True
            return
        match said:
            case Accepted():
                self._failed_starts = 0
                worker.accepted = True
                job.given(now)
            case Waits(seconds, reason):
                job.begin_wait(now, seconds, reason)
            case Tries():
                job.begin_try(now)
            case Ended() | Interrupted():
                worker.take(None)
                self._end(job, attempted)
            case Refused(why):
                self._broken = WrongUsage(
                    f"{job.call.fn!r} cannot be had in a worker process: {why}",
                    hint="Define it at the top of a module or script that can be imported, or use threads.",
                )

    def _bury(self, worker: Worker) -> None:
        with self._lock:
            self._crew.remove(worker)
            how = worker.bury()
            job = worker.job
            if job is not None and worker.accepted and not job.over:
                self._lose(job, WorkerLost(f"its worker process {how}"))
            else:
                self._put_back(worker)
        if not worker.doomed and not worker.accepted and (job is not None or not worker.ready):
            self._start_failed(how)
        self._wake()

    def _start_failed(self, how: str) -> None:
        self._failed_starts += 1
        if self._failed_starts >= STARTS and not any(each.ready for each in self._crew):
            self._give_up(
                NotPossibleNow(
                    f"a worker process {how} before it could begin, {self._failed_starts} times in a row",
                    hint="Its own words are in the output of the run.",
                )
            )

    def _give_up(self, why: OvernightError) -> None:
        self._broken = why
        self._wake()
