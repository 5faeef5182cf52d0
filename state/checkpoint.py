"""The append log of finished items and its head: what a run needs to go on exactly where it was.

One line for each finished item, each with one write to a file opened for append, behind the bytes of the outputs
that belong to it. The head is a summary of the log up to an offset, replaced atomically; only what lies behind it is
parsed when the run goes on. Nothing here knows a source or a process: positions and keys come from outside.

What is opened fits together: a torn tail is cut before anything is appended, each artifact is cut to its committed
length, and where an artifact is shorter than the log says, the log goes back to the last line that fits.
"""

import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from overnight.state import codec, logline
from overnight.state.atomic import replace
from overnight.state.chain import Chain, chain_of
from overnight.state.records import Count
from overnight.state.rundir import RunDir

DOES_NOT_FIT = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What taking JSON apart raises that is not of the form that was expected."""


class Loop:
    """What is finished of one source. The first loop of a run is number 0, the next one 1."""

    __slots__ = ("above", "chain", "done", "index", "since", "total")

    def __init__(self, index: int) -> None:
        self.index = index
        self.chain = Chain()
        """The watermark: its keys, in this order, are finished."""
        self.above: dict[int, str] = {}
        """Position -> key of what is finished above the watermark."""
        self.since = 0
        """Offset in the log before which a line counts by its key alone: the order was another. 0 = none does."""
        self.total: int | None = None
        self.done = 0
        """Finished items of the source as it was last seen."""

    def finish(self, position: int, key: str) -> None:
        chain = self.chain
        if position == chain.length:
            chain.add(key)
            while self.above and chain.length in self.above:
                chain.add(self.above.pop(chain.length))
        elif position > chain.length:
            self.above[position] = key

    def reorder(self, offset: int) -> None:
        """The order is a new one from `offset` of the log on."""
        self.chain, self.above, self.since = Chain(), {}, offset

    def plain(self) -> dict[str, Any]:
        finished = {str(position): key for position, key in self.above.items()}
        return {**self.chain.plain(), "finished": finished, "since": self.since, "total": self.total, "done": self.done}


class State:
    """What a beginning of the log says."""

    def __init__(self, offset: int = 0) -> None:
        self.offset = offset
        self.session = 0
        """The newest start that committed anything."""
        self.loops: list[Loop] = []
        self.counters: dict[str, Count] = {}
        self.artifacts: dict[str, int] = {}
        """Name -> committed length."""
        self.errors = 0
        """Committed length of errors.jsonl."""
        self.failed = 0
        """Finished items that failed."""

    def loop(self, index: int) -> Loop:
        while len(self.loops) <= index:
            self.loops.append(Loop(len(self.loops)))
        return self.loops[index]

    def apply(self, line: Mapping[str, Any], length: int) -> None:
        """One more line of the log. Raises KeyError, TypeError, ValueError for what is not ours; nothing is changed."""
        loop, position, key = int(line.get("l", 0)), int(line.get("i", 0)), line.get("k")
        outputs = {name: int(size) for name, size in line.get("o", {}).items()}
        counted = {name: value + self.counters.get(name, 0) for name, value in line.get("c", {}).items()}
        errors = int(line["e"]["log"]) if "e" in line else self.errors
        if key is not None:
            self.loop(loop).finish(position, str(key))
            self.loop(loop).done += 1
            self.failed += "e" in line
        elif line.get("reordered"):
            self.loop(loop).reorder(self.offset)
        self.artifacts |= outputs
        self.counters |= counted
        self.errors = errors
        self.session = max(self.session, int(line.get("s", 0)))
        self.offset += length

    def plain(self, generation: str) -> dict[str, Any]:
        return {
            "version": codec.VERSION,
            "generation": generation,
            "offset": self.offset,
            "session": self.session,
            "loops": [loop.plain() for loop in self.loops],
            "counters": self.counters,
            "artifacts": self.artifacts,
            "errors": self.errors,
            "failed_items": self.failed,
        }


def state_of(head: Mapping[str, Any]) -> State:
    """What State.plain gave. Raises KeyError, TypeError, ValueError, AttributeError for anything else."""
    state = State(int(head["offset"]))
    state.session, state.errors, state.failed = int(head["session"]), int(head["errors"]), int(head["failed_items"])
    state.counters = dict(head["counters"])
    state.artifacts = {str(name): int(size) for name, size in head["artifacts"].items()}
    for index, plain in enumerate(head["loops"]):
        loop = state.loop(index)
        loop.chain = chain_of(plain)
        loop.above = {int(position): str(key) for position, key in plain["finished"].items()}
        loop.since, loop.total, loop.done = int(plain["since"]), plain["total"], int(plain["done"])
    return state


class Checkpoint:
    """The open checkpoint of a run: for its one agent. Every method may raise OSError; nothing is lost by that."""

    def __init__(self, run: RunDir) -> None:
        """Open it, or begin it; afterwards log, head and outputs fit together."""
        self.notes: list[str] = []
        """What had to be repaired, in words for the operator."""
        self.dirty = False
        """Something was written that is not synced."""
        self._run = run
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(run.checkpoint_log_path, flags, 0o600)
        try:
            self._open()
        except BaseException:
            os.close(self._descriptor)
            raise
        self.session = self.state.session + 1

    def _open(self) -> None:
        self.generation, first = _generation_of(self._run.checkpoint_log_path)
        head = self._usable_head()
        self.state = head or State(first)
        self._replay()
        if head is None:
            # A head that was not used must not come to fit by accident when the log has grown again.
            _set_aside(self._run.checkpoint_path)
        self._cut_log()
        if not self.state.offset:
            self.generation = secrets.token_hex(8)
            self._append(logline.body_of({"generation": self.generation, "version": codec.VERSION}))
        for name, length in self.state.artifacts.items():
            cut(os.path.join(self._run.artifacts_path, name), length)

    def _usable_head(self) -> State | None:
        """The head, if it is of this log and what it promises is there."""
        try:
            with open(self._run.checkpoint_path, "rb") as file:
                raw = file.read()
        except FileNotFoundError:
            return None
        try:
            plain = json.loads(raw)
            state = state_of(plain)
        except DOES_NOT_FIT:
            self.notes.append("checkpoint.json was damaged: set aside, and the whole log was read")
            return None
        there = self._descriptor_ends_a_line(state.offset) and plain["generation"] == self.generation
        return state if there and _fits(self._run, state.artifacts) else None

    def _descriptor_ends_a_line(self, offset: int) -> bool:
        return offset > 0 and os.pread(self._descriptor, 1, offset - 1) == b"\n"

    def _replay(self) -> None:
        sizes: dict[str, int] = {}
        for line in self._lines(self.state.offset):
            fields = logline.parse(line)
            if fields is None:
                return
            if not _fits(self._run, fields.get("o", {}), sizes):
                self.notes.append(
                    "an output was shorter than the checkpoint says: went back to the last item that fits"
                )
                return
            try:
                self.state.apply(fields, len(line))
            except DOES_NOT_FIT:
                return

    def _lines(self, start: int, end: int | None = None) -> Iterator[bytes]:
        with open(self._run.checkpoint_log_path, "rb") as file:
            file.seek(start)
            for line in file:
                if end is not None and start >= end:
                    return
                start += len(line)
                yield line

    def _cut_log(self) -> None:
        """Cut what does not count before anything is appended. More than a torn line is kept beside the log."""
        tail = b"".join(self._lines(self.state.offset))
        if tail.count(b"\n") > 1:
            replace(self._run.file(f"checkpoint.log.cut-{self.state.offset}"), tail)
        if tail:
            os.ftruncate(self._descriptor, self.state.offset)

    def loop(self, index: int) -> Loop:
        return self.state.loop(index)

    def commit(
        self,
        loop: Loop,
        position: int,
        key: str,
        milliseconds: int,
        outputs: Mapping[str, int],
        counters: Mapping[str, Count],
        error: Mapping[str, Any] | None,
    ) -> None:
        """The item is finished. Its outputs are written already; `outputs`: name -> length with it."""
        body = logline.item_body(key, position, self.session, milliseconds, loop.index, outputs, counters, error)
        self._append(body)
        loop.finish(position, key)
        loop.done += 1
        if outputs:
            self.state.artifacts.update(outputs)
        if counters:
            for name, value in counters.items():
                self.state.counters[name] = self.state.counters.get(name, 0) + value
        if error:
            self.state.errors = error["log"]
            self.state.failed += 1

    def keep_error(self, error: Mapping[str, Any]) -> None:
        """An error that is no finished item's: it stays in errors.jsonl when the run goes on."""
        self._append(logline.body_of({"s": self.session, "e": error}))
        self.state.errors = error["log"]

    def reorder(self, loop: Loop) -> None:
        """The loop's source has another order from now on; what the log holds of it counts by key."""
        offset = self.state.offset
        self._append(logline.body_of({"s": self.session, "l": loop.index, "reordered": True}))
        loop.reorder(offset)

    def _append(self, body: bytes) -> None:
        line = logline.line_of(body)
        append_whole(self._descriptor, line, self.state.offset)
        self.state.offset += len(line)
        self.dirty = True

    def finished_keys(self, loop: Loop, start: int, end: int, from_position: int = 0) -> Counter[str]:
        """Keys of the loop's items between two offsets of the log, each as often as it was finished."""
        keys: Counter[str] = Counter()
        for line in self._lines(start, end):
            fields = logline.parse(line) or {}
            if "k" in fields and fields.get("l", 0) == loop.index and fields.get("i", 0) >= from_position:
                keys[str(fields["k"])] += 1
        return keys

    def save_head(self) -> None:
        """Replace the head. Until then a resume reads more of the log: never less is known."""
        self.state.session = self.session
        replace(self._run.checkpoint_path, codec.to_json(self.state.plain(self.generation)) + b"\n")

    def sync(self) -> None:
        """Wait until the log is on the disk."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def append_whole(descriptor: int, data: bytes, length: int) -> None:
    """Append every byte to a file of `length` bytes or, with an OSError, none: a full disk takes a part first."""
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        os.ftruncate(descriptor, length)
        raise


def cut(path: str, length: int) -> None:
    """Cut a file that is longer than what was committed of it."""
    try:
        if os.stat(path).st_size > length:
            os.truncate(path, length)
    except FileNotFoundError:
        pass


def _fits(run: RunDir, lengths: Mapping[str, int], known: dict[str, int] | None = None) -> bool:
    """Whether every artifact is as long as it should be. `known`: sizes that were looked up before."""
    known = {} if known is None else known
    for name, length in lengths.items():
        if name not in known:
            known[name] = _size(os.path.join(run.artifacts_path, name))
        if known[name] < length:
            return False
    return True


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _generation_of(path: str) -> tuple[str, int]:
    """Which log this is, and where its items begin; ("", 0) = an empty log, or one of another writer."""
    with open(path, "rb") as file:
        line = file.readline()
    fields = logline.parse(line) or {}
    generation = fields.get("generation")
    return (generation, len(line)) if isinstance(generation, str) else ("", 0)


def _set_aside(path: str) -> None:
    try:
        os.replace(path, path + ".unused")
    except FileNotFoundError:
        pass
