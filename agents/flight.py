"""The items that are worked on beside each other: which may begin, which are in flight, which is given out next.

Decides; `parallel` acts.
"""

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import islice
from typing import Any, NamedTuple

from overnight.agents.hand import Hand
from overnight.agents.marks import NOWHERE
from overnight.agents.retrying import Attempted

AHEAD = 2
"""Of an ordered result, so many times the workers may be done before the next one in order is."""
FARTHEST = 50_000
"""Items that may begin behind one that is not over: each that is finished is remembered, in memory and in the head."""


class Step(Enum):
    """What the loop does next."""

    GIVE_OUT = "give out"
    """A result goes to the loop's body."""
    FAIL = "fail"
    """An item's error is kept, or ends the loop."""
    REST = "rest"
    """A pause or a stop is obeyed: nothing moves."""
    END = "end"
    WAIT = "wait"
    """Until something has landed or was heard."""


class Entry:
    """One item on its way."""

    __slots__ = ("alone", "begun", "hand", "item", "slot")

    def __init__(self, item: Any, hand: Hand, begun: float = 0.0, *, alone: bool = False) -> None:
        self.item = item
        self.hand = hand
        self.slot = NOWHERE
        """Its mark."""
        self.begun = begun
        """When it was taken in hand, on the monotonic clock without the pauses."""
        self.alone = alone
        """The process has died with it in hand: nothing else is in hand beside it."""

    def renew(self) -> Hand:
        """Nothing stays of what was written so far; whoever still writes it belongs to nothing."""
        before = self.hand
        self.hand = Hand(before.loop, before.position, before.key, before.identity)
        self.hand.waited = before.waited
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
        self._given_out: Entry | None = None
        self._alone: Entry | None = None

    def may_begin(self) -> bool:
        """Whether there is room for one more."""
        if len(self._in_flight) >= self._workers:
            return False
        if self._back:
            return True
        if self._alone is not None or len(self._in_flight) + len(self._landed) >= AHEAD * self._workers:
            return False
        return self._ordered or self._next_ticket - min(self._in_flight, default=self._next_ticket) < FARTHEST

    def begin(self, entry: Entry) -> int:
        """The ticket of one that begins. One that shall be alone begins when the flight is empty."""
        ticket = self._next_ticket
        self._next_ticket += 1
        self._in_flight[ticket] = entry
        if entry.alone:
            self._alone = entry
        return ticket

    def begin_again(self) -> tuple[int, Entry] | None:
        """One that was given back; None = there is none."""
        if not self._back:
            return None
        ticket, entry = self._back.popleft()
        self._in_flight[ticket] = entry
        return ticket, entry

    def land(self, ticket: int, attempted: Attempted | None, seconds: float) -> Entry:
        """Its call is over; None = it was interrupted and is to be done again."""
        entry = self._in_flight.pop(ticket)
        if attempted is None:
            self._back.append((ticket, entry))
        else:
            self._landed[ticket] = Landed(entry, attempted, seconds)
        return entry

    def next_step(self, *, resting: bool, ended: bool, stands: Callable[[Hand], bool]) -> Step:
        """`resting`: nothing shall begin. `ended`: nothing is left to begin. `stands`: whether an item stands still."""
        landed = self._landed.get(self._next_ticket_out())
        if landed is not None:
            return Step.GIVE_OUT if landed.attempted.error is None else Step.FAIL
        if ended and self.empty:
            return Step.END
        if resting and all(stands(entry.hand) for entry in self._in_flight.values()):
            return Step.REST
        return Step.WAIT

    def _next_ticket_out(self) -> int:
        return self._next_out if self._ordered else next(iter(self._landed), -1)

    def give_out(self) -> Landed:
        """The next one, after a step that says so. It is on its way until `let_go`."""
        landed = self._landed.pop(self._next_ticket_out())
        self._next_out += 1
        self._given_out = landed.entry
        return landed

    def let_go(self, entry: Entry) -> None:
        """It is settled."""
        self._given_out = None
        if self._alone is entry:
            self._alone = None

    @property
    def holds_results(self) -> bool:
        """Something has landed that is not given out."""
        return bool(self._landed)

    @property
    def empty(self) -> bool:
        """Nothing is in flight, landed or given back."""
        return not (self._in_flight or self._landed or self._back)

    @property
    def in_flight(self) -> Iterator[Entry]:
        """Those whose calls are under way."""
        yield from self._in_flight.values()

    def in_hand(self, most: int) -> list[tuple[int | None, Entry]]:
        """The oldest that somebody works on, in order, with their tickets; that of the loop's body has none.

        Any thread may ask: thousands of tasks cost no more than `most` of them.
        """
        # Each begins behind those that have begun before it. Numbers alone are taken at once, whatever the loop does.
        tickets = list(islice(self._in_flight, most))
        found: list[tuple[int | None, Entry]] = [
            (ticket, entry) for ticket in tickets if (entry := self._in_flight.get(ticket)) is not None
        ]
        if (given_out := self._given_out) is not None:
            found.append((None, given_out))
        return sorted(found, key=lambda each: each[1].begun)[:most]

    @property
    def on_their_way(self) -> Iterator[Entry]:
        """All that are not settled."""
        yield from self._in_flight.values()
        yield from (each.entry for each in self._landed.values())
        yield from (entry for _, entry in self._back)
        if self._given_out is not None:
            yield self._given_out
