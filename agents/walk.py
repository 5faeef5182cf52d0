"""One way through a source: what of it is left to do, how much work an item is, and when too much of it fails."""

from collections import Counter, deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence, Sized
from itertools import chain, islice
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from overnight.agents.lines import LineSource, Unreadable
from overnight.agents.report import Report
from overnight.agents.seen import Seen, check_all
from overnight.agents.source import Rest
from overnight.state.checkpoint import Checkpoint
from overnight.state.errors import OvernightError
from overnight.state.standing import Loop, key_of, versioned

T = TypeVar("T")
Order = Literal["source", "any"]

RECENT = 50
"""When most of so many newest items failed, something else is wrong than the items."""


FORGET_EVERY = 4096
"""Lines that are passed over by their keys, of which it is known where they lie."""


class TooManyErrors(OvernightError):
    """So many items failed that going on would only waste them."""


class Options(NamedTuple):
    """What an author says of a source."""

    key: Callable[[Any], object] | None = None
    version: Callable[[Any], object] | None = None
    total: int | None = None
    weight: Callable[[Any], float] | None = None
    unit: str | None = None
    guard: bool = False
    order: Order = "source"
    duplicates: bool = False
    max_errors: int | None = None


class Walk(Generic[T]):
    """Through one source, in one start of the run. Passes over what is finished; the caller does what is left."""

    def __init__(self, loop: Loop, source: Iterable[T] | AsyncIterable[T], options: Options) -> None:
        self.loop, self.options = loop, options
        self.position = 0
        """Behind the newest item that was given out or passed over."""
        self.lines = source if isinstance(source, LineSource) else None
        self.key = _key_of(source, options)
        self.identity = _identity_of(self.key, options)
        self.weighs = self.lines is not None or options.weight is not None
        """Whether items differ in how much work they are."""
        self._source = source
        self._list = source if isinstance(source, Sequence) else None
        self._items: Iterator[T] | AsyncIterator[T]
        self._rest: Rest[T]
        # Equal lines are usual in files; equal keys that an author chose are a mistake.
        self._unique = not (options.duplicates or (self.lines is not None and options.key is None))
        self._seen = Seen() if self._unique and self._list is None else None
        self.committed = 0
        """Items in this start. Counted by whoever commits them."""
        self._failed = 0
        self._failures: deque[int] = deque()
        """Which of them failed, as far as they are among the newest."""

    def begin(self, checkpoint: Checkpoint, report: Report) -> None:
        """Find out what is left. Raises DuplicateKey; OSError."""
        rest = self._start(checkpoint)
        items = self._open(rest)
        while rest.wanted:
            self._prove(rest, list(islice(items, rest.wanted)))
        self._items = items
        self._settle(checkpoint, report)

    async def begin_async(self, checkpoint: Checkpoint, report: Report) -> None:
        """`begin`, for a source that may be asynchronous."""
        if isinstance(self._source, Iterable):
            self.begin(checkpoint, report)
            return
        rest = self._start(checkpoint)
        items = aiter(self._source)
        while rest.wanted:
            self._prove(rest, [item async for item in _first(items, rest.wanted)])
        self._items = items
        self._settle(checkpoint, report)

    def _start(self, checkpoint: Checkpoint) -> Rest[T]:
        loop = self.loop
        # A list that is as long as it was is looked through only where it turns out to have changed.
        if not loop.done or loop.total != self._total():
            self._refuse_duplicates()
        by_identity = loop.reordered or self.options.order == "any"
        finished = self._finished_in(checkpoint) if by_identity else None
        self._rest = Rest(loop, self.identity, self.options.weight, finished)
        if self.options.order == "any":
            self._rest.prove_nothing()
        return self._rest

    def _total(self) -> int | None:
        given = self.options.total
        return len(self._source) if given is None and isinstance(self._source, Sized) else given

    def _refuse_duplicates(self) -> None:
        # The numbers of a range are known to differ, however many there are.
        differ = isinstance(self._list, range) and self.options.key is None
        if self._unique and self._list is not None and not differ:
            check_all(map(self.key, self._list))

    def _finished_in(self, checkpoint: Checkpoint, from_position: int = 0) -> Counter[str]:
        """What the log says of items that stand at `from_position` or behind it."""
        if self.options.version is None or not self._unique:
            return checkpoint.finished_keys(self.loop, from_position)
        return checkpoint.finished_versions(self.loop, from_position)

    def _open(self, rest: Rest[T]) -> Iterator[T]:
        if self.lines is None:
            return iter(self._source)  # type: ignore[arg-type]
        loop, cursor = self.loop, self.loop.cursor
        # What is to be done again, or counts by its identity, may stand before it.
        if cursor is None or rest.changed or loop.again or loop.reordered or not self.lines.holds(cursor):
            return self.lines.read_from(None)
        rest.start_at(cursor)
        return self.lines.read_from(cursor)

    def _prove(self, rest: Rest[T], items: list[T]) -> None:
        rest.prove(items)
        if self.lines is not None:
            self.lines.forget_below(rest.position)

    def _settle(self, checkpoint: Checkpoint, report: Report) -> None:
        loop, rest, before = self.loop, self._rest, self.loop.done
        finished = self._finished_in(checkpoint, rest.proven.length) if rest.needs_log else Counter()
        if rest.changed and (loop.chain.length or loop.above or finished):
            self._refuse_duplicates()
            checkpoint.reorder(loop)
        rest.settle(finished, versions=self.options.version is not None)
        loop.chain = rest.proven
        if self._list is not None:
            rest.survey(self._list)
        self.position = rest.position
        loop.done = loop.resumed = rest.passed_items
        loop.total = self._total()
        report.processed += loop.done - before
        report.resumed += loop.done - before
        self._weigh(report)
        self._say_what_changed(report)

    def _weigh(self, report: Report) -> None:
        weight = self.options.weight
        if self.lines is not None:
            report.weigh(self.lines.offset_at(self._rest.position), self.lines.size)
        elif weight is not None and isinstance(self._source, Sized) and isinstance(self._source, Iterable):
            report.weigh(self._rest.passed_weight, sum(map(weight, self._source)))
        else:
            report.weigh(self._rest.passed_weight, None)

    def todo(self, report: Report) -> Iterator[tuple[int, T, str]]:
        """Position, item and identity of each item that is to be done."""
        rest, identity_of, seen, plain = self._rest, self.identity, self._seen, self.options.version is None
        # There only come to be less of them.
        looks = rest.looks
        yield from rest.again
        for item in chain(rest.unread, self._items):  # type: ignore[arg-type]
            identity = identity_of(item)
            if looks and self._passed(rest, item, identity, report):
                continue
            if seen is not None:
                seen.check(identity if plain else key_of(identity))
            position = self.position
            self.position = position + 1
            yield position, item, identity
        self._end(report)

    async def todo_async(self, report: Report) -> AsyncIterator[tuple[int, T, str]]:
        """`todo`, for a source that may be asynchronous."""
        if isinstance(self._items, Iterator):
            for each in self.todo(report):
                yield each
            return
        rest, identity_of = self._rest, self.identity
        for each in rest.again:
            yield each
        async for item in _both(rest.unread, self._items):
            identity = identity_of(item)
            if not self._passed(rest, item, identity, report):
                yield self._next(item, identity)
        self._end(report)

    def _next(self, item: T, identity: str) -> tuple[int, T, str]:
        if self._seen is not None:
            self._seen.check(identity if self.options.version is None else key_of(identity))
        position = self.position
        self.position = position + 1
        return position, item, identity

    def _passed(self, rest: Rest[T], item: T, identity: str, report: Report) -> bool:
        """Whether it was finished before this start, as its identity says."""
        if not rest.looks or not rest.passes(item, identity):
            return False
        loop = self.loop
        loop.place(self.position, identity)
        if self.lines is not None:
            self._pass_line(self.lines, report)
        self.position += 1
        if not rest.surveyed:
            loop.done += 1
            loop.resumed += 1
            report.processed += 1
            report.resumed += 1
        return True

    def _pass_line(self, lines: LineSource[T], report: Report) -> None:
        report.pass_over(float(lines.width_at(self.position)))
        if not self.position % FORGET_EVERY:
            lines.forget_below(self.loop.chain.length)

    def _end(self, report: Report) -> None:
        """The source has ended."""
        self._rest.end()
        self.loop.total = self.position
        self._say_what_changed(report)

    def _say_what_changed(self, report: Report) -> None:
        if self.options.order == "source" or self._rest.new or self._rest.gone or self._rest.renewed:
            report.message = self._rest.changes() or report.message

    def weight_of(self, item: T, position: int) -> float:
        """Of the loop's work: bytes of a line, else what the author says."""
        if self.lines is not None:
            return float(self.lines.width_at(position))
        return self.options.weight(item) if self.options.weight else 0.0

    def mark_cursor(self) -> None:
        """Remember how far the source was read when all below the watermark was finished."""
        if self.lines is None:
            return
        watermark = self.loop.chain.length
        self.lines.forget_below(watermark)
        cursor = self.lines.cursor_at(watermark)
        if cursor is not None:
            self.loop.place_cursor(cursor)

    def note_failure(self) -> None:
        """The item that was committed last had failed. Raises TooManyErrors."""
        self._failed += 1
        self._failures.append(self.committed)
        while self._failures[0] <= self.committed - RECENT:
            self._failures.popleft()
        most = self.options.max_errors
        if most is not None and self._failed > most:
            raise TooManyErrors(
                f"{self._failed} items failed, more than max_errors={most}",
                hint="See `overnight errors`; `overnight retry --errors` does those again.",
            )
        failures = len(self._failures)
        if self.committed >= RECENT and failures * 2 > RECENT:
            raise TooManyErrors(
                f"{failures} of the last {RECENT} items failed: something else is wrong than the items",
                hint="See `overnight errors`; `overnight retry --errors` does those again.",
            )


def _key_of(source: object, options: Options) -> Callable[[Any], str]:
    given = options.key
    if given is None and isinstance(source, LineSource):
        return source.key_of
    if given is None or given is str:
        return str
    if isinstance(source, LineSource):
        return lambda item: source.key_of(item) if isinstance(item, Unreadable) else str(given(item))
    return lambda item: str(given(item))


def _identity_of(key: Callable[[Any], str], options: Options) -> Callable[[Any], str]:
    version = options.version
    if version is None:
        return key
    return lambda item: key(item) if isinstance(item, Unreadable) else versioned(key(item), str(version(item)))


async def _first(items: AsyncIterator[T], count: int) -> AsyncIterator[T]:
    while count:
        try:
            item = await anext(items)
        except StopAsyncIteration:
            return
        yield item
        count -= 1


async def _both(first: Sequence[T], then: AsyncIterator[T]) -> AsyncIterator[T]:
    for item in first:
        yield item
    async for item in then:
        yield item
