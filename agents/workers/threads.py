"""Workers that are threads: they share everything with the agent. One that takes too long is left behind.

Not those of concurrent.futures: they are joined when the interpreter exits, and one that hangs would keep it.
"""

import threading
import time
from collections.abc import Callable
from functools import partial

from overnight.agents.retrying import Attempted
from overnight.agents.workers.pool import HandedBack, Job, Pool, perform


class Threads(Pool):
    """Started when there is something to do for them."""

    def __init__(self, workers: int, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(workers, wake, clock)
        self._arrived = threading.Condition(self._lock)
        """There is something to do, or nothing comes any more."""
        self._called_back = threading.Condition(self._lock)
        """Some wait between two tries is over."""
        self._threads = self._idle = 0
        """Those that count, and those of them that have nothing to do: not the ones that were left behind."""
        self._started = 0

    def _staff(self) -> None:
        while self._idle < len(self._queue) and self._threads < self._workers:
            if not self._start_thread():
                break
        self._arrived.notify()

    def _start_thread(self) -> bool:
        self._started += 1
        name = f"overnight-worker-{self._started}"
        try:
            threading.Thread(target=self._work, name=name, daemon=True).start()
        except RuntimeError:
            # The system gives no more: those that are there have to do.
            if not self._threads:
                raise
            return False
        self._threads += 1
        self._idle += 1
        return True

    def _work(self) -> None:
        """A thread, until it is left behind or nothing comes any more."""
        while (job := self._next()) is not None:
            if job.timeout is not None:
                self._wake()
            if not self._hand_in(job, perform(job.call, partial(self._wait, job), job.so_far)):
                return

    def _next(self) -> Job | None:
        """None = this thread is not needed any more."""
        with self._lock:
            while not self._queue and not self._closed:
                self._arrived.wait()
            self._idle -= 1
            if not self._queue:
                self._threads -= 1
                return None
            job = self._queue.popleft()
            job.who = threading.get_native_id()
            job.given(self._clock())
            return job

    def _hand_in(self, job: Job, attempted: Attempted | None) -> bool:
        """False = this thread was left behind meanwhile."""
        with self._lock:
            if job.over:
                return False
            self._end(job, attempted)
            self._idle += 1
        self._wake()
        return True

    def _wait(self, job: Job, seconds: float, reason: str) -> None:
        """In a worker, between two tries. Raises HandedBack."""
        with self._lock:
            job.begin_wait(self._clock(), seconds, reason)
        self._wake()
        with self._lock:
            if self._called_back.wait_for(lambda: job.interrupted or job.over, seconds):
                raise HandedBack
            job.begin_try(self._clock())
        self._wake()

    def _leave(self, job: Job) -> str:
        if job not in self._queue:
            self._threads -= 1
        self._called_back.notify_all()
        return "the thread that works on it was left behind"

    def _call_back(self, job: Job) -> None:
        self._called_back.notify_all()

    def _dismiss(self) -> None:
        self._arrived.notify_all()
