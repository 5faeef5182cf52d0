"""What of a source is left to do: the finished items are passed over by position, else by their identities. Decides.

A source whose order is unchanged costs one pass over the identities that are finished, in constant memory: the
chained hash proves each of them. Where it has changed, the identities are read back from the log, and what changed
is counted. Reading the source is the caller's: plain loops and asynchronous ones share this.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar, cast

from overnight.state.chain import Chain
from overnight.state.standing import Cursor, Loop, key_of

T = TypeVar("T")


class Rest(Generic[T]):
    """Prove a source against a loop's watermark, then ask `passes` for each item behind `position`.

    While `wanted` is not 0, give `prove` so many more items of the source. Then `settle`.
    """

    def __init__(
        self,
        loop: Loop,
        identity: Callable[[T], str],
        weight: Callable[[T], float] | None,
        finished: Counter[str] | None = None,
    ) -> None:
        """`finished`: of a source that was in another order once, all identities that are finished, each as often as it
        was. None = positions tell.
        """
        self.changed = False
        """The finished items do not stand where they stood."""
        self.new, self.gone, self.renewed = 0, 0, 0
        """Items that are new, gone, or have another version; of a list all, of a stream more when it has ended."""
        self.passed_items, self.passed_weight = 0, 0.0
        """Of items finished before this start, as far as they were met."""
        self.position = 0
        """Of the first item that is not proven to be finished."""
        self.unread: list[T] = []
        """Items from `position` on that were taken for the proof."""
        self.again: list[tuple[int, T, str]] = []
        """Proven items that are to be done again, with their positions and identities."""
        self.surveyed = False
        """All of this is known beforehand: the source could be read twice."""
        self._identity, self._weight, self._loop = identity, weight, loop
        self._saved = loop.chain
        self._chain, self.proven = Chain(), Chain()
        self._above = max(loop.above) + 1 if loop.above else 0
        self._left = loop.again.copy()
        self._by_identity = finished is not None
        self._finished: Counter[str] = Counter() if finished is None else finished
        self._versions: dict[str, str] | None = None
        """Key -> identity of what is finished; None = items have no versions."""
        self._since_match = 0
        self._left_before = None if loop.total is None else loop.total - loop.done

    def start_at(self, cursor: Cursor) -> None:
        """The source begins at the cursor: what lies before it is what it was."""
        self._chain, self.proven = self._loop.cursor_chain.copy(), self._loop.cursor_chain.copy()
        self.position = self.passed_items = cursor.position

    def prove_nothing(self) -> None:
        """The source has another order each time."""
        self.changed = True

    @property
    def wanted(self) -> int:
        """How many items the proof needs next; 0 = it is over."""
        if self.changed:
            return 0
        proven, saved = self._chain.length, self._saved
        if proven < saved.length:
            return min(saved.spacing - proven % saved.spacing, saved.length - proven)
        return max(0, self._above - self.position - len(self.unread))

    def prove(self, items: list[T]) -> None:
        """As many items as `wanted` said; fewer = the source has ended."""
        if self._chain.length < self._saved.length:
            self._prove_watermark(items)
        else:
            self._prove_above(items)

    def _prove_watermark(self, items: list[T]) -> None:
        chain, saved = self._chain, self._saved
        self.unread += items
        chain.extend(self._identities_of(items))
        if not items or not chain.agrees_with(saved):
            self.changed = True
        elif chain.length == saved.length or not chain.length % saved.spacing:
            self._pass_proven()

    def _identities_of(self, items: list[T]) -> Sequence[str]:
        # Text that is its own key need not be asked, one by one, what it is: a third of the time.
        if self._identity is str and set(map(type, items)) == {str}:
            return cast(list[str], items)
        return list(map(self._identity, items))

    def _pass_proven(self) -> None:
        if self._left:
            self._find_again()
        for item in self.unread if self._finished else ():
            self._take(self._identity(item))
        self.passed_items += len(self.unread)
        if self._weight:
            self.passed_weight += sum(map(self._weight, self.unread))
        self.position = self._chain.length
        self.proven, self.unread = self._chain.copy(), []

    def _find_again(self) -> None:
        kept = []
        for position, item in enumerate(self.unread, self.position):
            identity = self._identity(item)
            if self._left[identity] > 0:
                self._left[identity] -= 1
                self.again.append((position, item, identity))
            else:
                kept.append(item)
        self.unread = kept

    def _prove_above(self, items: list[T]) -> None:
        """What is finished above the watermark must stand where it stood."""
        self.unread += items
        if items and self.wanted:
            return
        there = dict(enumerate(map(self._identity, self.unread), self.position))
        self.changed = any(there.get(at) != identity for at, identity in self._loop.above.items())
        self._above = 0

    @property
    def needs_log(self) -> bool:
        """After the proof: whether only the log can tell which items behind `position` are finished."""
        return self.changed and not self._by_identity

    def settle(self, finished: Counter[str], *, versions: bool) -> None:
        """After the proof. `finished`, where the log is needed: identities of what is finished behind `position`.

        `versions`: an identity holds one.
        """
        if self.needs_log:
            # The log counts one less of what was found before `position`.
            self._finished = finished + Counter(identity for _, _, identity in self.again)
        elif not self._by_identity:
            self._finished = Counter(self._loop.above.values()) - self._left
        if versions and self.changed:
            self._versions = {key_of(identity): identity for identity in self._finished}

    def survey(self, source: Sequence[T]) -> None:
        """Count what changed in a source that can be read twice."""
        finished, self._finished = self._finished, self._finished.copy()
        unfinished = 0 if self._finished else len(source) - self.position
        for item in islice(source, self.position, None) if self._finished else ():
            unfinished += not self.passes(item, self._identity(item))
        self._count_gone()
        if self._left_before is not None:
            known = unfinished + len(self.again) - self.new - self.renewed
            self.new += max(0, known - self._left_before)
            self.gone += max(0, self._left_before - known)
        self._finished = finished
        self.surveyed = True

    def passes(self, item: T, identity: str) -> bool:
        """Whether the item was finished before this start. Once for each item behind `position`, in order."""
        if not self._finished:
            return False
        passed = self._take(identity)
        if not self.surveyed:
            if passed:
                self._met(item)
            else:
                self._not_met(identity)
        return passed

    def _take(self, identity: str) -> bool:
        """An identity counts as often as it was finished: a source may hold an item twice."""
        count = self._finished.get(identity, 0)
        if count > 1:
            self._finished[identity] = count - 1
        elif count:
            del self._finished[identity]
        return count > 0

    def _met(self, item: T) -> None:
        # What is not finished but stands before something finished was not there before.
        self.new += self._since_match
        self._since_match = 0
        self.passed_items += 1
        if self._weight:
            self.passed_weight += self._weight(item)

    def _not_met(self, identity: str) -> None:
        before = self._versions.get(key_of(identity)) if self._versions is not None else None
        if before is not None and self._take(before):
            self.renewed += 1
        else:
            self._since_match += 1

    def end(self) -> None:
        """The source has ended: what was finished and did not come is gone."""
        if not self.surveyed:
            self._count_gone()

    def _count_gone(self) -> None:
        """What was gone before is no change."""
        gone, self._loop.gone = self._loop.gone, self._finished.total()
        self.gone = max(0, self._loop.gone - gone)

    @property
    def looks(self) -> bool:
        """Whether there may be finished items among those left."""
        return bool(self._finished)

    def changes(self) -> str | None:
        """What is known of the change, in words; None = there is none."""
        counted = ((self.new, "new"), (self.renewed, "changed"), (self.gone, "gone"))
        counts = [f"{count} {word}" for count, word in counted if count]
        if not counts and not self.changed:
            return None
        return f"the source changed: {', '.join(counts) or 'another order'}"
