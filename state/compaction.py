"""The checkpoint log in a shorter form: the same finished items, many to a line, and one line that says the rest.

Written beside the log by a thread of its own while the agent works on: a log's beginning never changes. The agent
then adds what it has appended meanwhile, and puts the new log in the place of the old one. At a kill at any moment
one of them is there whole; the head that follows names the new one's generation.
"""

import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from overnight.state import codec, lock, logline
from overnight.state.appending import AppendFile
from overnight.state.atomic import discard
from overnight.state.rundir import RunDir
from overnight.state.standing import Standing, identity_of

LEAST = 32 << 20
"""Bytes: a shorter log is left as it is."""
GROWTH = 3
"""A log is due again when it has grown to so many times the length that its shorter form had."""
MOST_KEYS = 256
"""Finished items in a line."""


def draft_path(run: RunDir) -> str:
    return run.file(".checkpoint.log.draft")


class Compaction:
    """One of them, from the moment it is due until the new log is in its place or given up."""

    def __init__(self, run: RunDir, head: dict[str, Any]) -> None:
        """Begins at once. `head`: the head as it is now, which says what the log says up to here."""
        self.generation = secrets.token_hex(8)
        self.ended = False
        self._run = run
        self._head: dict[str, Any] = json.loads(codec.to_json(head))
        self._end: int = head["offset"]
        """The log up to here is put into the shorter form; what follows is added as it is."""
        self._moved: dict[int, int] = {}
        """Where what an offset of the old log names is in the new one."""
        self._draft: AppendFile | None = None
        self._given_up = False
        self._thread = threading.Thread(target=self._write, name="overnight-compaction", daemon=True)
        self._thread.start()

    @staticmethod
    def if_due(run: RunDir, head: dict[str, Any]) -> "Compaction | None":
        due = head["offset"] >= max(LEAST, GROWTH * head["compacted"])
        return Compaction(run, head) if due else None

    def _write(self) -> None:
        discard(draft_path(self._run))
        draft: AppendFile | None = None
        try:
            draft = AppendFile(draft_path(self._run), os.O_RDWR)
            self._fill(draft)
            draft.sync()
            self._draft = draft
        except OSError:
            # No room for two logs: the long one serves as well.
            _drop(draft)
        self.ended = True

    def _fill(self, draft: AppendFile) -> None:
        _add(draft, {"generation": self.generation, "version": codec.VERSION, "compacted": True})
        named = {loop["since"] for loop in self._head["loops"]}
        named |= {offset for steps in self._head["steps"].values() for offset, _ in steps.values()}
        items = _Items(draft)
        offset = 0
        for line in _lines(self._run, self._end):
            if offset in named:
                items.write()
                self._moved[offset] = draft.length
            _squeeze(line, items, draft, keep=offset in named)
            offset += len(line)
            if self._given_up:
                raise OSError("given up")
        items.write()
        _add(draft, {"base": self._moved_head()})

    def _moved_head(self) -> Mapping[str, Any]:
        for loop in self._head["loops"]:
            loop["since"] = self._moved.get(loop["since"], 0)
        for steps in self._head["steps"].values():
            for place in steps.values():
                place[0] = self._moved[place[0]]
        return self._head

    def take_over(self, log: AppendFile, standing: Standing) -> AppendFile | None:
        """The new log in the place of the old one, which is closed; None = it is not, and nothing has changed."""
        self._thread.join()
        draft = self._draft
        if draft is None:
            return None
        shift = draft.length - self._end
        try:
            lock.take(draft.descriptor)
            draft.append(log.read(self._end, log.length - self._end))
            draft.sync()
            os.rename(draft.path, log.path)
        except OSError:
            _drop(draft)
            return None
        draft.path = log.path
        log.close()
        self._tell(standing, shift)
        return draft

    def _tell(self, standing: Standing, shift: int) -> None:
        """Offsets in the standing follow what they name."""

        def moved(offset: int) -> int:
            return offset + shift if offset >= self._end else self._moved.get(offset, 0)

        standing.compacted, standing.offset = self._end + shift, standing.offset + shift
        for loop in standing.loops:
            loop.since = moved(loop.since)
        for steps in standing.steps.values():
            for name, (offset, length) in steps.items():
                steps[name] = (moved(offset), length)

    def abandon(self) -> None:
        """The agent ends: the log stays as it is."""
        self._given_up = True
        self._thread.join()
        _drop(self._draft)


class _Items:
    """Finished items that stand behind each other, on their way into one line."""

    def __init__(self, draft: AppendFile) -> None:
        self._draft = draft
        self._loop, self._first = 0, 0
        self._identities: list[str] = []

    def add(self, loop: int, position: int, identity: str) -> None:
        follows = loop == self._loop and position == self._first + len(self._identities)
        if not follows or len(self._identities) == MOST_KEYS:
            self.write()
        if not self._identities:
            self._loop, self._first = loop, position
        self._identities.append(identity)

    def write(self) -> None:
        if self._identities:
            _add(self._draft, {"l": self._loop, "i": self._first, "ks": self._identities})
            self._identities = []


def _squeeze(line: bytes, items: _Items, draft: AppendFile, *, keep: bool) -> None:
    """What the new log says instead of a line. `keep`: something names this line."""
    fields = logline.parse(line) or {}
    if "k" in fields and "e" not in fields:
        items.add(fields.get("l", 0), fields.get("i", 0), identity_of(fields))
        return
    items.write()
    if "k" in fields:
        _add(draft, {name: fields[name] for name in ("k", "v", "i", "l", "e") if name in fields})
    elif keep or "again" in fields or "ks" in fields:
        draft.append(line)


def _add(draft: AppendFile, fields: Mapping[str, Any]) -> None:
    draft.append(logline.line_of(logline.body_of(fields)))


def _lines(run: RunDir, end: int) -> Iterator[bytes]:
    with open(run.checkpoint_log_path, "rb") as file:
        while file.tell() < end:
            yield file.readline()


def _drop(draft: AppendFile | None) -> None:
    if draft is not None:
        draft.close()
        discard(draft.path)
