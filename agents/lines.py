"""Files whose lines are items, read in constant memory: going on, a run seeks to where it was instead of reading."""

import json
import os
from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Generic, NamedTuple, TypeVar

from overnight.state.errors import OvernightError, WrongUsage
from overnight.state.standing import Cursor

T = TypeVar("T")

LONGEST_KEY = 80
"""Characters of a line that are its key as they are; of a longer one, some and a hash."""
PROOF = 4096
"""Bytes, the first of the file and the last before a place in it, that must be what they were, for the file to be
taken for the same."""
READ_AT_ONCE = 1 << 16
"""Bytes."""
BYTE_ORDER_MARK = "\ufeff"


class NotJson(OvernightError):
    """A line that should hold a record holds none."""


class Unreadable:
    """A line that is no item."""

    def __init__(self, text: str, error: Exception) -> None:
        self.text, self.error = text, error

    def __str__(self) -> str:
        return self.text


class Edge(NamedTuple):
    """Where an item begins that was read, or will be."""

    offset: int
    line: int
    """Lines before it."""


class LineSource(Generic[T]):
    """A file of lines, as `run.each` and `run.map` read it: `Lines` or `JsonLines`.

    Raises WrongUsage where there is no such file. What is appended to it later is done by a later start.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise WrongUsage(f"no such file: {self.path}", hint="Give the path of a file of lines.")
        self._file: os.stat_result | None = None
        """The one that was opened: another may bear its name by now."""
        self._first = 0
        self._edges: deque[Edge] = deque()
        """Of the item at position `_first` and those behind it that were read, and of the next one."""

    @property
    def size(self) -> int:
        """Bytes."""
        return os.stat(self.path).st_size

    def __iter__(self) -> Iterator[T]:
        return self._items(Edge(0, 0), deque(maxlen=0))

    def read_from(self, cursor: Cursor | None) -> Iterator[T]:
        """The items behind a cursor; None = all. Remembers where they lie, until `forget_below`."""
        edge = Edge(cursor.offset, cursor.line) if cursor else Edge(0, 0)
        self._first, self._edges = cursor.position if cursor else 0, deque([edge])
        return self._items(edge, self._edges)

    def _items(self, edge: Edge, edges: deque[Edge]) -> Iterator[T]:
        """Those behind an edge. Adds the edge behind each of them to `edges`."""
        offset, line = edge
        with open(self.path, "rb", buffering=READ_AT_ONCE) as file:
            self._file = os.fstat(file.fileno())
            file.seek(offset)
            for raw in file:
                text = _text_of(raw)
                if not offset:
                    text = text.removeprefix(BYTE_ORDER_MARK)
                offset, line = offset + len(raw), line + 1
                if not self.is_empty(text):
                    edges.append(Edge(offset, line))
                    yield self.item_of(text, line)

    def is_empty(self, text: str) -> bool:
        """Whether a line is no item, nor an error."""
        raise NotImplementedError

    def item_of(self, text: str, line: int) -> T:
        """`line`: 1, 2, …"""
        raise NotImplementedError

    def key_of(self, item: T) -> str:
        """The key of an item where the author names none: what its line says."""
        text = self.text_of(item)
        if len(text) <= LONGEST_KEY:
            return text
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return f"{text[: LONGEST_KEY - 20]}… {digest}"

    def text_of(self, item: T) -> str:
        return str(item)

    def width_at(self, position: int) -> int:
        """Bytes of an item that was read; 0 = it was forgotten."""
        at = position - self._first
        return self._edges[at + 1].offset - self._edges[at].offset if at >= 0 else 0

    def offset_at(self, position: int) -> int:
        """Bytes before an item that was read, or before the next one."""
        return self._edges[position - self._first].offset

    def forget_below(self, position: int) -> None:
        """Where items before a position lie need not be known any more."""
        while self._first < position and len(self._edges) > 1:
            self._edges.popleft()
            self._first += 1

    def cursor_at(self, position: int) -> Cursor | None:
        """The place before an item; None = nobody can go on there: it was not read that far, or there is another file
        by now, or the line before it has no end yet.
        """
        at = position - self._first
        if not 0 <= at < len(self._edges):
            return None
        offset, line = self._edges[at]
        try:
            with open(self.path, "rb") as file:
                descriptor = file.fileno()
                same = self._file is not None and os.path.samestat(os.fstat(descriptor), self._file)
                if not same or (offset and os.pread(descriptor, 1, offset - 1) != b"\n"):
                    return None
                return Cursor(position, offset, line, _fingerprint(descriptor, offset))
        except OSError:
            return None

    def holds(self, cursor: Cursor) -> bool:
        """Whether the file is the same as far as the cursor, as its first bytes and the last before it tell."""
        with open(self.path, "rb") as file:
            long_enough = os.fstat(file.fileno()).st_size >= cursor.offset
            return long_enough and _fingerprint(file.fileno(), cursor.offset) == cursor.fingerprint


class Lines(LineSource[str]):
    """The lines of a text file, without their ends. UTF-8; other bytes come as lone surrogates."""

    def is_empty(self, text: str) -> bool:
        return False

    def item_of(self, text: str, line: int) -> str:
        return text


class JsonLines(LineSource[Any]):
    """The records of a file with one JSON text a line; lines of nothing but spaces are passed over.

    A line that is no JSON is an item error under a guard, and ends the loop with NotJson without one.
    """

    def is_empty(self, text: str) -> bool:
        return not text or text.isspace()

    def item_of(self, text: str, line: int) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            hint = "Correct it; or loop with guard=True, and it is recorded as an error of its item."
            return Unreadable(text, NotJson(f"{self.path} line {line}: not JSON: {error}", hint=hint))

    def text_of(self, item: Any) -> str:
        return item.text if isinstance(item, Unreadable) else json.dumps(item, sort_keys=True, ensure_ascii=False)


def _text_of(line: bytes) -> str:
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _fingerprint(descriptor: int, offset: int) -> str:
    first = os.pread(descriptor, min(PROOF, offset), 0)
    last = os.pread(descriptor, min(PROOF, offset), max(0, offset - PROOF))
    return blake2b(first + last, digest_size=8, person=b"overnight-cursor").hexdigest()
