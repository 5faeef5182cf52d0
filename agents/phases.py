"""Phases of a run: stages by name, one in another, whose progress rolls up into one fraction. No disk, no clock."""

from collections.abc import Iterator
from contextlib import contextmanager

from overnight.state.errors import NotPossibleNow, WrongUsage
from overnight.state.records import Phase
from overnight.state.standing import Loop


class Stage:
    """One phase: its own loops, and the phases inside of it."""

    def __init__(self, name: str, share: float | None) -> None:
        self.name = name
        """With the names of those around it: `index / parse`."""
        self.share = share
        """Of the work of the phase around it, 0 to 1; None = unknown."""
        self.over = False
        self.loops: list[Loop] = []
        self.inner: list[Stage] = []

    def counts(self) -> Phase:
        """Finished and all items, those of inner phases included; None = a length is unknown."""
        loops = list(self._all_loops())
        totals = [loop.total for loop in loops]
        total = None if None in totals or not totals else sum(each for each in totals if each is not None)
        return Phase(self.name, sum(loop.done for loop in loops), total)

    def _all_loops(self) -> "Iterator[Loop]":
        yield from self.loops
        for stage in self.inner:
            yield from stage._all_loops()

    def fraction(self, *, resumed: bool = False) -> float | None:
        """How much of it is done, 0 to 1; None = that cannot be known. `resumed`: before this start."""
        if self.inner:
            parts = [stage._part(resumed) for stage in self.inner]
            return None if None in parts else min(1.0, sum(part for part in parts if part is not None))
        if self.over and not resumed:
            return 1.0
        counts = self.counts()
        if counts.total_items is None:
            return 0.0
        done = sum(loop.resumed for loop in self.loops) if resumed else counts.processed_items
        return done / counts.total_items if counts.total_items else 1.0

    def _part(self, resumed: bool) -> float | None:
        fraction = self.fraction(resumed=resumed)
        return None if self.share is None or fraction is None else self.share * fraction


class Phases:
    """Those entered so far, in this start of the run."""

    def __init__(self) -> None:
        self._root = Stage("", 1.0)
        self._open = [self._root]

    @contextmanager
    def inside(self, name: str, share: float | None) -> Iterator[None]:
        """Raises WrongUsage for a share that is none, or that together with its siblings' is more than all."""
        around = self._open[-1]
        if share is not None and not 0 <= share <= 1:
            raise WrongUsage(f"phase {name!r}: share={share}", hint="A share is a part of the whole: 0 to 1.")
        taken = sum(stage.share or 0.0 for stage in around.inner)
        if share is not None and taken + share > 1.001:
            raise WrongUsage(
                f"phase {name!r}: the shares add up to {taken + share:g}", hint="Give shares that add up to 1."
            )
        stage = Stage(f"{around.name} / {name}" if around.name else name, share)
        around.inner.append(stage)
        self._open.append(stage)
        try:
            yield
            stage.over = True
        finally:
            if self._open[-1] is not stage:
                raise NotPossibleNow(f"phase {name!r} was left before one inside of it")
            self._open.pop()

    def enter(self, loop: Loop) -> None:
        """A loop of the innermost phase that is open."""
        self._open[-1].loops.append(loop)

    def current(self) -> str | None:
        return self._open[-1].name or None

    def listed(self) -> tuple[Phase, ...]:
        """Each phase, in the order in which they were entered."""
        return tuple(stage.counts() for stage in self._stages(self._root))

    def _stages(self, stage: Stage) -> Iterator[Stage]:
        for inner in stage.inner:
            yield inner
            yield from self._stages(inner)

    def fraction(self, *, resumed: bool = False) -> float | None:
        """Of the whole run; None = there are no phases, or one has no share."""
        return self._root.fraction(resumed=resumed) if self._root.inner else None
