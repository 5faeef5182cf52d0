"""Outputs that belong to items: what is written for an item is committed with it, or gone."""

import os
import threading
from collections.abc import Callable

from overnight.agents.hand import Hands, not_here
from overnight.state.appending import AppendFile
from overnight.state.atomic import sync_file, sync_folder, write_new
from overnight.state.errors import WrongUsage
from overnight.state.outputs import content_path, cut
from overnight.state.private import make_folders

LARGEST_WAIT = 64 * 1024
"""Bytes that wait in memory for their item at most, where it is the only one that writes."""


class Artifact:
    """A file in the run's `artifacts/`: one that grows (`write`), or one that is replaced as a whole (`replace`)."""

    def __init__(
        self, name: str, path: str, length: int, number: int, hands: Hands, keep: Callable[[Callable[[], object]], None]
    ) -> None:
        """`length`: committed bytes of one that grows. `number`: of the newest whole content. One is 0.

        `keep` does a write, and waits where the disk is full.
        """
        self.name = name
        """As it was asked for: may hold folders."""
        self.path = path
        self.committed = length
        self.length = length
        """With what was appended last, committed or not."""
        self.number = number
        self.commit_alone: Callable[[Artifact, bytes], None] = lambda artifact, content: None
        """Called to replace it outside of a loop."""
        self._hands = hands
        self._keep = keep
        self._file: AppendFile | None = None
        self._whole = True if number else False if length else None
        """Whether it is replaced as a whole; None = nobody has used it yet."""
        self._deciding = threading.Lock()
        self._named = False
        """Its name is on the disk, too."""
        self._moved = False
        """Content has taken its place since the last sync."""
        self._waiting = 0
        """Bytes that wait for the item that the loop attends to."""

    def write(self, data: str | bytes) -> None:
        """Append, as part of the item in hand. Text is written as UTF-8.

        What a killed or failed item wrote is cut off before the next one writes. Raises NotPossibleNow outside of a
        loop and inside of a step, WrongUsage for one that is replaced as a whole.
        """
        raw = data.encode("utf-8", "surrogateescape") if type(data) is str else _bytes_of(data)
        hand = self._hands.here()
        if hand is None or hand.loop is None:
            raise not_here(hand, f"{self.name} was written")
        if self._whole is not False:
            self._decide(whole=False)
        waiting = hand.appended.get(self)
        if waiting is None:
            waiting = hand.appended[self] = []
        waiting.append(raw)
        if hand.attended:
            self._waiting += len(raw)
            if self._waiting > LARGEST_WAIT:
                self._make_way(waiting)

    def _make_way(self, waiting: list[bytes]) -> None:
        """Put it into the file before its item is done: so much need not wait in memory."""
        try:
            self._keep(lambda: self.append(waiting))
        except OSError:
            # No fault of the item's, which a guard would take it for: raised when it is committed.
            pass

    def replace(self, data: str | bytes) -> None:
        """Put new content in the place of the old, with the item in hand; outside of a loop at once. Text is UTF-8.

        A reader sees the old content or the new. Raises NotPossibleNow inside of an item's step, WrongUsage for one
        that grows.
        """
        raw = _bytes_of(data)
        hand = self._hands.here()
        if self._hands.item() is None:
            self._decide(whole=True)
            self.commit_alone(self, raw)
            return
        if hand is None or hand.loop is None:
            raise not_here(hand, f"{self.name} was replaced")
        self._decide(whole=True)
        hand.replaced[self] = raw

    def _decide(self, *, whole: bool) -> None:
        """What kind it is, says who uses it first: a mixture could not be put back as it was."""
        with self._deciding:
            if self._whole is None:
                self._whole = whole
        if self._whole is not whole:
            raise WrongUsage(
                f"artifact {self.name!r} is both written to and replaced",
                hint="Use two artifacts, each with one of them.",
            )

    def append(self, pieces: list[bytes]) -> None:
        """Put what waits into the file; on OSError nothing of it is, and it waits on."""
        file = self._file or self.file
        if pieces:
            file.append(pieces[0] if len(pieces) == 1 else b"".join(pieces))
            pieces.clear()
        self.length = file.length
        self._waiting = 0

    @property
    def file(self) -> AppendFile:
        """Opened when it is first written to; what is in it beyond the committed length is cut."""
        if self._file is None:
            make_folders(os.path.dirname(self.path))
            cut(self.path, self.committed)
            self._file = AppendFile(self.path)
            # Not `committed`: of errors.jsonl a power cut may have left less.
            self.committed = self.length = self._file.length
        return self._file

    def sync_appended(self) -> None:
        """Wait until what was appended for the item is on the disk."""
        self.file.sync()
        self._sync_name()

    def put_content(self, content: bytes, *, sync: bool) -> int:
        """Write content aside, to take its place once it is committed: its number."""
        make_folders(os.path.dirname(self.path))
        path = content_path(self.path, self.number + 1)
        write_new(path, content, sync=sync)
        if sync:
            sync_folder(os.path.dirname(path))
            self._sync_name()
        return self.number + 1

    def _sync_name(self) -> None:
        """Once: after a power cut it must still be found, and the folders that its name holds."""
        if self._named:
            return
        folder, root = os.path.dirname(self.path), self.path[: -len(self.name) - 1]
        while folder != root:
            sync_folder(folder)
            folder = os.path.dirname(folder)
        sync_folder(root)
        self._named = True

    def take_content(self) -> None:
        """The content that was put last is committed: it takes its place."""
        os.replace(content_path(self.path, self.number + 1), self.path)
        self.number += 1
        self._moved = True

    def discard(self) -> None:
        """Its item is not committed: back to what was."""
        self._waiting = 0
        if self._file is not None and self._file.length > self.committed:
            self._file.cut(self.committed)
            self.length = self.committed

    def sync(self) -> None:
        if self._file is not None:
            self._file.sync()
        if self._moved:
            self._moved = False
            try:
                sync_file(self.path)
                sync_folder(os.path.dirname(self.path))
            except OSError:
                self._moved = True
                raise

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _bytes_of(data: str | bytes) -> bytes:
    if isinstance(data, str):
        return data.encode("utf-8", "surrogateescape")
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    # bytes(5) would be five zeros.
    raise WrongUsage(f"an artifact takes text or bytes, not {type(data).__name__}", hint="Use str(), or json.dumps().")
