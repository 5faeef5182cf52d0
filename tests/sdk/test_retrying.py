"""Tries of one call: how many, how long in between, what ends them; and that a stop ends a wait."""

import asyncio
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from overnight.agents.orders import Stopped
from overnight.agents.retrying import (
    LONGEST_DELAY,
    Attempted,
    Retry,
    attempt,
    attempt_async,
    delay_after,
    judged,
    policy_of,
)
from overnight.agents.transient import Transient
from overnight.state.errors import WrongUsage


class Calls:
    """A function that fails with each of these errors in turn and then gives its arguments."""

    def __init__(self, *errors: BaseException) -> None:
        self.left = list(errors)
        self.made = 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.made += 1
        if self.left:
            raise self.left.pop(0)
        return args, kwargs

    async def awaited(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0)
        return self(*args, **kwargs)


class Waits:
    """What was to be waited for. No time passes."""

    def __init__(self, ends: BaseException | None = None) -> None:
        self.seconds: list[float] = []
        self.reasons: list[str] = []
        self.ends = ends

    def __call__(self, seconds: float, reason: str) -> None:
        self.seconds.append(seconds)
        self.reasons.append(reason)
        if self.ends is not None:
            raise self.ends

    async def awaited(self, seconds: float, reason: str) -> None:
        await asyncio.sleep(0)
        self(seconds, reason)


Way = Callable[[Calls, Retry, Waits], Attempted]


def plainly(calls: Calls, policy: Retry, waits: Waits) -> Attempted:
    return attempt(calls, ("a",), {"b": 1}, policy, waits)


def awaited(calls: Calls, policy: Retry, waits: Waits) -> Attempted:
    return asyncio.run(attempt_async(calls.awaited, ("a",), {"b": 1}, policy, waits.awaited))


both = pytest.mark.parametrize("way", [plainly, awaited])


@both
def test_a_call_that_works_is_made_once(way: Way) -> None:
    waits = Waits()
    assert way(Calls(), Retry(), waits) == Attempted((("a",), {"b": 1}), None, 1)
    assert waits.seconds == []


@both
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_transient_errors_are_tried_again_and_the_tries_are_counted(way: Way, failures: int) -> None:
    calls, waits = Calls(*[ConnectionResetError("reset")] * failures), Waits()
    assert way(calls, policy_of(3), waits) == Attempted((("a",), {"b": 1}), None, failures + 1)
    assert (calls.made, len(waits.seconds)) == (failures + 1, failures)


@both
@pytest.mark.parametrize("tries", [1, 2, 5])
def test_the_last_error_stays_when_the_tries_are_used_up(way: Way, tries: int) -> None:
    errors = [TimeoutError(str(number)) for number in range(9)]
    calls, waits = Calls(*errors), Waits()
    assert way(calls, Retry(tries), waits) == Attempted(None, errors[tries - 1], tries)
    assert (calls.made, len(waits.seconds)) == (tries, tries - 1)


@both
def test_an_error_that_another_try_cannot_mend_ends_it_at_once(way: Way) -> None:
    calls, waits = Calls(ConnectionError("reset"), ValueError("a bug"), ConnectionError("reset")), Waits()
    ended = way(calls, Retry(tries=9), waits)
    assert (repr(ended.error), ended.tries, calls.made) == ("ValueError('a bug')", 2, 2)


@both
def test_a_stop_ends_the_wait_and_all_further_tries(way: Way) -> None:
    calls = Calls(TimeoutError(), TimeoutError())
    with pytest.raises(Stopped):
        way(calls, Retry(tries=9), Waits(ends=Stopped()))
    assert calls.made == 1


@both
@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("end", [Stopped(), KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
def test_what_is_no_exception_passes_through_and_is_not_tried_again(way: Way, at: int, end: BaseException) -> None:
    calls = Calls(*[TimeoutError()] * at, end)
    with pytest.raises(type(end)):
        way(calls, Retry(tries=9), Waits())
    assert calls.made == at + 1


@both
def test_the_author_says_which_errors_are_tried_again(way: Way) -> None:
    for on in (KeyError, (KeyError, OSError), lambda error: "k" in str(error)):
        assert way(Calls(KeyError("k")), Retry(on=on), Waits()).tries == 2
        assert way(Calls(ConnectionError()), Retry(on=KeyError), Waits()).tries == 1


@both
@pytest.mark.parametrize("at", [1, 2])
def test_an_error_of_the_authors_predicate_is_the_outcome_and_names_what_it_was_asked_about(way: Way, at: int) -> None:
    asked = []

    def broken(error: Exception) -> bool:
        asked.append(error)
        if len(asked) == at:
            raise ZeroDivisionError("a bug in on=")
        return True

    ended = way(Calls(ValueError("first"), ValueError("second")), Retry(tries=9, on=broken), Waits())
    assert (repr(ended.error), ended.tries) == ("ZeroDivisionError('a bug in on=')", at)
    assert ended.error is not None
    assert ended.error.__context__ is asked[-1]


@both
def test_a_traceback_shows_the_authors_code_and_nothing_of_how_it_is_called(way: Way) -> None:
    for tries in (1, 3):
        ended = way(Calls(*[TimeoutError("late")] * 3), Retry(tries), Waits())
        assert ended.error is not None
        files = {frame.filename for frame in traceback.extract_tb(ended.error.__traceback__)}
        assert files == {__file__}


@both
def test_a_call_that_does_not_fit_is_an_error_with_a_place(way: Way) -> None:
    def wants_nothing() -> None: ...

    async def wants_nothing_either() -> None: ...

    ended = attempt(wants_nothing, (1,), {}, Retry(), Waits())
    assert isinstance(ended.error, TypeError)
    assert ended.error.__traceback__ is not None
    assert isinstance(
        asyncio.run(attempt_async(wants_nothing_either, (1,), {}, Retry(), Waits().awaited)).error, TypeError
    )


@both
def test_a_wait_says_which_retry_follows_when_and_why(way: Way) -> None:
    waits = Waits()
    way(Calls(Transient("429 Too Many\nRequests", retry_after=8), TimeoutError()), Retry(3, first=0.001), waits)
    assert waits.reasons == ["retry 1 of 2 in 8 s: 429 Too Many Requests", "retry 2 of 2 in 0.0 s: TimeoutError"]


@both
def test_the_delays_grow_within_their_bounds(way: Way) -> None:
    waits = Waits()
    way(Calls(*[TimeoutError()] * 40), Retry(tries=41, first=2, longest=50), waits)
    assert all(0 <= seconds <= min(2 * 2**number, 50) for number, seconds in enumerate(waits.seconds))
    # Full jitter: forty of them are neither the same nor all below a second.
    assert len(set(waits.seconds)) > 30
    assert max(waits.seconds) > 10


@both
def test_a_server_that_names_its_time_is_not_asked_before(way: Way) -> None:
    waits = Waits()
    way(Calls(Transient(retry_after=300), Transient(retry_after=0)), Retry(first=1, longest=4), waits)
    assert 300 <= waits.seconds[0] <= 301
    assert waits.seconds[1] <= 4


def test_those_who_were_refused_at_once_do_not_come_back_at_once() -> None:
    error, policy = Transient(retry_after=60), Retry(first=1, longest=10)
    assert [delay_after(error, 1, policy, chance, now=0) for chance in (0, 0.5, 1)] == [60, 60.5, 61]
    # A backoff that is longer than what was asked for stays as it is.
    assert delay_after(Transient(retry_after=2), 9, policy, 1, now=0) == 10


def test_it_goes_on_behind_tries_that_were_made_elsewhere() -> None:
    calls, waits = Calls(ConnectionError("reset")), Waits()
    so_far = Attempted(None, TimeoutError("killed after 5 s"), 2)
    assert attempt(calls, (), {}, Retry(tries=5), waits, so_far) == Attempted(((), {}), None, 4)
    assert [reason[:12] for reason in waits.reasons] == ["retry 2 of 4", "retry 3 of 4"]
    assert waits.reasons[0].endswith("killed after 5 s")


@pytest.mark.parametrize(
    ("so_far", "policy"),
    [
        (Attempted(None, TimeoutError("late"), 3), Retry(tries=3)),
        (Attempted(None, ValueError("a bug"), 1), Retry(tries=3)),
        (Attempted("done", None, 1), Retry(tries=3)),
    ],
)
def test_what_was_decided_elsewhere_is_not_called_again(so_far: Attempted, policy: Retry) -> None:
    calls = Calls()
    assert judged(so_far, policy) == (so_far, False)
    assert attempt(calls, (), {}, policy, Waits(), so_far) == so_far
    assert calls.made == 0


async def cancelled_in(calls: Calls, sleep: Callable[[float, str], Awaitable[None]], when: asyncio.Event) -> Calls:
    task = asyncio.create_task(attempt_async(calls.awaited, (), {}, Retry(tries=9), sleep))
    await when.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return calls


def test_a_cancellation_ends_a_wait_of_coroutines() -> None:
    async def story() -> int:
        waiting = asyncio.Event()

        async def sleep(seconds: float, reason: str) -> None:
            waiting.set()
            await asyncio.Event().wait()

        return (await cancelled_in(Calls(TimeoutError()), sleep, waiting)).made

    assert asyncio.run(story()) == 1


def test_a_cancellation_ends_a_second_try_of_coroutines() -> None:
    class Hangs(Calls):
        async def awaited(self, *args: Any, **kwargs: Any) -> Any:
            self.made += 1
            if self.made == 1:
                raise TimeoutError
            calling.set()
            await asyncio.Event().wait()

    calling = asyncio.Event()
    assert asyncio.run(cancelled_in(Hangs(), Waits().awaited, calling)).made == 2


def test_many_coroutines_wait_beside_each_other() -> None:
    async def story() -> list[Attempted]:
        all_wait = asyncio.Barrier(20)

        async def sleep(seconds: float, reason: str) -> None:
            await all_wait.wait()

        calls = [Calls(TimeoutError(), TimeoutError()) for _ in range(20)]
        return await asyncio.gather(*(attempt_async(each.awaited, (), {}, Retry(3), sleep) for each in calls))

    assert [ended.tries for ended in asyncio.run(story())] == [3] * 20


def test_a_number_is_retries_after_the_first_try() -> None:
    assert policy_of(None).tries == 1
    assert policy_of(0).tries == 1
    assert policy_of(3) == Retry(tries=4, first=1.0, longest=LONGEST_DELAY)
    own = Retry(tries=1, first=0, longest=0, on=(KeyError,))
    assert policy_of(own) is own


@pytest.mark.parametrize(
    "nonsense",
    [
        -1,
        True,
        2.5,
        "3",
        Retry(tries=0),
        Retry(tries=1.5),  # type: ignore[arg-type]
        Retry(first=-1),
        Retry(longest=float("nan")),
        Retry(longest=float("inf")),
        Retry(on=3),  # type: ignore[arg-type]
        Retry(on=(KeyError, "ValueError")),  # type: ignore[arg-type]
        Retry(on=KeyboardInterrupt),  # type: ignore[arg-type]
    ],
    # Without addresses: workers must find the same names.
    ids=range(12),
)
def test_a_policy_that_cannot_be_meant_is_refused_with_what_to_do(nonsense: Any) -> None:
    with pytest.raises(WrongUsage) as refused:
        policy_of(nonsense)
    assert refused.value.hint


@pytest.mark.parametrize("body", ["attempt(len, ('ab',), {}, Retry(), None)", "attempt(len, (3,), {}, Retry(), None)"])
def test_an_agent_that_never_tries_again_does_not_pay_for_the_library(body: str) -> None:
    script = f"import sys\nfrom overnight.agents.retrying import *\n{body}\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert not {"tenacity", "asyncio", "random", "email.utils"} & set(loaded.split())
