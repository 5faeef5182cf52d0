"""Where a run stands: what a beginning of the checkpoint log says, line by line, and as the head keeps it. Pure.

An item is finished under its identity: its key, and its version where it has one. A loop's finished items are a
watermark (the chained hash of all identities below it) and those finished above it, less those that are to be done
again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from overnight.state import codec
from overnight.state.chain import Chain, chain_of
from overnight.state.records import Count

DOES_NOT_FIT = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What taking JSON apart raises that is not of the form that was expected."""
VERSION_MARK = "\x1f"
"""Stands between key and version in an identity, and in no version."""
ESCAPED = "\\x1f"
MOST_LOOPS, MOST_ITEMS = 1 << 20, 1 << 48
"""Of a run, and of a loop. A line that names one beyond is not ours."""
NOTHING: Mapping[str, Any] = {}


def identity_of(line: Mapping[str, Any]) -> str:
    """The identity of the item that a line finished."""
    key, version = str(line["k"]), line.get("v")
    return key if version is None else versioned(key, str(version))


def versioned(key: str, version: str) -> str:
    """The identity of an item that has a version."""
    # The last mark divides: a key may hold any character.
    return f"{key}{VERSION_MARK}{version.replace(VERSION_MARK, ESCAPED)}"


def key_of(identity: str) -> str:
    """The key of an item that has a version, as its identity says."""
    key, mark, version = identity.rpartition(VERSION_MARK)
    return key if mark else version


def place_of(line: Mapping[str, Any]) -> tuple[int, int]:
    """The loop that a line is about, and a position in its source."""
    return int(line.get("l", 0)), int(line.get("i", 0))


def scope_of(loop: int, identity: str) -> str:
    """Names an item of a run: to keep what belongs to it until it is finished."""
    return f"{loop}:{identity}"


class Cursor(NamedTuple):
    """How far a source that can be read from the middle had been read at a watermark."""

    position: int
    offset: int
    """Bytes of the source before that position."""
    line: int
    """Lines of the source before that position: an empty one may be no item."""
    fingerprint: str
    """Of the bytes before `offset`: whether this is still the same source."""


class Loop:
    """What is finished of one source. The first loop of a run is number 0, the next one 1."""

    __slots__ = (
        "above",
        "again",
        "chain",
        "cursor",
        "cursor_chain",
        "done",
        "gone",
        "index",
        "reordered",
        "resumed",
        "total",
    )

    def __init__(self, index: int) -> None:
        self.index = index
        self.chain = Chain()
        """The watermark: its identities, in this order, are finished."""
        self.above: dict[int, str] = {}
        """Position -> identity of what is finished above the watermark."""
        self.again: Counter[str] = Counter()
        """Identities of finished items that are to be done again, wherever they stand."""
        self.reordered = False
        """The order was another once: what was finished then counts by its identity alone."""
        self.total: int | None = None
        self.done = 0
        """Finished items of the source as it was last seen."""
        self.resumed = 0
        """So many of them were finished before this start."""
        self.gone = 0
        """Finished items that were missing in the source when it had been read to its end."""
        self.cursor: Cursor | None = None
        self.cursor_chain = Chain()
        """The watermark that `cursor` belongs to: the present one, or one before."""

    def finish(self, position: int, identity: str) -> None:
        """The item is finished."""
        if position == self.chain.length and not self.above:
            # In the order of the source, as nearly always.
            self.chain.add(identity)
        else:
            self.place(position, identity)
        self.done += 1
        if self.again and identity in self.again:
            self.again[identity] -= 1
            if not self.again[identity]:
                del self.again[identity]

    def place(self, position: int, identity: str) -> None:
        """A finished item stands there."""
        chain = self.chain
        if position == chain.length:
            chain.add(identity)
            while self.above and chain.length in self.above:
                chain.add(self.above.pop(chain.length))
        elif position > chain.length:
            self.above[position] = identity

    def undo(self, identities: Iterable[str]) -> None:
        """These finished items are to be done again."""
        for identity in identities:
            # Of a version it is enough once: it may have failed, been followed by another one, and failed again.
            self.again[identity] = 1 if VERSION_MARK in identity else self.again[identity] + 1
            # As far as it is known: it may no longer stand in the source.
            self.done = max(0, self.done - 1)

    def reorder(self) -> None:
        """The order is a new one from here on."""
        self.chain, self.above, self.reordered, self.cursor = Chain(), {}, True, None

    def place_cursor(self, cursor: Cursor) -> None:
        """At the watermark."""
        self.cursor, self.cursor_chain = cursor, self.chain.copy()

    def plain(self) -> dict[str, Any]:
        cursor = self.cursor
        behind = cursor is not None and cursor.position != self.chain.length
        return {
            **self.chain.plain(),
            "finished": {str(position): identity for position, identity in self.above.items()},
            "again": list(self.again.elements()),
            "reordered": self.reordered,
            "total": self.total,
            "done": self.done,
            "gone": self.gone,
            "cursor": cursor,
            "cursor_chain": self.cursor_chain.plain() if behind else None,
        }


class Standing:
    """What a beginning of the log says, `offset` bytes long."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.session = 0
        """The newest start that committed anything."""
        self.loops: list[Loop] = []
        self.counters: dict[str, Count] = {}
        self.artifacts: dict[str, int] = {}
        """Name -> committed length of an output that grows."""
        self.files: dict[str, int] = {}
        """Name -> number of the committed content of an output that is replaced as a whole."""
        self.errors = 0
        """Committed length of errors.jsonl."""
        self.failed = 0
        """Finished items that failed."""
        self.kept: dict[str, Any] = {}
        """Small values that outlive a restart: states of breakers, budgets, deaths."""
        self.steps: dict[str, dict[str, tuple[int, int]]] = {}
        """Scope ("" = the run) -> name of a step -> offset and length of the line that holds its result."""
        self.active = 0.0
        """Seconds of active time in all attempts until the head was written."""
        self.compacted = 0
        """Bytes of the log when it was last put into its shorter form; 0 = it never was."""

    def loop(self, index: int) -> Loop:
        while len(self.loops) <= index:
            self.loops.append(Loop(len(self.loops)))
        return self.loops[index]

    def apply(self, line: Mapping[str, Any], length: int) -> None:
        """One more line of the log. Raises one of DOES_NOT_FIT for what is not ours; nothing is changed then.

        A line of an older start than one that was seen was written by a process that should have ended: it does
        not count.
        """
        if "base" in line:
            self._begin_with(line["base"], length)
            return
        if self.counts(line):
            self._take(line, length)
            self.session = int(line.get("s", self.session))
        self.offset += length

    def counts(self, line: Mapping[str, Any]) -> bool:
        """Whether no newer start has committed anything before this line."""
        return int(line.get("s", self.session)) >= self.session

    def _begin_with(self, base: Mapping[str, Any], length: int) -> None:
        """What a compacted log begins with: all that its shorter form does not say."""
        standing = standing_of(base)
        end = self.offset + length
        self.__dict__ = standing.__dict__
        self.offset = self.compacted = end

    def _take(self, line: Mapping[str, Any], length: int) -> None:
        index, position = place_of(line)
        if not (0 <= index < MOST_LOOPS and 0 <= position < MOST_ITEMS):
            raise ValueError(f"item {position} of loop {index}")
        identity = identity_of(line) if "k" in line else None
        outputs = _whole_numbers(line["o"]) if "o" in line else NOTHING
        files = _whole_numbers(line["w"]) if "w" in line else NOTHING
        counted = self._counted(line["c"]) if "c" in line else NOTHING
        errors = int(line["e"]["log"]) if "e" in line else self.errors
        failed = int(line["failed"]) if "failed" in line else self.failed
        again = [str(each) for each in line["again"]] if "again" in line else ()
        kept = dict(line["keep"]) if "keep" in line else NOTHING
        self.failed = failed - len(again)
        if identity is not None:
            self.loop(index).finish(position, identity)
            self.failed += "e" in line
            self._forget_steps(self.loop(index), identity)
        elif line.get("reordered"):
            self.loop(index).reorder()
        elif again:
            self.loop(index).undo(again)
        elif "step" in line:
            self.steps.setdefault(str(line.get("of", "")), {})[str(line["step"])] = (self.offset, length)
        self.artifacts.update(outputs)
        self.files.update(files)
        self.counters.update(counted)
        self.kept.update(kept)
        self.errors = errors

    def _counted(self, increments: Mapping[str, Count]) -> dict[str, Count]:
        return {name: value + self.counters.get(name, 0) for name, value in increments.items()}

    def _forget_steps(self, loop: Loop, identity: str) -> None:
        """Nobody asks again for what a finished item has remembered."""
        self.steps.pop(scope_of(loop.index, identity), None)

    def settle(
        self,
        loop: Loop,
        position: int,
        identity: str,
        outputs: Mapping[str, int],
        counters: Mapping[str, Count],
        more: Mapping[str, Any] | None,
    ) -> None:
        """What `apply` does with the line of an item, for who has just written it."""
        loop.finish(position, identity)
        if self.steps:
            self._forget_steps(loop, identity)
        if outputs:
            self.artifacts.update(outputs)
        if counters:
            self.counters.update(self._counted(counters))
        if more:
            self.files.update(more.get("w", NOTHING))
            if "e" in more:
                self.failed += 1
                self.errors = more["e"]["log"]

    def plain(self) -> dict[str, Any]:
        return {
            "version": codec.VERSION,
            "offset": self.offset,
            "session": self.session,
            "loops": [loop.plain() for loop in self.loops],
            "counters": self.counters,
            "artifacts": self.artifacts,
            "files": self.files,
            "errors": self.errors,
            "failed_items": self.failed,
            "kept": self.kept,
            "steps": self.steps,
            "active_seconds": round(self.active, 3),
            "compacted": self.compacted,
        }


def _whole_numbers(plain: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in plain.items()}


def standing_of(head: Mapping[str, Any]) -> Standing:
    """What Standing.plain gave. Raises one of DOES_NOT_FIT for anything else."""
    standing = Standing(int(head["offset"]))
    standing.session, standing.errors = int(head["session"]), int(head["errors"])
    standing.failed, standing.active = int(head["failed_items"]), float(head["active_seconds"])
    standing.compacted = int(head["compacted"])
    standing.counters, standing.kept = dict(head["counters"]), dict(head["kept"])
    standing.artifacts, standing.files = _whole_numbers(head["artifacts"]), _whole_numbers(head["files"])
    standing.steps = {
        str(scope): {str(name): (int(offset), int(length)) for name, (offset, length) in steps.items()}
        for scope, steps in head["steps"].items()
    }
    for index, plain in enumerate(head["loops"]):
        _fill(standing.loop(index), plain)
    return standing


def _fill(loop: Loop, plain: Mapping[str, Any]) -> None:
    loop.chain = chain_of(plain)
    loop.above = {int(position): str(identity) for position, identity in plain["finished"].items()}
    loop.again = Counter(map(str, plain["again"]))
    loop.reordered, loop.gone = bool(plain["reordered"]), int(plain["gone"])
    loop.total, loop.done = plain["total"], int(plain["done"])
    if plain["cursor"] is not None:
        position, offset, line, fingerprint = plain["cursor"]
        before = plain["cursor_chain"]
        loop.cursor = Cursor(int(position), int(offset), int(line), str(fingerprint))
        loop.cursor_chain = loop.chain.copy() if before is None else chain_of(before)
        if loop.cursor_chain.length != loop.cursor.position:
            raise ValueError("a cursor that its watermark does not fit")
