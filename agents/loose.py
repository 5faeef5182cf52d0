"""An asynchronous loop that is left at once when nobody goes on with it.

A `for` loop that is broken off closes its generator there and then. An `async for` only lets go of it, and asyncio
closes it some time later: a loop behind it would find itself inside of the one before.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import ExitStack
from typing import Generic, TypeVar

T = TypeVar("T")


class Loose(AsyncIterator[T], Generic[T]):
    """What `items` gives. `opened` is closed with it, or as soon as nothing refers to this any more."""

    def __init__(self, items: AsyncGenerator[T, None], opened: ExitStack) -> None:
        self._items, self._opened = items, opened

    def __anext__(self) -> Awaitable[T]:
        return self._items.__anext__()

    async def aclose(self) -> None:
        """Leave the loop, as `contextlib.aclosing` does."""
        await self._items.aclose()

    def __del__(self) -> None:
        self._opened.close()
