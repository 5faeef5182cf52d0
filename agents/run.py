"""Run: what an author's `main` is given. Loops whose items are committed, their outputs, counters and pause points.

The item is committed when the loop asks for the next one. `break`, an exception or a kill leaves the item in hand
uncommitted: nothing of it stays, and the next attempt does it again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar, overload

from overnight.agents.artifact import Artifact
from overnight.agents.guard import Guarded
from overnight.agents.work import Work
from overnight.state.records import Count

T = TypeVar("T")


class Run:
    """One attempt of a run, from inside. Made by `start`."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.directory = work.directory
        """The run's folder."""
        self.attempt = work.attempt
        """1, 2, …: which start of the run this is."""

    @overload
    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[False] = False,
    ) -> Iterator[T]: ...

    @overload
    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: Literal[True],
    ) -> Iterator[Guarded[T]]: ...

    def each(
        self,
        source: Iterable[T],
        *,
        key: Callable[[T], object] | None = None,
        total: int | None = None,
        weight: Callable[[T], float] | None = None,
        unit: str | None = None,
        guard: bool = False,
    ) -> Iterator[T] | Iterator[Guarded[T]]:
        """The items of `source` that are not finished yet. One is finished when the loop asks for the next.

        `key` gives an item's identity, `str(item)` by default: what is finished is known by it, never by its index.
        `total`: how many there are, where `source` cannot tell. `weight`: how much work an item is (bytes, say);
        progress and time left follow it where `source` is a list. `unit`: what the items are, for the screen.

        With `guard=True` each item comes in a `Guarded`, to be opened with `with`. An Exception inside is recorded in
        errors.jsonl, the item counts as finished and failed, nothing that it wrote or counted stays, and the loop
        goes on:

            for guarded in run.each(paths, guard=True):
                with guarded as path:
                    work(path)

        Loops stand one behind the other, in the same order at each start. Raises NotPossibleNow for one inside of
        another.
        """
        return self._work.items(source, _text_key(key), total, weight, unit, guard)

    def artifact(self, name: str) -> Artifact:
        """An output in the run's `artifacts/`: what is written to it is committed with the item in hand.

        `name` may hold folders. Raises WrongUsage for one that leads out of `artifacts/`.
        """
        return self._work.artifact(name)

    def count(self, **increments: Count) -> None:
        """Add to the run's counters, as part of the item in hand: `run.count(tokens=1200, usd=0.02)`."""
        self._work.count(increments)

    def check(self) -> None:
        """A point inside of a long item where a pause is obeyed, and where a stop leaves the item undone."""
        self._work.hold.check()

    def wait(self, seconds: float, reason: str | None = None) -> None:
        """Sleep, hearing pause and stop at once. With a reason a longer wait is announced: it is not a stall."""
        self._work.hold.wait(seconds, reason)


def _text_key(key: Callable[[T], object] | None) -> Callable[[T], str]:
    if key is None or key is str:
        return str
    given = key
    return lambda item: str(given(item))
