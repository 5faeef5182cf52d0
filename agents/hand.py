"""The items in hand: what is written, counted and failed for each, until it is committed or goes back."""

from collections.abc import Iterator
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
        "position",
        "replaced",
        "tries",
    )

    def __init__(self, loop: "Loop | None", position: int = 0, key: str = "", identity: str = "") -> None:
        self.loop = loop
        """None = it went back: nothing may be added to it any more."""
        self.position, self.key, self.identity = position, key, identity
        self.tries = 1
        self.appended: dict[Artifact, list[bytes]] = {}
        self.replaced: dict[Artifact, bytes] = {}
        self.counters: dict[str, Count] = {}
        self.error: ItemError | None = None
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


class Hands:
    """Which item belongs to the code that asks: that of its own thread or task, else that of the loop."""

    def __init__(self) -> None:
        self.attended: Hand | None = None
        """The item whose body the loop runs; None = none is in hand there."""
        self._own: ContextVar[Hand | None] = ContextVar("overnight_item", default=None)

    def here(self) -> Hand | None:
        return self._own.get() or self.attended

    def need(self, what: str) -> Hand:
        """Raise NotPossibleNow when there is no item that `what` could be committed with."""
        hand = self._own.get() or self.attended
        if hand is None or hand.loop is None:
            raise NotPossibleNow(
                f"{what} outside of a loop over run.each(): there is no item to commit it with",
                hint="Do it inside of the loop; for a file that is written once, use artifact.replace().",
            )
        return hand

    @contextmanager
    def at_work(self, hand: Hand) -> Iterator[None]:
        """In this thread or task, `hand` is the item."""
        token = self._own.set(hand)
        try:
            yield
        finally:
            self._own.reset(token)
