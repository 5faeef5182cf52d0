"""The checkpoint log in a shorter form: the same finished items, many to a line, and one line that says the rest.

Written beside the log by a thread of its own while the agent works on: a log's beginning never changes. The agent
then adds what it has appended meanwhile, and puts the new log in the place of the old one. At a kill at any moment
one of them is there whole; the head that follows names the new one's generation.

In the new log lines of finished items stand first (`ks`: keys, or rather identities), between them results of steps
that are still to be remembered. The base comes behind them: all that the shorter form does not say. Then the tail, as
it was.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from overnight.state import codec, lock, logline
from overnight.state.appending import CHUNK, AppendFile
from overnight.state.atomic import discard
from overnight.state.readback import Fence, lines_of
from overnight.state.rundir import RunDir
from overnight.state.standing import Standing, identity_of, place_of

LEAST = 32 << 20
"""Bytes: a shorter log is left as it is. Of a third of a million items, it is read by key within a second or two."""
GROWTH = 3
"""A log is due again when it has grown to so many times the length that its shorter form had.

All that is ever written anew is so a small multiple of the log, also where long keys leave little to make shorter.
"""
MOST_KEYS, MOST_BYTES = 256, 1 << 16
"""Finished items in a line, and characters."""
BUFFER = 1 << 16
"""Bytes that are written at once."""
SYNC_EVERY = 8 << 20
"""Bytes: the last sync, for which the agent waits, must not have much to do."""
BURST, REST = 0.0005, 40
"""Seconds of work at a time, and how many times as long it then leaves the interpreter to the agent."""
LINES = 16
"""After so many it looks at the clock."""
LITTLE = 1 << 18
"""Bytes of tail that are left for the agent to add."""
ROUNDS = 10
"""The most tries to come so close."""


def draft_path(run: RunDir) -> str:
    return run.file(".checkpoint.log.draft")


class Compaction:
    """One of them, from the moment it is due until the new log is in its place or given up."""

    def __init__(self, run: RunDir, head: dict[str, Any], written: Callable[[], int]) -> None:
        """Begins at once. `head`: the head as it is now, which says what the log says up to here. `written`: the bytes
        of the log that count.
        """
        self.generation = os.urandom(8).hex()
        self.ended = False
        self._run, self._written = run, written
        self._head: dict[str, Any] = json.loads(codec.to_json(head))
        self._end: int = head["offset"]
        """The log up to here is put into the shorter form; what follows is added as it is."""
        self._copied = self._end
        """Bytes of the log that the draft says."""
        self._moved: dict[int, int] = {}
        """Where the results of steps are: offset in the old log -> in the new one."""
        self._short = 0
        """Bytes of the shorter form."""
        self._whole = False
        """The draft says all that it shall; otherwise there is none."""
        self._given_up = threading.Event()
        self._new: AppendFile | None = None
        self._thread = threading.Thread(target=self._write, name="overnight-compaction", daemon=True)
        self._thread.start()

    @staticmethod
    def if_due(run: RunDir, head: dict[str, Any], written: Callable[[], int]) -> "Compaction | None":
        length = head["offset"]
        if length < max(LEAST, GROWTH * head["compacted"]):
            return None
        disk = os.statvfs(run.path)
        # A full disk makes the agent wait for room: this must not be what fills it.
        return Compaction(run, head, written) if disk.f_bavail * disk.f_frsize > 2 * length else None

    def _write(self) -> None:
        try:
            draft = _Draft(draft_path(self._run), self._breathe)
            try:
                self._shorten(draft)
                self._catch_up(draft)
            finally:
                # Whoever takes over opens it anew: a child that was forked meanwhile would keep this one's lock.
                draft.close()
            self._whole = True
        except (OSError, _GivenUp):
            # No room for two logs: the long one serves as well.
            pass
        finally:
            if not self._whole:
                discard(draft_path(self._run))
            self.ended = True

    def _breathe(self) -> None:
        """Leave the interpreter to the agent. Raises _GivenUp."""
        if self._given_up.wait(BURST * REST):
            raise _GivenUp

    def _shorten(self, draft: "_Draft") -> None:
        draft.add({"generation": self.generation, "version": codec.VERSION, "compacted": True})
        steps = {offset for steps in self._head["steps"].values() for offset, _ in steps.values()}
        items, fence, offset = _Items(draft), Fence(), 0
        for line in lines_of(self._run, 0, self._end):
            if offset in steps:
                items.write()
                self._moved[offset] = draft.length
            fields = logline.parse(line)
            if fields is not None and fence.lets_pass(fields):
                _squeeze(line, fields, items, draft, keep=offset in steps)
            offset += len(line)
            draft.take_a_breath()
        items.write()
        draft.add({"base": self._moved_head()})
        self._short = draft.length

    def _moved_head(self) -> Mapping[str, Any]:
        for steps in self._head["steps"].values():
            for place in steps.values():
                place[0] = self._moved[place[0]]
        return self._head

    def _catch_up(self, draft: "_Draft") -> None:
        """Add most of what the agent has appended meanwhile."""
        for _ in range(ROUNDS):
            self._copied = _copy(self._run.checkpoint_log_path, self._copied, self._written(), draft.put)
            draft.sync()
            if self._written() - self._copied <= LITTLE:
                return

    def take_over(self, standing: Standing) -> AppendFile | None:
        """The new log in the place of the old one, for the agent to go on with; None = nothing has changed."""
        self._thread.join()
        if not self._whole:
            return None
        path = self._run.checkpoint_log_path
        try:
            new = self._new = AppendFile(draft_path(self._run), os.O_RDWR)
            if not lock.take(new.descriptor):
                raise BlockingIOError
            _copy(path, self._copied, standing.offset, new.append)
            new.sync()
            os.rename(new.path, path)
        except OSError:
            self.abandon()
            return None
        new.path = path
        self._tell(standing)
        return new

    def _tell(self, standing: Standing) -> None:
        """What the standing knows by its offset has another one now."""
        shift = self._short - self._end
        standing.compacted, standing.offset = self._short, standing.offset + shift
        for steps in standing.steps.values():
            for name, (offset, length) in steps.items():
                steps[name] = (offset + shift if offset >= self._end else self._moved[offset], length)

    def abandon(self) -> None:
        """The log stays as it is."""
        self._given_up.set()
        self._thread.join()
        self.forget()
        discard(draft_path(self._run))

    def forget(self) -> None:
        """In a forked child."""
        if self._new is not None:
            self._new.close()


class _GivenUp(Exception):
    """The agent ends."""


class _Draft:
    """The new log on its way, written by large pieces."""

    def __init__(self, path: str, breathe: Callable[[], None]) -> None:
        discard(path)
        self._file = AppendFile(path)
        # A leftover that could not be removed must not be taken for our own.
        self._file.cut(0)
        self._breathe = breathe
        self._buffer: list[bytes] = []
        self._waiting = 0
        self._unsynced = 0
        self._lines = 0
        self._began = time.thread_time()

    @property
    def length(self) -> int:
        return self._file.length + self._waiting

    def add(self, fields: Mapping[str, Any]) -> None:
        self.put(logline.line_of(logline.body_of(fields)))

    def put(self, data: bytes) -> None:
        self._buffer.append(data)
        self._waiting += len(data)
        if self._waiting >= BUFFER:
            self._flush()
            if self._unsynced >= SYNC_EVERY:
                self.sync()

    def _flush(self) -> None:
        self._file.append(b"".join(self._buffer))
        self._unsynced += self._waiting
        self._buffer, self._waiting = [], 0

    def take_a_breath(self) -> None:
        """Called after each line that was read."""
        self._lines += 1
        if not self._lines % LINES and time.thread_time() - self._began > BURST:
            self._breathe()
            self._began = time.thread_time()

    def sync(self) -> None:
        self._flush()
        self._file.sync()
        self._unsynced = 0

    def close(self) -> None:
        self._file.close()


class _Items:
    """Finished items that stand behind each other, on their way into one line."""

    def __init__(self, draft: _Draft) -> None:
        self._draft = draft
        self._loop, self._first, self._size = 0, 0, 0
        self._identities: list[str] = []

    def add(self, loop: int, position: int, identity: str) -> None:
        follows = loop == self._loop and position == self._first + len(self._identities)
        if not follows or len(self._identities) == MOST_KEYS or self._size > MOST_BYTES:
            self.write()
        if not self._identities:
            self._loop, self._first, self._size = loop, position, 0
        self._identities.append(identity)
        self._size += len(identity)

    def write(self) -> None:
        if self._identities:
            self._draft.add({"l": self._loop, "i": self._first, "ks": self._identities})
            self._identities = []


def _squeeze(line: bytes, fields: Mapping[str, Any], items: _Items, draft: _Draft, *, keep: bool) -> None:
    """What the new log says instead of a line. `keep`: the result of a step that is still to be remembered."""
    if "k" in fields and "e" not in fields:
        items.add(*place_of(fields), identity_of(fields))
        return
    items.write()
    if "k" in fields:
        draft.add({name: fields[name] for name in ("k", "v", "i", "l", "e") if name in fields})
    elif keep or "again" in fields or "ks" in fields:
        draft.put(line)


def _copy(path: str, start: int, end: int, put: Callable[[bytes], None]) -> int:
    """The bytes between two offsets of a file, piece by piece. Returns `end`."""
    with open(path, "rb") as file:
        file.seek(start)
        while start < end:
            data = file.read(min(CHUNK, end - start))
            if not data:
                raise OSError(f"{path} ends before byte {end}")
            put(data)
            start += len(data)
    return end
