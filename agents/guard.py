"""Errors of single items: what is recorded of them, and the guard that lets a loop go on after one."""

import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

from overnight.state.records import ItemError

T = TypeVar("T")

LONGEST_TRACEBACK = 20_000
"""Characters; of a longer one the end is kept."""


class Guarded(Generic[T]):
    """An item whose errors do not end the loop: `with guarded as item: work(item)`."""

    __slots__ = ("_fail", "_item")

    def __init__(self, item: T, fail: Callable[[Exception], None]) -> None:
        self._item = item
        self._fail = fail

    def __enter__(self) -> T:
        return self._item

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._fail(error)
        return True


def item_error(
    item: str, error: BaseException, attempt: int, outcome: str, *, tries: int = 1, transient: bool = False
) -> ItemError:
    """The record of an error, with its traceback."""
    return ItemError(
        at=time.time(),
        attempt=attempt,
        item=item,
        type=type(error).__name__,
        message=str(error),
        traceback="".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:],
        transient=transient,
        tries=tries,
        outcome=outcome,
    )


def line_of(error: ItemError) -> str:
    """As progress.json lists it."""
    what = f"{error.type}: {error.message}" if error.message else error.type
    return f"{error.item}: {what}" if error.item else what
