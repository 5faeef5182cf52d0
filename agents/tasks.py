"""Calls of coroutine functions beside each other, each in a task of the running event loop: what `workers.Pool` is
for threads and processes.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from overnight.agents.clock import ActiveClock
from overnight.agents.orders import Stopped
from overnight.agents.retrying import Attempted, attempt_async, without_first_frame
from overnight.agents.workers.pool import Call, Finished, HandedBack, Job, WorkerLost

LOOK_AGAIN = 0.05
"""Seconds at least until it is looked again whether a try that was paused has taken too long."""


class Tasks:
    """Belongs to the event loop's thread."""

    def __init__(self, clock: ActiveClock, wake: Callable[[], None]) -> None:
        """`wake` is called when `taken` or `waiting` have something new to say."""
        self._clock, self._wake = clock, wake
        self._jobs: dict[asyncio.Task[Attempted | None], Job] = {}
        """Every call that was submitted and not taken."""
        self._over: list[asyncio.Task[Attempted | None]] = []
        self._called_back = asyncio.Event()

    def submit(self, ticket: int, call: Call, timeout: float | None = None) -> None:
        """Have it called. `timeout`: seconds that each try may take, pauses not counted."""
        job = Job(ticket, call, timeout)
        task = asyncio.create_task(self._perform(job))
        self._jobs[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Attempted | None]") -> None:
        if not task.cancelled():
            # Asked for, so that nobody complains that it was not, whether or not it is taken.
            task.exception()
        self._over.append(task)
        self._wake()

    def taken(self) -> list[Finished]:
        """What has ended since the last time, in the order in which it ended."""
        over, self._over = self._over, []
        return [self._finished(task, self._jobs.pop(task)) for task in over]

    def _finished(self, task: "asyncio.Task[Attempted | None]", job: Job) -> Finished:
        if not task.cancelled():
            return Finished(job.ticket, task.result(), job.seconds)
        # Not by us, who take nothing after that.
        lost = WorkerLost("its task was cancelled by something in it")
        return Finished(job.ticket, Attempted(None, lost, job.tries), job.seconds)

    def waiting(self) -> tuple[str, float] | None:
        """As `Pool.waiting`."""
        waits = [job.waits for job in self._jobs.values() if job.waits is not None]
        if not waits or len(waits) < len(self._jobs):
            return None
        reason, until = min(waits, key=lambda wait: wait[1])
        return reason, max(0.0, until - self._clock.awake())

    def seconds_left(self) -> float | None:
        """None: each try watches its own time."""
        return None

    def who(self, ticket: int) -> int | None:
        """None: all are in the thread of the loop."""
        return None

    def interrupt(self) -> None:
        """No further tries: what waits for one is handed back now, what is tried goes on to the end of that try. What
        is submitted later is not concerned.
        """
        for job in self._jobs.values():
            job.interrupted = True
        self._called_back.set()
        self._called_back = asyncio.Event()

    def close(self) -> None:
        """Cancel what is in flight, without waiting for it."""
        for task in self._jobs:
            task.cancel()

    async def gone(self) -> None:
        """After `close`: nothing is in flight when this returns."""
        if self._jobs:
            await asyncio.wait(self._jobs)

    async def _perform(self, job: Job) -> Attempted | None:
        """None = handed back."""
        try:
            attempted = await attempt_async(partial(self._try, job), (), {}, job.call.policy, partial(self._wait, job))
        except (HandedBack, Stopped):
            return None
        if attempted.error is not None:
            without_first_frame(attempted.error)
        return attempted

    async def _try(self, job: Job) -> Any:
        job.begin_try(self._clock.awake())
        try:
            async with _Limit(self._clock, job.timeout):
                return await job.call.fn(*job.call.args, **job.call.kwargs)
        except (SystemExit, KeyboardInterrupt) as left:
            # They would end the event loop.
            raise WorkerLost(f"left with {left!r}") from left
        finally:
            job.end_try(self._clock.awake())

    async def _wait(self, job: Job, seconds: float, reason: str) -> None:
        """Between two tries. Raises HandedBack."""
        job.begin_wait(self._clock.awake(), seconds, reason)
        called_back = self._called_back
        self._wake()
        if not job.interrupted:
            try:
                async with asyncio.timeout(seconds):
                    await called_back.wait()
            except TimeoutError:
                self._wake()
                return
        raise HandedBack


class _Limit:
    """At most so many seconds: what a pause takes is not the call's fault. None = no limit."""

    def __init__(self, clock: ActiveClock, seconds: float | None) -> None:
        self._clock, self._seconds = clock, seconds
        self._until = clock.awake() + (seconds or 0.0)
        self._timeout = asyncio.timeout(None)
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()
        if self._seconds is not None:
            self._look_in(self._seconds)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises TimeoutError when it was over."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as over:
            raise TimeoutError(f"no result within {self._seconds:g} s; its task was cancelled") from over

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        left = self._until - self._clock.awake()
        if left > 0:
            self._look_in(max(left, LOOK_AGAIN))
        else:
            self._timeout.reschedule(asyncio.get_running_loop().time())
