"""What threads and processes have in common: which tickets are in flight, how long a try may take, how each ends.

A ticket is one call with all of its tries. It ends with its outcome, or is handed back: begun, but to be done again.
Everything here happens in the driver's thread but what says otherwise; no thread watches the clock, `taken` does.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from overnight.agents.retrying import Attempted, Retry, Sleep, attempt, judged, without_first_frame
from overnight.state.errors import WrongUsage


class Call(NamedTuple):
    """What a worker is to do."""

    fn: Callable[..., Any]
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}
    policy: Retry = Retry(tries=1)
    begins: Callable[[], None] | None = None
    """Called at the begin of each try by the thread or task that makes it; not in other processes."""


class Finished(NamedTuple):
    """How a ticket ended."""

    ticket: int
    attempted: Attempted | None
    """None = handed back: interrupted before it was done."""
    seconds: float
    """That its tries took together, without the waits between them."""


class WorkerLost(Exception):
    """The worker is gone in the middle of a try: killed, crashed, or made to leave by the call itself."""


class HandedBack(BaseException):
    """Raised out of a wait between two tries: the ticket is not done. Not an Exception: no `except` may keep it."""


class Job:
    """A ticket on its way. Guarded by the lock of its pool."""

    __slots__ = (
        "began",
        "call",
        "interrupted",
        "over",
        "packed",
        "seconds",
        "so_far",
        "ticket",
        "timeout",
        "tries",
        "waits",
        "who",
    )

    def __init__(
        self, ticket: int, call: Call, timeout: float | None, packed: tuple[bytes, bytes] | None = None
    ) -> None:
        self.ticket, self.call, self.timeout = ticket, call, timeout
        self.packed = packed
        """For another process: the function with its policy, and the arguments."""
        self.so_far: Attempted | None = None
        """How it ended with the worker that had it before; there are tries left."""
        self.tries = 0
        """That were begun."""
        self.began: float | None = None
        """When the try in flight began; None = there is none."""
        self.seconds = 0.0
        """Of the tries that are over."""
        self.waits: tuple[str, float] | None = None
        """Why it waits for its next try, and when that begins."""
        self.who: int | None = None
        """The kernel's number of the thread or process that has it; None = none has."""
        self.interrupted = False
        """It shall not wait: no further tries."""
        self.over = False
        """Its end is known, or nobody asks for it any more."""

    def given(self, now: float) -> None:
        """A worker has it: its first try begins, or the wait for its next one."""
        if self.so_far is None:
            self.begin_try(now)

    def begin_try(self, now: float) -> None:
        self.waits = None
        self.tries += 1
        self.began = now
        if self.call.begins is not None:
            self.call.begins()

    def begin_wait(self, now: float, seconds: float, reason: str) -> None:
        self.end_try(now)
        self.waits = (reason, now + seconds)

    def end_try(self, now: float) -> None:
        if self.began is not None:
            self.seconds += now - self.began
            self.began = None

    def again(self, so_far: Attempted) -> "Job":
        """The same ticket for another worker. What the lost one still says of it counts no more."""
        self.over = True
        job = Job(self.ticket, self.call, self.timeout, self.packed)
        job.so_far, job.tries, job.seconds = so_far, self.tries, self.seconds
        return job

    @property
    def deadline(self) -> float | None:
        return None if self.began is None or self.timeout is None else self.began + self.timeout


class Pool(ABC):
    """So many workers. Start nothing in it that is still wanted when it is closed."""

    def __init__(self, workers: int, wake: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        """`wake` is called from any thread when `taken`, `waiting` or `seconds_left` have something new to say.

        `clock`: seconds in which a try is measured; one that leaves out when this process was stopped is best.
        Raises WrongUsage for less than one worker.
        """
        if workers < 1:
            raise WrongUsage(f"{workers} workers do nothing", hint="Give workers= 1 or more.")
        self._workers, self._wake, self._clock = workers, wake, clock
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        """Every ticket that was submitted and not taken."""
        self._queue: deque[Job] = deque()
        """Those that no worker has."""
        self._ended: list[Finished] = []
        self._closed = False

    def submit(self, ticket: int, call: Call, timeout: float | None = None) -> None:
        """Have it called, after those that were submitted before. `timeout`: seconds that each try may take."""
        self._enter(Job(ticket, call, timeout))

    def _enter(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.ticket] = job
            self._queue.append(job)
            self._staff()

    def taken(self) -> list[Finished]:
        """What has ended since the last time, in the order in which it ended. Ends what takes too long."""
        with self._lock:
            self._end_overdue()
            ended, self._ended = self._ended, []
            for each in ended:
                del self._jobs[each.ticket]
        return ended

    def _end_overdue(self) -> None:
        now = self._clock()
        overdue = [job for job in self._jobs.values() if job.deadline is not None and job.deadline <= now]
        for job in overdue:
            remark = self._leave(job)
            self._lose(job, TimeoutError(f"no result within {job.timeout:g} s; {remark}"))
        if overdue and self._queue:
            self._staff()

    @property
    def running(self) -> int:
        """Tickets that were submitted and not taken."""
        return len(self._jobs)

    def seconds_left(self) -> float | None:
        """Until a try may have taken too long: look with `taken` then. None = nothing can."""
        with self._lock:
            deadlines = [job.deadline for job in self._jobs.values() if job.deadline is not None]
            return max(0.0, min(deadlines) - self._clock()) if deadlines else None

    def waiting(self) -> tuple[str, float] | None:
        """Where every worker waits between two tries: the reason of the one that goes on first, and in how many
        seconds. None = work is being done."""
        with self._lock:
            waits = [job.waits for job in self._jobs.values() if job.waits is not None]
            busy = any(job.began is not None for job in self._jobs.values())
            if not waits or busy or (self._queue and len(waits) < self._workers):
                return None
            reason, until = min(waits, key=lambda wait: wait[1])
            return reason, max(0.0, until - self._clock())

    def who(self, ticket: int) -> int | None:
        """The kernel's number of the thread or process that works on it; None = nobody does. Any thread may ask."""
        job = self._jobs.get(ticket)
        return None if job is None else job.who

    def interrupt(self) -> None:
        """No further tries: what waits for one or has not begun is handed back now, what is tried goes on to the end
        of that try. What is submitted later is not concerned."""
        with self._lock:
            handed_back = list(self._queue)
            self._queue.clear()
            for job in handed_back:
                self._end(job, None)
            for job in self._jobs.values():
                if not job.over and not job.interrupted:
                    job.interrupted = True
                    self._call_back(job)
        # Not for nothing: whoever asks again at every round would go round without end.
        if handed_back:
            self._wake()

    def abandon(self) -> None:
        """Give up what is in flight, without waiting for it. What has ended can still be taken."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.over:
                    job.over = True
                    self._leave(job)
                    del self._jobs[job.ticket]
            self._queue.clear()

    def close(self) -> None:
        """Abandon, and let the workers go. Does not wait for them."""
        self.abandon()
        with self._lock:
            if not self._closed:
                self._closed = True
                self._dismiss()

    def _end(self, job: Job, attempted: Attempted | None) -> None:
        """Under the lock. Whoever calls this wakes the driver."""
        job.end_try(self._clock())
        job.waits, job.over = None, True
        self._ended.append(Finished(job.ticket, attempted, job.seconds))

    def _lose(self, job: Job, error: Exception) -> None:
        """Under the lock: its worker is gone. The ticket ends with that error, or is queued for another worker."""
        job.end_try(self._clock())
        outcome, again = judged(Attempted(None, error, job.tries), job.call.policy)
        if again and not job.interrupted:
            self._jobs[job.ticket] = job = job.again(outcome)
            self._queue.appendleft(job)
        else:
            self._end(job, None if again else outcome)

    @abstractmethod
    def _staff(self) -> None:
        """Under the lock: see to it that the queue has workers."""

    @abstractmethod
    def _leave(self, job: Job) -> str:
        """Under the lock: get rid of the worker that has this job, if one has. Says what that means, for an error."""

    @abstractmethod
    def _call_back(self, job: Job) -> None:
        """Under the lock: end its wait, if it waits."""

    @abstractmethod
    def _dismiss(self) -> None:
        """Under the lock: nothing comes any more."""


def perform(call: Call, sleep: Sleep, so_far: Attempted | None) -> Attempted | None:
    """In a worker: the call with its tries, or those that are left `so_far`. None = handed back. Raises nothing."""
    try:
        attempted = attempt(_contained, (call.fn, call.args, call.kwargs), {}, call.policy, sleep, so_far)
    except HandedBack:
        return None
    if attempted.error is not None:
        without_first_frame(attempted.error)
    return attempted


def _contained(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What would end a process ends a call here: `sys.exit()` in it is its error."""
    try:
        return fn(*args, **kwargs)
    except (Exception, HandedBack):
        raise
    except BaseException as left:
        from overnight.agents.orders import Stopped

        if isinstance(left, Stopped):
            raise HandedBack from left
        raise WorkerLost(f"left with {left!r}") from left
