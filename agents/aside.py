"""Items that are worked on beside the loop, in threads and in tasks: where a pause and a stop reach them.

They stand still where their code says that they may. The loop rests when each item in flight does, or is done.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from overnight.agents.hand import Hand
from overnight.agents.orders import LOOK_AFTER, Orders, Stopped


class Aside:
    """Which items stand still, and which must not be interrupted."""

    def __init__(self, orders: Orders, pauses: Callable[[], bool]) -> None:
        """`pauses`: whether a pause is wanted, as far as the loop has looked."""
        self._orders, self._pauses = orders, pauses
        self._changed = threading.Condition()
        self._standing: set[Hand] = set()
        self._critical: Counter[Hand] = Counter()

    def stands(self, hand: Hand) -> bool:
        """Whether it stands still."""
        return hand in self._standing

    def is_critical(self, hand: Hand) -> bool:
        """Whether it must not be interrupted."""
        return hand in self._critical

    def tell(self) -> None:
        """What is asked has changed: whoever stands still or sleeps looks again."""
        with self._changed:
            self._changed.notify_all()
            awaited = bool(self._standing)
        if awaited:
            # For tasks, which wait where the loop does.
            self._orders.wake()

    def check(self, hand: Hand) -> None:
        """In a thread: stand still here during a pause. Raises Stopped at a stop, and where the item went back."""
        if self._goes_on(hand):
            return
        with self._still(hand), self._changed:
            while not self._goes_on(hand):
                self._changed.wait(LOOK_AFTER)

    async def check_async(self, hand: Hand) -> None:
        """`check` in a task, while other tasks go on."""
        if self._goes_on(hand):
            return
        with self._still(hand):
            while not self._goes_on(hand):
                await self._orders.poll_async(LOOK_AFTER)

    def sleep(self, hand: Hand, most: float) -> None:
        """In a thread, so many seconds at most: until something may have changed. Raises what `check` does."""
        with self._changed:
            if self._goes_on(hand):
                self._changed.wait(min(most, LOOK_AFTER))
        self.check(hand)

    async def sleep_async(self, hand: Hand, most: float) -> None:
        """`sleep` in a task, while other tasks go on."""
        await self._orders.poll_async(min(most, LOOK_AFTER))
        await self.check_async(hand)

    @contextmanager
    def _still(self, hand: Hand) -> Iterator[None]:
        with self._changed:
            self._standing.add(hand)
        # The loop may be waiting for just this.
        self._orders.wake()
        try:
            yield
        finally:
            with self._changed:
                self._standing.discard(hand)

    def _goes_on(self, hand: Hand) -> bool:
        """Raises Stopped."""
        if hand in self._critical:
            return True
        if self._orders.stopping or (hand.loop is None and not hand.of_source):
            raise Stopped
        return not self._pauses()

    @contextmanager
    def critical(self, hand: Hand) -> Iterator[None]:
        """Inside, neither a pause nor a stop reaches the item."""
        with self._changed:
            self._critical[hand] += 1
        try:
            yield
        finally:
            with self._changed:
                self._critical[hand] -= 1
                if not self._critical[hand]:
                    del self._critical[hand]
            # The loop may be waiting for just this.
            self._orders.wake()
