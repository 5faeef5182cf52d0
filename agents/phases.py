"""Phases of a run: stages by name, one in another, whose progress rolls up into one fraction. No disk.

A phase of which its author says no share has the one of the time that it took in the last run of this name in this
folder.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from overnight.agents.hand import Hand
from overnight.state.errors import WrongUsage
from overnight.state.records import Phase
from overnight.state.standing import Loop

TOLERANCE = 0.001
"""By so much shares may add up to more than 1: thirds written as 0.334."""


class Part:
    """One loop, and how much of its work is done: by weight, else by items."""

    __slots__ = ("loop", "weight_done", "weight_resumed", "weight_total")

    def __init__(self, loop: Loop, weight_resumed: float, weight_total: float | None) -> None:
        self.loop = loop
        self.weight_total = weight_total
        """None = its items are counted."""
        self.weight_done = self.weight_resumed = weight_resumed

    @property
    def is_over(self) -> bool:
        """Each of its items is done: whatever they weighed."""
        return self.loop.total is not None and self.loop.done >= self.loop.total


class Done(NamedTuple):
    """How much is done, of `total`; None = that is not known yet. `resumed` of it was done before this start."""

    done: float
    resumed: float
    total: float | None

    @property
    def fraction(self) -> float:
        """0 to 1. Of an unknown length nothing is done."""
        return 0.0 if self.total is None else min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def resumed_fraction(self) -> float:
        return 0.0 if self.total is None else min(1.0, self.resumed / self.total) if self.total else 1.0


def done_of(parts: list[Part]) -> Done:
    """Of some loops together: by weight where each of them has one, else by items."""
    weights = [part.weight_total for part in parts if part.weight_total is not None]
    if parts and len(weights) == len(parts):
        done = sum(weight if part.is_over else part.weight_done for part, weight in zip(parts, weights, strict=True))
        return Done(done, sum(part.weight_resumed for part in parts), sum(weights))
    totals = [part.loop.total for part in parts if part.loop.total is not None]
    total = sum(totals) if parts and len(totals) == len(parts) else None
    return Done(sum(part.loop.done for part in parts), sum(part.loop.resumed for part in parts), total)


class Stage:
    """One phase: its own loops, and the phases inside of it."""

    def __init__(self, name: str, share: float | None) -> None:
        self.name = name
        """With the names of those around it: `index / parse`."""
        self.share = share
        """Of the work of the phase around it, 0 to 1, as its author says; None = unknown."""
        self.learned: float | None = None
        """The same, as the last run went."""
        self.seconds = 0.0
        """Active, in this start of the run."""
        self.over = False
        self.parts: list[Part] = []
        self.inner: list[Stage] = []
        self.steps_called = self.steps_remembered = 0

    def counts(self) -> Phase:
        """Finished and all items, those of inner phases included; None = a length is unknown."""
        parts = self.all_parts()
        totals = [part.loop.total for part in parts if part.loop.total is not None]
        known = len(totals) == len(parts) and (bool(parts) or self.over)
        return Phase(self.name, sum(part.loop.done for part in parts), sum(totals) if known else None)

    def all_parts(self) -> list[Part]:
        return [*self.parts, *(part for stage in self.inner for part in stage.all_parts())]

    @property
    def is_endless(self) -> bool:
        """Whether it is in a loop whose length nobody knows."""
        return not self.over and any(part.loop.total is None for part in self.all_parts())

    def done(self) -> Done | None:
        """In fractions of itself; None = a phase inside of it has no share."""
        done = self._done_inside() if self.inner else done_of(self.parts)
        if done is None or not self.over:
            return done and Done(done.fraction, done.resumed_fraction, 1.0)
        # Over: whatever share of it was never reached, nothing is left of it.
        if done.done:
            return Done(1.0, done.resumed / done.done, 1.0)
        return Done(1.0, 1.0 if self.steps_remembered and not self.steps_called else 0.0, 1.0)

    def _done_inside(self) -> Done | None:
        # Of what was said in part nobody knows what the rest is a share of.
        said = any(stage.share is not None for stage in self.inner)
        if not said and (self.parts or any(stage.is_endless for stage in self.inner)):
            # Nobody has asked for shares: they say nothing of a loop beside the phases, nor of one without a length.
            return None
        inside = [(stage.share if said else stage.learned, stage.done()) for stage in self.inner]
        parts = [(share, done) for share, done in inside if share is not None and done is not None]
        if len(parts) < len(inside):
            return None
        done = sum(share * each.fraction for share, each in parts)
        return Done(done, sum(share * each.resumed_fraction for share, each in parts), 1.0)


class Phases:
    """Those entered so far, in this start of the run."""

    def __init__(self, active: Callable[[], float] = lambda: 0.0) -> None:
        """`active`: seconds at work so far."""
        self._active = active
        self._learned: Mapping[str, float] = {}
        self._root = Stage("", 1.0)
        self._open = [self._root]
        self._in_items: dict[object, str] = {}
        """What items in hand are at, the newest last. Not listed: there may be millions of items."""
        self._broken_off: str | None = None
        """The innermost one that an error or a stop has left."""
        self._weight: tuple[float, float | None] = (0.0, None)
        self._newest: Part | None = None

    def expect(self, learned: Mapping[str, float]) -> None:
        """What `shares` said at the end of the last run of this name in this folder; before the first phase."""
        self._learned = learned

    def shares(self) -> Mapping[str, float]:
        """By full name: the part that each phase had of the time of those beside it."""
        return dict(self._shares_inside(self._root))

    def _shares_inside(self, stage: Stage) -> Iterator[tuple[str, float]]:
        whole = sum(inner.seconds for inner in stage.inner)
        for inner in stage.inner if whole > 0 and not stage.parts else ():
            yield inner.name, inner.seconds / whole
            yield from self._shares_inside(inner)

    @contextmanager
    def inside(self, name: str, share: float | None) -> Iterator[None]:
        """A phase of the run; the same name again in the same place is the same phase.

        Raises WrongUsage for a share that is none, or that together with its siblings' is more than all.
        """
        stage = self._stage(self._open[-1], name, share)
        stage.over, self._broken_off = False, None
        self._open.append(stage)
        began = self._active()
        try:
            yield
            stage.over = True
        except BaseException:
            if self._broken_off is None:
                self._broken_off = stage.name
            raise
        finally:
            stage.seconds += self._active() - began
            # Tasks may leave theirs in another order.
            self._open.remove(stage)

    def _stage(self, around: Stage, name: str, share: float | None) -> Stage:
        full = f"{around.name} / {name}" if around.name else name
        if share is not None and not 0 <= share <= 1:
            raise WrongUsage(f"phase {name!r}: share={share}", hint="A share is a part of the whole: 0 to 1.")
        stage = next((each for each in around.inner if each.name == full), None)
        taken = sum(each.share or 0.0 for each in around.inner if each is not stage)
        if share is not None and taken + share > 1 + TOLERANCE:
            raise WrongUsage(
                f"phase {name!r}: the shares add up to {taken + share:g}", hint="Give shares that add up to 1."
            )
        if stage is None:
            stage = Stage(full, share)
            stage.learned = self._learned.get(full)
            around.inner.append(stage)
        stage.share = share
        return stage

    @contextmanager
    def inside_item(self, hand: Hand, name: str) -> Iterator[None]:
        """What the item in hand is at: shown, not counted."""
        token, before = object(), hand.phase
        around = before or self._open[-1].name
        hand.phase = self._in_items[token] = f"{around} / {name}" if around else name
        try:
            yield
        finally:
            del self._in_items[token]
            hand.phase = before

    def weigh(self, resumed: float, total: float | None) -> None:
        """The loop that is entered next is of `total` weight, of which `resumed` was done before."""
        self._weight = (resumed, total)

    def enter(self, loop: Loop) -> None:
        """A loop of the innermost phase that is open."""
        self._newest = Part(loop, *self._weight)
        self._weight, self._broken_off = (0.0, None), None
        self._open[-1].parts.append(self._newest)

    def pass_over(self, weight: float) -> None:
        """So much more of the newest loop's weight was done before."""
        if self._newest is not None:
            self._newest.weight_resumed += weight

    def weighed(self, done: float) -> None:
        """So much of the newest loop's weight is done."""
        if self._newest is not None:
            self._newest.weight_done = done

    def step(self, *, remembered: bool) -> None:
        """A step of the innermost phase that is open: what is only remembered is no work."""
        stage = self._open[-1]
        stage.steps_remembered += remembered
        stage.steps_called += not remembered

    def current(self) -> str | None:
        """The innermost that is open; at the end of a run that failed, where that was."""
        in_items = list(self._in_items.values())
        return in_items[-1] if in_items else self._open[-1].name or self._broken_off

    def around_items(self) -> str:
        """The innermost that is open, whatever single items are at; "" = none is."""
        return self._open[-1].name

    def listed(self) -> tuple[Phase, ...]:
        """Each phase, in the order in which they were entered."""
        return tuple(stage.counts() for stage in self._stages(self._root))

    def _stages(self, stage: Stage) -> Iterator[Stage]:
        for inner in stage.inner:
            yield inner
            yield from self._stages(inner)

    @property
    def have_shares(self) -> bool:
        """Whether what is done is told in shares of the whole, not by weight."""
        return bool(self._root.inner) and self._root.done() is not None

    def done(self) -> Done | None:
        """Of the whole run: by the shares of its phases, else by weight; None = its items are counted."""
        if self._root.inner and (done := self._root.done()) is not None:
            return done
        parts = self._root.all_parts()
        return done_of(parts) if parts and all(part.weight_total is not None for part in parts) else None
