"""Trying one call again while its errors pass by themselves: for `run.retry`, and for each item of `run.map`.

tenacity goes round; what it asks (again? how long? is it over?) is answered here. It is imported at the first error
that is tried again, for an agent that never needs it must not pay for it.
"""

import os
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from overnight.agents.retry import FIRST_DELAY, delay_before
from overnight.agents.transient import is_transient, retry_after_of
from overnight.state.errors import WrongUsage

if TYPE_CHECKING:
    from tenacity import RetryCallState

LONGEST_DELAY = 60.0
"""Seconds before a late retry of one call at most. An item waits less patiently than a run."""
LONGEST_REASON = 200
"""Characters of an error in the reason of a wait."""

On = Callable[[Exception], bool] | type[Exception] | tuple[type[Exception], ...]
Sleep = Callable[[float, str], None]
"""Given seconds and the reason. May raise (Stopped, say) to end the wait and with it all further tries."""
AsyncSleep = Callable[[float, str], Awaitable[None]]


class Retry(NamedTuple):
    """How often a call is tried, and how long it rests in between."""

    tries: int = 3
    """In total, the first one included: 1 = no retry."""
    first: float = FIRST_DELAY
    longest: float = LONGEST_DELAY
    """Seconds: bounds of the delay before the first and before a late retry. A Retry-After goes beyond them."""
    on: On = is_transient
    """Which errors are tried again: a predicate, or types of exceptions."""


class Attempted(NamedTuple):
    """How a call ended."""

    result: Any
    error: Exception | None
    """None = `result` counts."""
    tries: int
    """That were begun."""


def policy_of(retry: int | Retry | None) -> Retry:
    """What an author asks for: a number of retries after the first try, a whole policy, or none.

    Raises WrongUsage for what cannot be meant.
    """
    if retry is None:
        return Retry(tries=1)
    policy = retry if isinstance(retry, Retry) else Retry(tries=_whole(retry, 0) + 1)
    _whole(policy.tries, 1)
    # Written so that a NaN is refused, too.
    if not (0 <= policy.first < float("inf") and 0 <= policy.longest < float("inf")):
        raise WrongUsage(f"the delays of {policy} cannot be waited for", hint="Give them in seconds, 0 or more.")
    if not _is_condition(policy.on):
        raise WrongUsage(
            f"{policy.on!r} does not say which errors are tried again",
            hint="Give on= a function of the error, an exception type or a tuple of them.",
        )
    return policy


def _whole(number: object, least: int) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise WrongUsage(
            f"{number!r} is no number of tries", hint="retry= takes 0 or more retries, Retry(tries=…) 1 or more tries."
        )
    return number


def _is_condition(on: object) -> bool:
    kinds = on if isinstance(on, tuple) else (on,)
    if all(isinstance(kind, type) for kind in kinds):
        return all(issubclass(kind, Exception) for kind in kinds)
    return not isinstance(on, tuple) and callable(on)


def judged(outcome: Attempted, policy: Retry) -> tuple[Attempted, bool]:
    """The outcome, and whether another try follows. An error of the author's predicate takes the place of its cause."""
    if outcome.error is None or outcome.tries >= policy.tries:
        return outcome, False
    if isinstance(policy.on, type | tuple):
        return outcome, isinstance(outcome.error, policy.on)
    try:
        return outcome, bool(policy.on(outcome.error))
    except Exception as bug:  # noqa: BLE001 - the author's code: its error becomes the outcome
        bug.__context__ = outcome.error
        return outcome._replace(error=bug), False


def attempt(
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    policy: Retry,
    sleep: Sleep,
    so_far: Attempted | None = None,
) -> Attempted:
    """Call `fn`, again while its error is one to be tried again. No Exception leaves this; a BaseException does.

    `so_far`: tries that were made elsewhere and failed; it goes on behind them, with a wait.
    """
    course = _Course(_tried(fn, args, kwargs, 1) if so_far is None else so_far, policy)
    if not course.again:
        return course.newest

    def next_try() -> Attempted:
        return course.known() or course.take(_tried(fn, args, kwargs, course.newest.tries + 1))

    from tenacity import Retrying

    return Retrying(sleep=lambda seconds: sleep(seconds, course.reason), wait=course.wait, retry=course.goes_on)(
        next_try
    )


async def attempt_async(
    afn: Callable[..., Awaitable[Any]],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    policy: Retry,
    sleep: AsyncSleep,
) -> Attempted:
    """`attempt` for a coroutine function. A cancellation passes through."""
    course = _Course(await _tried_async(afn, args, kwargs, 1), policy)
    if not course.again:
        return course.newest

    async def next_try() -> Attempted:
        return course.known() or course.take(await _tried_async(afn, args, kwargs, course.newest.tries + 1))

    from tenacity import AsyncRetrying

    return await AsyncRetrying(
        sleep=lambda seconds: sleep(seconds, course.reason), wait=course.wait, retry=course.goes_on
    )(next_try)


def _tried(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], number: int) -> Attempted:
    # The error is taken before tenacity sees it: its frames are nothing that an author wants to read in a traceback.
    try:
        return Attempted(fn(*args, **kwargs), None, number)
    except Exception as error:  # noqa: BLE001 - the author's code: its error is the outcome
        return Attempted(None, _from_its_own_frame(error), number)


async def _tried_async(
    afn: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: Mapping[str, Any], number: int
) -> Attempted:
    try:
        return Attempted(await afn(*args, **kwargs), None, number)
    except Exception as error:  # noqa: BLE001 - the author's code: its error is the outcome
        return Attempted(None, _from_its_own_frame(error), number)


def _from_its_own_frame(error: Exception) -> Exception:
    trace = error.__traceback__
    return error if trace is None or trace.tb_next is None else error.with_traceback(trace.tb_next)


class _Course:
    """One call on its way, as tenacity sees it."""

    def __init__(self, first: Attempted, policy: Retry) -> None:
        self._policy = policy
        self.reason = ""
        """Of the next wait."""
        self.take(first)
        self._known = self.newest.error is not None

    def take(self, outcome: Attempted) -> Attempted:
        self.newest, self.again = judged(outcome, self._policy)
        return self.newest

    def known(self) -> Attempted | None:
        """The first failure, once: it happened before tenacity was there."""
        known, self._known = self._known, False
        return self.newest if known else None

    def goes_on(self, state: "RetryCallState") -> bool:
        # What is no Exception (a stop, a cancellation) has failed in tenacity's eyes, and ends it.
        return state.outcome is not None and not state.outcome.failed and self.again

    def wait(self, state: "RetryCallState") -> float:
        error, retry = self.newest.error, self.newest.tries
        assert error is not None
        delay = delay_after(error, retry, self._policy, _chance(), time.time())
        self.reason = f"retry {retry} of {self._policy.tries - 1} in {_span(delay)}: {_line_of(error)}"
        return delay


def delay_after(error: Exception, retry: int, policy: Retry, chance: float, now: float) -> float:
    """Seconds before retry number `retry`: the backoff, but no less than the error asks for.

    What was asked for is spread over the first delay, or all who were refused at once came back at once.
    """
    backoff = delay_before(retry, chance, first=policy.first, longest=policy.longest)
    asked = retry_after_of(error, now)
    return backoff if asked is None else max(backoff, asked + delay_before(1, chance, first=policy.first))


def _chance() -> float:
    return int.from_bytes(os.urandom(4)) / 2**32


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 2 else f"{seconds:.1f} s"


def _line_of(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:LONGEST_REASON]
