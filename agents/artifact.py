"""Outputs that grow with the items: what is written for an item is committed with it, or gone."""

import os
from collections.abc import Callable

from overnight.state.checkpoint import append_whole, cut
from overnight.state.errors import NotPossibleNow
from overnight.state.records import Count

LARGEST_WAIT = 64 * 1024
"""Bytes that wait in memory for their item at most."""


class Hand:
    """The item in hand, and what waits to be committed with it."""

    __slots__ = ("counters", "key", "touched")

    def __init__(self) -> None:
        self.key: str | None = None
        """None = no item is in hand."""
        self.touched: list[Artifact] = []
        self.counters: dict[str, Count] = {}

    def need(self, what: str) -> None:
        """Raise NotPossibleNow when there is no item that `what` could be committed with."""
        if self.key is None:
            raise NotPossibleNow(
                f"{what} outside of a loop over run.each(): there is no item to commit it with",
                hint="Do it inside of the loop; for a file that is written once, use open().",
            )

    def drop(self) -> None:
        """The item was not finished: nothing of it stays."""
        self.forget()
        self.key = None

    def forget(self) -> None:
        """The item failed: it keeps its place, but nothing that it wrote or counted."""
        for artifact in self.touched:
            artifact.discard()
        self.touched.clear()
        self.counters.clear()


class Artifact:
    """A file in the run's `artifacts/`. What a killed or failed item wrote is cut off before the next one writes."""

    def __init__(
        self, name: str, path: str, length: int, hand: Hand, keep: Callable[[Callable[[], None]], None]
    ) -> None:
        """`length`: committed bytes; more than that is cut. `keep` does a write, and waits where the disk is full."""
        self.name = name
        self.path = path
        self._hand = hand
        self._keep = keep
        self._waiting: list[bytes] = []
        self._size_waiting = 0
        self._touched = False
        cut(path, length)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        # Not `length`: of errors.jsonl a power cut may have left less.
        self._committed = os.fstat(self._descriptor).st_size
        self.length = self._committed
        """Bytes in the file, those of the item in hand included as far as they were written."""

    def write(self, data: str | bytes) -> None:
        """Append, as part of the item in hand. Text is written as UTF-8. Raises NotPossibleNow outside of a loop."""
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
        if not self._touched:
            self._hand.need(f"{self.name} was written")
            self._hand.touched.append(self)
            self._touched = True
        self._waiting.append(raw)
        self._size_waiting += len(raw)
        if self._size_waiting > LARGEST_WAIT:
            self._keep(self.flush)

    def flush(self) -> None:
        """Write what waits. On OSError the file is as it was, and it waits on."""
        if self._waiting:
            data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            append_whole(self._descriptor, data, self.length)
            self.length += len(data)
            self._waiting.clear()
            self._size_waiting = 0

    def append(self, data: bytes) -> None:
        """Append for good, as part of no item."""
        append_whole(self._descriptor, data, self.length)
        self.length += len(data)
        self.settle()

    def settle(self) -> None:
        """Its item is committed."""
        self._committed = self.length
        self._touched = False

    def discard(self) -> None:
        """Its item is not: back to what was committed."""
        self._waiting.clear()
        self._size_waiting = 0
        if self.length > self._committed:
            os.ftruncate(self._descriptor, self._committed)
            self.length = self._committed
        self._touched = False

    def sync(self) -> None:
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)
