"""What is left of a source, one item at a time, for a loop that asks ahead and may put one back.

An error of the source comes when what was taken before it is done: `error` keeps it until then.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from overnight.agents.hand import Hand, Hands

if TYPE_CHECKING:
    import asyncio


class Next(NamedTuple):
    """An item, as `Walk.todo` gives it."""

    position: int
    item: Any
    identity: str


Found = tuple[int, Any, str] | None


class Todo(ABC):
    """Asked for the next item whenever there is room for one."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        """Why the source ended where it did; None = that was its end."""
        self._back: Next | None = None
        self._exhausted = False

    def next(self) -> Next | None:
        """None = there is none, or none yet."""
        back, self._back = self._back, None
        return back or (None if self._exhausted else self._fetched())

    @abstractmethod
    def _fetched(self) -> Next | None:
        """`next`, from the source."""

    def _taken(self, take: Callable[[], Found]) -> Next | None:
        try:
            found = take()
        except Exception as error:  # noqa: BLE001 - the author's code: raised again when the rest is done
            found, self.error = None, error
        self._exhausted = found is None
        return None if found is None else Next(*found)

    def put_back(self, each: Next) -> None:
        """It cannot begin yet."""
        self._back = each

    @abstractmethod
    def close(self) -> None:
        """Nothing more is asked for."""

    @abstractmethod
    async def gone(self) -> None:
        """After `close`: the source has heard of it when this returns."""

    @property
    def ended(self) -> bool:
        """Nothing is left."""
        return self._exhausted and self._back is None


class PlainTodo(Todo):
    """Of a source that is iterated here."""

    def __init__(self, items: Iterator[tuple[int, Any, str]]) -> None:
        super().__init__()
        self._items = items

    def _fetched(self) -> Next | None:
        return self._taken(lambda: next(self._items, None))

    def close(self) -> None:
        pass

    async def gone(self) -> None:
        pass


class AsyncTodo(Todo):
    """Of a source that is asynchronous: the next item is fetched ahead, in a task."""

    def __init__(self, items: AsyncIterator[tuple[int, Any, str]], hands: Hands, arrived: Callable[[], None]) -> None:
        """`arrived` is called when `next` has something new to say."""
        super().__init__()
        self._items, self._hands, self._arrived = items, hands, arrived
        self._fetching: asyncio.Task[Found] | None = None
        """The next item is on its way; None = nobody has asked for it."""

    def _fetched(self) -> Next | None:
        import asyncio

        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(lambda _: self._arrived())
        if not self._fetching.done():
            return None
        fetched, self._fetching = self._fetching, None
        return self._taken(fetched.result)

    async def _fetch(self) -> Found:
        # Where it says that it may stand still, it does so by itself: the loop has items in flight meanwhile.
        self._hands.take_up(Hand(None, of_source=True))
        return await anext(self._items, None)

    def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()

    async def gone(self) -> None:
        import asyncio

        if self._fetching is not None:
            await asyncio.wait({self._fetching})
            if not self._fetching.cancelled():
                # Whatever it says to that: nobody asks any more.
                self._fetching.exception()
        if isinstance(self._items, AsyncGenerator):
            await self._items.aclose()
