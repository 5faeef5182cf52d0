"""Files whose lines are items, read in constant memory: going on, a run seeks to where it was instead of reading."""

import json
import os
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, BinaryIO, Generic, TypeVar

from overnight.state.errors import WrongUsage
from overnight.state.standing import Cursor

T = TypeVar("T")

LONGEST_KEY = 80
"""Characters of a line that are its key as they are; of a longer one, some and a hash."""
PROOF = 4096
"""Bytes before a place in the file that must be what they were, for the file to be taken for the same."""


class Unreadable:
    """A line that is no item."""

    def __init__(self, text: str, error: ValueError) -> None:
        self.text, self.error = text, error

    def __str__(self) -> str:
        return self.text


class LineSource(Generic[T]):
    """A file of lines, as `run.each` and `run.map` read it: `Lines` or `JsonLines`.

    Raises WrongUsage where there is no such file. What is appended to it later is done by a later start.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise WrongUsage(f"no such file: {self.path}", hint="Give the path of a file of lines.")
        self._spans: dict[int, tuple[int, int]] = {}
        """Position -> where its line begins and ends; forgotten below the watermark."""

    @property
    def size(self) -> int:
        """Bytes."""
        return os.stat(self.path).st_size

    def __iter__(self) -> Iterator[T]:
        with open(self.path, "rb") as file:
            for position, line in enumerate(file):
                yield self.item_of(_text_of(line), position)

    def read_from(self, cursor: Cursor | None) -> Iterator[T]:
        """The items behind a cursor; None = all. Remembers where they lie, until `cursor_at` is asked."""
        position, offset = (cursor.position, cursor.offset) if cursor else (0, 0)
        self._spans = {position - 1: (offset, offset)}
        return self._read(position, offset)

    def _read(self, position: int, offset: int) -> Iterator[T]:
        with open(self.path, "rb") as file:
            file.seek(offset)
            for line in file:
                end = offset + len(line)
                self._spans[position] = (offset, end)
                yield self.item_of(_text_of(line), position)
                position, offset = position + 1, end

    def item_of(self, text: str, position: int) -> T:
        raise NotImplementedError

    def key_of(self, item: T) -> str:
        """The key of an item where the author names none: what its line says."""
        text = self.text_of(item)
        if len(text) <= LONGEST_KEY:
            return text
        digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
        return f"{text[: LONGEST_KEY - 20]}… {digest}"

    def text_of(self, item: T) -> str:
        return str(item)

    def width_at(self, position: int) -> int:
        """Bytes of an item that was read and is not below the cursor."""
        start, end = self._spans.get(position, (0, 0))
        return end - start

    def offset_at(self, position: int) -> int:
        """Bytes before an item that was read, or before the next one."""
        return self._spans[position - 1][1]

    def cursor_at(self, position: int) -> Cursor | None:
        """The place before an item; None = it was not read that far. What lies before it is forgotten."""
        if position - 1 not in self._spans:
            return None
        self._spans = {at: span for at, span in self._spans.items() if at >= position - 1}
        offset = self._spans[position - 1][1]
        with open(self.path, "rb") as file:
            return Cursor(position, offset, _fingerprint(file, offset))

    def holds(self, cursor: Cursor) -> bool:
        """Whether the file is the same as far as the cursor, as its last bytes before it tell."""
        with open(self.path, "rb") as file:
            return self.size >= cursor.offset and _fingerprint(file, cursor.offset) == cursor.fingerprint


class Lines(LineSource[str]):
    """The lines of a text file, without their ends. UTF-8; other bytes come as lone surrogates."""

    def item_of(self, text: str, position: int) -> str:
        return text


class JsonLines(LineSource[Any]):
    """The records of a file with one JSON text a line. A line that is none is an item error, or ends the loop."""

    def item_of(self, text: str, position: int) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            return Unreadable(text, ValueError(f"{self.path} line {position + 1}: not JSON: {error}"))

    def text_of(self, item: Any) -> str:
        return item.text if isinstance(item, Unreadable) else json.dumps(item, sort_keys=True, ensure_ascii=False)


def _text_of(line: bytes) -> str:
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")


def _fingerprint(file: BinaryIO, offset: int) -> str:
    start = max(0, offset - PROOF)
    file.seek(start)
    return blake2b(file.read(offset - start), digest_size=8, person=b"overnight-cursor"[:16]).hexdigest()
