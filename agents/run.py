"""Run: what an author's `main` is given. One vocabulary for plain code and, with an `a` in front, for asyncio.

The item is committed when the loop asks for the next one. `break`, an exception or a kill leaves the item in hand
uncommitted: nothing of it stays, and the next attempt does it again.
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, ParamSpec, TypeVar, overload

from overnight.agents.artifact import Artifact
from overnight.agents.budget import OnLimit, amount_of
from overnight.agents.gate import Gate
from overnight.agents.guard import Guarded
from overnight.agents.retrying import Retry, policy_of
from overnight.agents.walk import Options, Order
from overnight.agents.work import Work
from overnight.state.errors import WrongUsage
from overnight.state.kept import TIME
from overnight.state.records import Count

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class Run:
    """One attempt of a run, from inside. Made by `start`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.id = work.records.id
        """The run's id; the same in each attempt."""
        self.directory = work.records.path
        """The run's folder."""
        self.attempt = work.attempt
        """1, 2, …: which start of the run this is."""

    # ---- loops

    @overload
    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[False] = False,
        order: Order = "source",
        duplicates: bool = False,
        durable: bool = True,
        max_errors: int | None = None,
    ) -> Iterator[T]: ...

    @overload
    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[True],
        order: Order = "source",
        duplicates: bool = False,
        durable: bool = True,
        max_errors: int | None = None,
    ) -> Iterator[Guarded[T]]: ...

    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: bool = False,
        order: Order = "source",
        duplicates: bool = False,
        durable: bool = True,
        max_errors: int | None = None,
    ) -> Iterator[T] | Iterator[Guarded[T]]:
        """The items of `source` that are not finished yet. One is finished when the loop asks for the next.

        `source`: a list, any iterable, or `Lines` or `JsonLines` of a file. All but lists are read in constant memory.
        `key`: an item's identity, `str(item)` by default: what is finished is known by it, never by its index.
        `version`: what an item holds (a digest, a time of change): where that differs from what was finished, the item
        is done again. `total`: how many there are, where `source` cannot tell. `weight`: how much work an item is
        (bytes, say); progress and time left follow it where `source` is a list. `unit`: what the items are, for the
        screen. `order="any"`: the source comes in another order each time. `duplicates=True`: one key may come more
        than once. `durable=False`: progress, pause and stop only; nothing is committed, a next attempt begins anew.

        With `guard=True` each item comes in a `Guarded`, to be opened with `with`. An Exception inside is recorded in
        errors.jsonl, the item counts as finished and failed, nothing that it wrote or counted stays, and the loop
        goes on, unless more than `max_errors` failed, or most of the newest 50:

            for guarded in run.each(paths, guard=True):
                with guarded as path:
                    work(path)

        Loops stand one behind the other, in the same order at each start. Raises NotPossibleNow for one inside of
        another, DuplicateKey, TooManyErrors.
        """
        if not durable:
            if guard:
                raise WrongUsage("each(durable=False, guard=True)", hint="Item errors are kept by a durable loop only.")
            return self._work.loops.light(source, total, unit)
        return self._work.loops.each(
            source, Options(key, version, total, weight, unit, guard, order, duplicates, max_errors)
        )

    @overload
    def aeach(
        self,
        source: Iterable[T] | AsyncIterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[False] = False,
        order: Order = "source",
        duplicates: bool = False,
        max_errors: int | None = None,
    ) -> AsyncIterator[T]: ...

    @overload
    def aeach(
        self,
        source: Iterable[T] | AsyncIterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[True],
        order: Order = "source",
        duplicates: bool = False,
        max_errors: int | None = None,
    ) -> AsyncIterator[Guarded[T]]: ...

    def aeach(
        self,
        source: Iterable[T] | AsyncIterable[T],
        *,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: bool = False,
        order: Order = "source",
        duplicates: bool = False,
        max_errors: int | None = None,
    ) -> AsyncIterator[Any]:
        """`each` for `async for`; `source` may be asynchronous itself. A pause lets other tasks go on."""
        return self._work.loops.each_async(
            source, Options(key, version, total, weight, unit, guard, order, duplicates, max_errors)
        )

    # ---- calls beside each other

    def map(
        self,
        fn: Callable[[T], R],
        source: Iterable[T],
        *,
        workers: int = 4,
        processes: bool = False,
        retry: int | Retry = 0,
        timeout: float | None = None,
        order: Order = "source",
        guard: bool = True,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        duplicates: bool = False,
        max_errors: int | None = None,
    ) -> Iterator[tuple[T, R]]:
        """(item, result) of `fn(item)` for each item that is not finished yet, with `workers` of them at once.

            for path, text in run.map(fetch, paths, workers=8, retry=3, timeout=60):
                out.write(text)

        An item is committed when the loop asks for the next one. At most two items for each worker are on their way.
        At a pause those in flight are finished first, or stand still where `fn` calls `run.check()` or `run.sleep()`;
        at a stop they have some seconds, then they go back and are done by the next attempt.

        `workers` are threads, in which `fn` may write to artifacts and count; or processes with `processes=True`, for
        work of the processor: `fn`, items and results are pickled then. `retry`: how often transient errors are tried
        again, or a whole `Retry`; an earlier try's writes do not stay. `timeout`: seconds for each try; a process that
        takes longer is killed, a thread is left behind: nothing that it still writes stays. `order`: results come as
        the source has them, or as they are ready ("any"). `guard`: an item that fails is recorded in errors.jsonl and
        counts as finished and failed; False = its error ends the loop. The other words are those of `each`.
        """
        options = Options(key, version, total, weight, unit, guard, "source", duplicates, max_errors)
        how = self._work.how(workers, retry, timeout, order, processes=processes)
        return self._work.map(fn, source, options, how)

    def amap(
        self,
        afn: Callable[[T], Awaitable[R]],
        source: Iterable[T] | AsyncIterable[T],
        *,
        workers: int = 4,
        retry: int | Retry = 0,
        timeout: float | None = None,
        order: Order = "source",
        guard: bool = True,
        key: Callable[[T], object] | None = None,
        version: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        duplicates: bool = False,
        max_errors: int | None = None,
    ) -> AsyncIterator[tuple[T, R]]:
        """`map` for coroutine functions: `workers` tasks at once. One that takes too long is cancelled."""
        options = Options(key, version, total, weight, unit, guard, "source", duplicates, max_errors)
        how = self._work.how(workers, retry, timeout, order)
        return self._work.amap(afn, source, options, how)

    def retry(self, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`fn(*args, **kwargs)`, up to three times while its errors are transient; waits hear pause and stop at once.

        Transient: `Transient`, connection and time-out errors, HTTP 408, 425, 429 and 5xx of the usual libraries;
        Retry-After is honoured. Delays grow, with full jitter. For another policy: `run.retrying(Retry(tries=5))(fn)`.
        """
        result: R = self.retrying(Retry())(fn, *args, **kwargs)
        return result

    async def aretry(self, afn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """`retry` for a coroutine function."""
        result: R = await self.aretrying(Retry())(afn, *args, **kwargs)
        return result

    def retrying(self, policy: Retry) -> Callable[..., Any]:
        """`retry` by another policy: `run.retrying(Retry(tries=5, longest=300))(fetch, url)`."""
        return self._work.retrying(policy_of(policy))

    def aretrying(self, policy: Retry) -> Callable[..., Awaitable[Any]]:
        """`aretry` by another policy."""
        return self._work.retrying_async(policy_of(policy))

    def breaker(self, name: str, failures: int = 5, reset: float = 60.0) -> Gate:
        """`with run.breaker("api"):` or `async with`: holds back from something outside while it is down.

        After so many `failures` in a row (any Exception inside) nobody passes for `reset` seconds: whoever comes waits,
        announced, hearing pause and stop; then one tries. Its state survives a restart.
        """
        return self._work.gates.named(name, failures, reset)

    # ---- what belongs to the item in hand

    def artifact(self, name: str) -> Artifact:
        """An output in the run's `artifacts/`. `write` appends and `replace` replaces, with the item in hand.

        `name` may hold folders. Raises WrongUsage for one that leads out of `artifacts/`.
        """
        return self._work.commits.artifact(name)

    def count(self, **increments: Count) -> None:
        """Add to the run's counters, as part of the item in hand: `run.count(tokens=1200, usd=0.02)`.

        Inside of a step it is counted with the step's result: once, as that is remembered. Raises NotPossibleNow
        outside of both, WrongUsage for what is no finite number.
        """
        counters = self._work.commits.hands.need_counters()
        for name, value in increments.items():
            counters[name] = counters.get(name, 0) + amount_of(name, value)

    def step(self, name: str, fn: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """`fn(*args, **kwargs)`, once: a later attempt gets the result that is remembered, as JSON gives it back.

        Inside of an item it is a step of that item, until the item is committed; elsewhere one of the run. It is known
        by its name. A kill while `fn` works lets it work again. Raises what `fn` raises, and nothing is remembered
        then; WrongUsage for a result that JSON cannot hold, and for two calls with one name.
        """
        result: R = self._work.steps.do(name, fn, args, kwargs)
        return result

    async def astep(self, name: str, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """`step` for a coroutine function."""
        result: R = await self._work.steps.do_async(name, fn, args, kwargs)
        return result

    def idempotency_key(self, item: object = None) -> str:
        """The same for the same item in each attempt of this run, and for no other: 32 hex digits.

        For services that drop what they have had before. None = the item in hand, of this loop and no other; where
        one item makes several calls, name each: `run.idempotency_key(f"{order} refund")`. Raises NotPossibleNow for
        None without an item.
        """
        return self._work.idempotency_key(item)

    def expect(self, *, minutes: float = 0.0, seconds: float = 0.0) -> None:
        """The item in hand may take so long: until then its silence is no stall, and the time left knows of it."""
        expected = 60.0 * minutes + seconds
        if not 0 < expected < float("inf"):
            raise WrongUsage(
                f"expect(minutes={minutes}, seconds={seconds})", hint="Say how long, in minutes or seconds."
            )
        self._work.expect(expected)

    # ---- points where a pause and a stop are obeyed

    def check(self) -> None:
        """A point inside of a long item where a pause is obeyed, and where a stop leaves the item undone.

        In a call of `map` that call stands still here; the run is paused when the others do, too, or are done.
        """
        self._work.hold.check()

    async def acheck(self) -> None:
        """`check`, while other tasks go on."""
        await self._work.hold.check_async()

    def sleep(self, seconds: float, reason: str | None = None) -> None:
        """Sleep, hearing pause and stop at once. With a reason a longer one is announced: neither a stall nor work."""
        self._work.hold.wait(seconds, reason)

    async def asleep(self, seconds: float, reason: str | None = None) -> None:
        """`sleep`, while other tasks go on."""
        await self._work.hold.wait_async(seconds, reason)

    def critical(self) -> AbstractContextManager[None]:
        """`with run.critical():` no pause and no stop inside, nor does a second stop signal end it. SIGKILL does."""
        return self._work.hold.critical()

    # ---- about the whole run

    def phase(self, name: str, share: float | None = None) -> AbstractContextManager[None]:
        """`with run.phase("index", share=0.3):` the loops inside are this phase's; phases may stand in phases.

        Where each phase has a `share` of the one around it (0 to 1), progress and time left follow them; where
        none has, each has the share of the time that it took in the last complete run of this name in this folder.
        Inside of an item it only says what the item is at. Raises WrongUsage for shares that cannot be.
        """
        return self._work.phase(name, share)

    def budget(
        self,
        *,
        time: float | None = None,
        on: OnLimit = "pause",
        **counters: float | None,
    ) -> None:
        """What the run may use: `run.budget(usd=5, tokens=2e6, time=3600)`. Counters as `count` adds them up, over all
        attempts; `time` in active seconds, without pauses and announced waits.

        When a limit is reached, the item edge is the end: `on="pause"` pauses until somebody resumes, which grants
        the same again; `on="fail"` raises BudgetExceeded.
        """
        self._work.budget.set({TIME: time, **counters}, on)

    def log(self, text: str) -> None:
        """Say what it does: a line of the log with the time and the item in hand, and the run's message."""
        self._work.log(text)
