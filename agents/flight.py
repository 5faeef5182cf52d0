"""The items that are worked on beside each other: which may begin, which are in flight, which is given out next.

Decides; the drivers of `run.map` and `run.amap` act.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from overnight.agents.hand import Hand
from overnight.agents.retrying import Attempted

AHEAD = 2
"""Of an ordered result, so many times the workers may be done before the next one in order is."""


class Entry:
    """One item on its way."""

    __slots__ = ("alone", "hand", "item", "slot")

    def __init__(self, item: Any, hand: Hand, slot: int, *, alone: bool) -> None:
        self.item = item
        self.hand = hand
        self.slot = slot
        """Its mark."""
        self.alone = alone
        """The process has died with it in hand: nothing else is begun beside it."""

    def renew(self) -> Hand:
        """Nothing stays of what was written so far; whoever still writes it belongs to nothing."""
        before = self.hand
        self.hand = Hand(before.loop, before.position, before.key, before.identity)
        before.loop = None
        return self.hand


class Landed(NamedTuple):
    """An item whose call is over."""

    entry: Entry
    attempted: Attempted
    seconds: float


class Flight:
    """At most `workers` items at once; `ordered` = they are given out in the order of their tickets."""

    def __init__(self, workers: int, *, ordered: bool) -> None:
        self._workers, self._ordered = workers, ordered
        self._next_ticket, self._next_out = 0, 0
        self._in_flight: dict[int, Entry] = {}
        self._landed: dict[int, Landed] = {}
        self._back: deque[tuple[int, Entry]] = deque()
        """Begun and given back, to be begun again first."""
        self._alone = False

    def may_begin(self) -> bool:
        """Whether there is room for one more."""
        if self._alone or len(self._in_flight) >= self._workers:
            return False
        return len(self._in_flight) + len(self._landed) + len(self._back) < AHEAD * self._workers or bool(self._back)

    def may_begin_alone(self) -> bool:
        return not self._in_flight

    def begin(self, entry: Entry) -> int:
        """The ticket of one that begins."""
        ticket = self._next_ticket
        self._next_ticket += 1
        return self._put(ticket, entry)

    def begin_again(self) -> tuple[int, Entry] | None:
        """One that was given back; None = there is none."""
        if not self._back:
            return None
        ticket, entry = self._back.popleft()
        return self._put(ticket, entry), entry

    def _put(self, ticket: int, entry: Entry) -> int:
        self._in_flight[ticket] = entry
        self._alone = entry.alone
        return ticket

    def land(self, ticket: int, attempted: Attempted | None, seconds: float) -> None:
        """Its call is over; None = it was interrupted and is to be done again."""
        entry = self._in_flight.pop(ticket)
        self._alone = False
        if attempted is None:
            self._back.append((ticket, entry))
        else:
            self._landed[ticket] = Landed(entry, attempted, seconds)

    def next_out(self) -> Landed | None:
        """The next one to be given out, if it has landed."""
        ticket = self._next_out if self._ordered else next(iter(self._landed), -1)
        if ticket not in self._landed:
            return None
        self._next_out += 1
        return self._landed.pop(ticket)

    @property
    def up(self) -> int:
        """How many are in flight."""
        return len(self._in_flight)

    @property
    def empty(self) -> bool:
        """Nothing is in flight, landed or given back."""
        return not (self._in_flight or self._landed or self._back)

    def give_up(self, release: Callable[[Entry], None]) -> None:
        """The loop ends: everything on its way goes back."""
        for entry in (
            *self._in_flight.values(),
            *(each.entry for each in self._landed.values()),
            *(entry for _, entry in self._back),
        ):
            release(entry)
