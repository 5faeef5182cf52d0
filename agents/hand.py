"""The items in hand: what is written, counted and failed for each, until it is committed or goes back."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from overnight.state.errors import NotPossibleNow
from overnight.state.records import Count, ItemError

if TYPE_CHECKING:
    from overnight.agents.artifact import Artifact
    from overnight.state.standing import Loop


class Hand:
    """One item on its way. Its writes wait here: nothing of it is in a file that another item may be cut from."""

    __slots__ = (
        "appended",
        "attended",
        "counters",
        "error",
        "identity",
        "key",
        "loop",
        "of_source",
        "phase",
        "position",
        "replaced",
        "steps",
        "tries",
        "waited",
    )

    def __init__(
        self, loop: "Loop | None", position: int = 0, key: str = "", identity: str = "", *, of_source: bool = False
    ) -> None:
        self.loop = loop
        """None = it went back: nothing may be added to it any more."""
        self.of_source = of_source
        """It is no item: what runs here looks for the next one."""
        self.position, self.key, self.identity = position, key, identity
        self.tries = 1
        self.appended: dict[Artifact, list[bytes]] = {}
        self.replaced: dict[Artifact, bytes] = {}
        self.counters: dict[str, Count] = {}
        self.error: ItemError | None = None
        self.phase: str | None = None
        """What it is at, in the author's words."""
        self.steps: tuple[str, dict[str, int]] = ("", {})
        """Of which item the steps are that were asked for; name -> what tells their arguments apart."""
        self.waited = 0.0
        """Seconds of announced waits beside the loop, in all tries: no work on the item."""
        self.attended = False
        """Its body runs in the loop, and no other item's does: what it writes need not wait in memory."""

    def forget(self) -> None:
        """Nothing of what was written and counted stays."""
        if self.appended:
            for artifact in self.appended:
                artifact.discard()
            self.appended = {}
        if self.replaced:
            self.replaced = {}
        if self.counters:
            self.counters = {}


class StepHand(Hand):
    """A step at work, in the item `around` it; None = in none. What it counts is kept with its result, and once."""

    __slots__ = ("around", "name")

    def __init__(self, name: str, around: Hand | None) -> None:
        super().__init__(None)
        self.name, self.around = name, around

    def give_back(self) -> None:
        """It ended without a result: what it counted belongs to the item, as if there were no step."""
        if self.around is not None:
            add_up(self.around.counters, self.counters)


def add_up(counters: dict[str, Count], increments: Mapping[str, Count]) -> None:
    for name, value in increments.items():
        counters[name] = counters.get(name, 0) + value


class Hands:
    """Which item belongs to the code that asks: that of its own thread or task, else that of the loop."""

    def __init__(self) -> None:
        self.attended: Hand | None = None
        """The item whose body the loop runs; None = none is in hand there."""
        self._own: ContextVar[Hand | None] = ContextVar("overnight_item", default=None)

    def here(self) -> Hand | None:
        own = self._own.get()
        if own is None:
            return self.attended
        return None if own.of_source else own

    def item(self) -> Hand | None:
        """The item itself, also for what one of its steps does."""
        return item_of(self.here())

    def beside(self) -> Hand | None:
        """What this very thread or task works on beside the loop; None = it does not."""
        hand = item_of(self._own.get())
        return None if hand is self.attended else hand

    def take_up(self, hand: Hand) -> None:
        """From now on, `hand` is what this thread or task works on beside the loop."""
        self._own.set(hand)

    def need_item(self, what: str) -> Hand:
        """Raises NotPossibleNow where `what` has no item that it belongs to."""
        hand = self.item()
        if hand is None or hand.loop is None:
            raise not_here(hand, what)
        return hand

    def need_counters(self) -> dict[str, Count]:
        """Where to count: it is committed with the item, or kept with the result of the step. Raises NotPossibleNow."""
        hand = self.here()
        if hand is None or (hand.loop is None and not isinstance(hand, StepHand)):
            raise not_here(hand, "run.count()")
        return hand.counters

    @contextmanager
    def at_work(self, hand: Hand) -> Iterator[None]:
        """In this thread or task, `hand` is the item."""
        token = self._own.set(hand)
        try:
            yield
        finally:
            self._own.reset(token)


def item_of(hand: Hand | None) -> Hand | None:
    """The item itself, where this is one of its steps."""
    while isinstance(hand, StepHand):
        hand = hand.around
    return hand


def not_here(hand: Hand | None, what: str) -> NotPossibleNow:
    """Why `what` cannot be done with this in hand."""
    if isinstance(hand, StepHand):
        return NotPossibleNow(
            f"{what} inside of step {hand.name!r}: where its result is remembered, that would be missing",
            hint="Return it from the step, and do this behind the step.",
        )
    if hand is not None:
        return NotPossibleNow(f"{what} for an item that went back: its try took too long, or its loop has ended")
    return NotPossibleNow(
        f"{what} outside of a loop over run.each(): there is no item to commit it with",
        hint="Do it inside of the loop; for a file that is written once, use artifact.replace().",
    )
