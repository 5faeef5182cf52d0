"""What of a source is left to do: the finished items are passed over by position, else by their keys.

A source whose order is unchanged costs one pass over the keys that are finished, in constant memory: the chained
hash proves each of them. Where it has changed, the keys are read back from the log, and what changed is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain as chained
from itertools import islice
from typing import Generic, TypeVar

from overnight.state.chain import BLOCK, Chain
from overnight.state.checkpoint import Checkpoint, Loop

T = TypeVar("T")


class Rest(Generic[T]):
    """The items of a source behind those that are proven to be finished, and the keys of other finished ones.

    `items` begins at `position`. Ask `passes` for the key of each: a finished one is to be passed over.
    """

    def __init__(
        self,
        source: Iterable[T],
        key: Callable[[T], str],
        weight: Callable[[T], float] | None,
        checkpoint: Checkpoint,
        loop: Loop,
    ) -> None:
        self.changed = False
        """The finished items do not stand where they stood."""
        self.new, self.gone = 0, 0
        """What is known of the change so far: of a list all, of an iterator more when it has ended."""
        self.passed_items, self.passed_weight = 0, 0.0
        """Of items finished before this start, as far as they were met."""
        self._key, self._weight, self._loop = key, weight, loop
        self._since_match = 0
        self.surveyed = False
        """All of this is known beforehand: the source could be read twice."""
        self._finished = checkpoint.finished_keys(loop, 0, loop.since) if loop.since else Counter[str]()
        left_before = None if loop.total is None else loop.total - loop.done
        items = iter(source)
        proven, unread = self._prove(items, loop.chain)
        if not self.changed:
            unread = self._check_above(items, proven.length, loop.above)
        self.position = proven.length
        self.items: Iterator[T] = chained(unread, items)
        if self.changed:
            self._finished += checkpoint.finished_keys(loop, loop.since, checkpoint.state.offset, proven.length)
            checkpoint.reorder(loop)
        else:
            self._finished += Counter(loop.above.values())
        loop.chain = proven
        if isinstance(source, Sequence):
            self._survey(source, left_before)

    def _prove(self, items: Iterator[T], saved: Chain) -> tuple[Chain, list[T]]:
        """The longest proven beginning, and the items that were taken behind it."""
        chain, proven = Chain(), Chain()
        unread: list[T] = []
        while chain.length < saved.length:
            chunk = list(islice(items, min(BLOCK, saved.length - chain.length)))
            unread += chunk
            chain.extend(list(map(self._key, chunk)))
            if not chunk or not chain.agrees_with(saved):
                self.changed = True
                break
            if chain.length == saved.length or not chain.length % saved.spacing:
                self._pass_all(unread)
                proven, unread = chain.copy(), []
        return proven, unread

    def _check_above(self, items: Iterator[T], position: int, above: Mapping[int, str]) -> list[T]:
        """Whether what is finished above the watermark stands where it stood; the items taken to see that."""
        taken: list[T] = []
        if above:
            taken = list(islice(items, max(above) + 1 - position))
            keys = dict(enumerate(map(self._key, taken), position))
            self.changed = any(keys.get(at) != key for at, key in above.items())
        return taken

    def _pass_all(self, items: list[T]) -> None:
        self.passed_items += len(items)
        if self._weight:
            self.passed_weight += sum(map(self._weight, items))
        if self._finished:
            for item in items:
                self._take(self._key(item))

    def _take(self, key: str) -> bool:
        """A key counts as often as it was finished: a source may hold an item twice."""
        count = self._finished.get(key, 0)
        if count > 1:
            self._finished[key] = count - 1
        elif count:
            del self._finished[key]
        return count > 0

    def _survey(self, source: Sequence[T], left_before: int | None) -> None:
        """Count what changed in a source that can be read twice."""
        finished, self._finished = self._finished, self._finished.copy()
        unfinished = 0 if self._finished else len(source) - self.position
        for item in islice(source, self.position, None) if self._finished else ():
            if self.passes(item, self._key(item)):
                continue
            unfinished += 1
        self.gone = self._finished.total()
        if left_before is not None:
            known = unfinished - self.new
            self.new += max(0, known - left_before)
            self.gone += max(0, left_before - known)
        self._finished = finished
        self.surveyed = True

    def passes(self, item: T, key: str) -> bool:
        """Whether the item was finished before this start. Once for each item behind `position`, in order."""
        if not self._finished:
            return False
        if not self._take(key):
            self._since_match += 1
            return False
        if not self.surveyed:
            self._met(item)
        return True

    def _met(self, item: T) -> None:
        # What is not finished but stands before something finished was not there before.
        self.new += self._since_match
        self._since_match = 0
        self.passed_items += 1
        if self._weight:
            self.passed_weight += self._weight(item)

    def end(self) -> None:
        """The source has ended: what was finished and did not come is gone."""
        if not self.surveyed:
            self.gone = self._finished.total()

    @property
    def by_key(self) -> bool:
        """Whether there may be finished items among those left."""
        return bool(self._finished)
