"""Waiting in a test: for a condition, with a deadline, never for a span of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    predicate: Callable[[], T | None], timeout: float = 20.0, interval: float = 0.02, message: str = ""
) -> T:
    """The first truthy value of `predicate`; an AssertionError with the last one after `timeout` seconds.

    An AssertionError raised by the predicate counts as "not yet", so that it may make several assertions.
    """
    deadline = time.monotonic() + timeout
    while True:
        value: T | None = None
        complaint: AssertionError | None = None
        try:
            value = predicate()
        except AssertionError as error:
            complaint = error
        if value:
            return value
        if time.monotonic() >= deadline:
            seen = complaint if complaint is not None else repr(value)
            wanted = message or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"not within {timeout:g} s: {wanted}; last seen: {seen}") from complaint
        time.sleep(interval)
