"""The open checkpoint of a run: the append log of finished items, and the head that summarises it.

One line for each finished item, each with one write to a file opened for append, behind the bytes of the outputs
that belong to it. The head is a summary of the log up to an offset, replaced atomically; only what lies behind it is
parsed when the run goes on. Nothing here knows a source or a process: positions and identities come from outside.

What is opened fits together: a torn tail is cut before anything is appended, each output is cut to its committed
length, and where one is shorter than the log says, the log goes back to the last line that fits.
"""

import json
import os
import secrets
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from overnight.state import codec, lock, logline
from overnight.state.appending import AppendFile
from overnight.state.atomic import discard, replace, sync_folder
from overnight.state.compaction import Compaction, draft_path
from overnight.state.errors import AlreadySupervised
from overnight.state.records import Count
from overnight.state.rundir import RunDir
from overnight.state.standing import DOES_NOT_FIT, Loop, Standing, identity_of, scope_of, standing_of


class Checkpoint:
    """For the one agent process of a run. Every method may raise OSError; nothing is lost by that."""

    def __init__(self, run: RunDir, *, power: bool = False) -> None:
        """Open it, or begin it; afterwards log, head and outputs fit together.

        `power`: what is committed is on the disk before `commit` returns. Raises AlreadySupervised where another
        process has it open: two writers would tear it.
        """
        self.notes: list[str] = []
        """What had to be repaired, in words for the operator."""
        self.dirty = False
        """Something was written that is not synced."""
        self._run, self._power = run, power
        self._lock = threading.RLock()
        """Threads that work on items beside each other remember steps of theirs."""
        self._compaction: Compaction | None = None
        self._log = _opened(run)
        try:
            self._open()
        except BaseException:
            self._log.close()
            raise
        self.session = self.standing.session + 1

    def _open(self) -> None:
        self.generation, first, compacted = _beginning_of(self._run.checkpoint_log_path)
        head = self._usable_head()
        self.standing = head or Standing(first)
        self._replay(whole=head is not None or not compacted)
        if head is None:
            # A head that was not used must not come to fit by accident when the log has grown again.
            _set_aside(self._run.checkpoint_path)
        self._cut_log()
        if not self.standing.offset:
            self.generation = secrets.token_hex(8)
            self._append(logline.body_of({"generation": self.generation, "version": codec.VERSION}))
        for name, length in self.standing.artifacts.items():
            cut(self._artifact(name), length)
        for name, number in self.standing.files.items():
            _finish_replacing(self._artifact(name), number)
        if self._power:
            sync_folder(self._run.path)

    def _artifact(self, name: str) -> str:
        return os.path.join(self._run.artifacts_path, name)

    def _usable_head(self) -> Standing | None:
        """The head, if it is of this log and what it promises is there."""
        try:
            with open(self._run.checkpoint_path, "rb") as file:
                raw = file.read()
        except FileNotFoundError:
            return None
        try:
            plain = json.loads(raw)
            standing = standing_of(plain)
        except DOES_NOT_FIT:
            self.notes.append("checkpoint.json was damaged: set aside, and the whole log was read")
            return None
        there = self._ends_a_line(standing.offset) and plain["generation"] == self.generation
        return standing if there and self._fits(standing.artifacts) else None

    def _ends_a_line(self, offset: int) -> bool:
        return offset > 0 and os.pread(self._log.descriptor, 1, offset - 1) == b"\n"

    def _replay(self, *, whole: bool) -> None:
        """Apply the lines behind the standing. `whole` = it needs no base to make sense."""
        sizes: dict[str, int] = {}
        for line in lines_of(self._run, self.standing.offset):
            fields = logline.parse(line)
            if fields is None:
                break
            outputs = fields["base"].get("artifacts", {}) if "base" in fields else fields.get("o", {})
            if not self._fits(outputs, sizes):
                self.notes.append(
                    "an output was shorter than the checkpoint says: went back to the last item that fits"
                )
                break
            try:
                self.standing.apply(fields, len(line))
            except DOES_NOT_FIT:
                break
            whole = whole or "base" in fields
        if not whole:
            # Of a log in its shorter form only the whole can be believed: begin anew, under another generation.
            self.standing = Standing()

    def _fits(self, lengths: Mapping[str, int], known: dict[str, int] | None = None) -> bool:
        """Whether every output is as long as it should be. `known`: sizes that were looked up before."""
        known = {} if known is None else known
        for name, length in lengths.items():
            if name not in known:
                known[name] = _size(self._artifact(name))
            if known[name] < length:
                return False
        return True

    def _cut_log(self) -> None:
        """Cut what does not count before anything is appended. More than a torn line is kept beside the log."""
        end = self.standing.offset
        tail = self._log.read(end, self._log.length - end)
        if tail.count(b"\n") > 1:
            replace(self._run.file(f"checkpoint.log.cut-{end}"), tail)
        self._log.cut(end)

    def loop(self, index: int) -> Loop:
        return self.standing.loop(index)

    def commit(
        self,
        loop: Loop,
        position: int,
        identity: str,
        milliseconds: int,
        outputs: Mapping[str, int],
        counters: Mapping[str, Count],
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """The item is finished. Its outputs are written already; `outputs`: name -> length with it.

        `more`: the rarer fields of its line, by their names there (`logline.item_body`).
        """
        key = identity if more is None or "v" not in more else identity[: -len(more["v"]) - 1]
        body = logline.item_body(key, position, self.session, milliseconds, loop.index, outputs, counters, more)
        with self._lock:
            self._append(body)
            self._settle(loop, position, identity, outputs, counters, more)

    def _settle(
        self,
        loop: Loop,
        position: int,
        identity: str,
        outputs: Mapping[str, int],
        counters: Mapping[str, Count],
        more: Mapping[str, Any] | None,
    ) -> None:
        """The line is written: what it says holds."""
        standing = self.standing
        loop.finish(position, identity)
        loop.done += 1
        if outputs:
            standing.artifacts.update(outputs)
        if counters:
            for name, value in counters.items():
                standing.counters[name] = standing.counters.get(name, 0) + value
        if standing.steps:
            standing.steps.pop(scope_of(loop.index, identity), None)
        if more:
            standing.files.update(more.get("w", {}))
            if "e" in more:
                standing.errors = more["e"]["log"]
                standing.failed += 1

    def note(self, **fields: Any) -> None:
        """One line that finishes no item: `keep`, `e`, `w`, `again`, `step`, as `Standing.apply` takes them.

        Raises TypeError or ValueError for what JSON cannot hold; nothing is written then.
        """
        line = {"s": self.session, **fields}
        body = logline.body_of(line)
        with self._lock:
            self.standing.apply(line, self._append(body, count=False))

    def reorder(self, loop: Loop) -> None:
        """The loop's source has another order from now on; what the log holds of it counts by identity."""
        self.note(l=loop.index, reordered=True)

    def _append(self, body: bytes, *, count: bool = True) -> int:
        line = logline.line_of(body)
        if self._power:
            self._append_synced(line)
        else:
            self._log.append(line)
        self.dirty = True
        if count:
            self.standing.offset += len(line)
        return len(line)

    def _append_synced(self, line: bytes) -> None:
        before = self._log.length
        self._log.append(line)
        try:
            self._log.sync()
        except OSError:
            # Whoever tries again writes it anew: the kernel takes what it failed to sync for written.
            self._log.cut(before)
            raise

    def result_of(self, scope: str, name: str) -> Any:
        """The remembered result of a step. Raises KeyError where there is none."""
        with self._lock:
            offset, length = self.standing.steps[scope][name]
            line = logline.parse(self._log.read(offset, length))
        return (line or {})["result"]

    def finished_keys(self, loop: Loop, start: int, end: int, from_position: int = 0) -> Counter[str]:
        """Identities of the loop's items between two offsets of the log, each as often as it was finished.

        Less often than never: it was finished before `start` or `from_position`, and is to be done again.
        """
        keys: Counter[str] = Counter()
        session = 0
        for line in lines_of(self._run, start, end):
            fields = logline.parse(line) or {}
            if fields.get("s", session) < session or fields.get("l", 0) != loop.index:
                continue
            session = fields.get("s", session)
            position = fields.get("i", 0)
            if "k" in fields:
                keys[identity_of(fields)] += position >= from_position
            elif "ks" in fields:
                keys.update(fields["ks"][max(0, from_position - position) if "i" in fields else 0 :])
            elif "again" in fields:
                keys.subtract(fields["again"])
        return keys

    def failed_items(self) -> dict[int, list[str]]:
        """Of each loop the identities of the finished items that failed. Reads the whole log."""
        found: dict[int, Counter[str]] = {}
        for line in lines_of(self._run, 0, self.standing.offset):
            # Most lines are neither: they need not be parsed.
            if b'"e":{' in line or b'"again":[' in line:
                fields = logline.parse(line) or {}
                failed = found.setdefault(fields.get("l", 0), Counter())
                failed.subtract(fields.get("again", ()))
                failed.update([identity_of(fields)] if "k" in fields and "e" in fields else ())
        return {index: list(failed.elements()) for index, failed in found.items() if failed.total()}

    def save_head(self) -> None:
        """Replace the head. Until then a resume reads more of the log: never less is known."""
        with self._lock:
            self._take_over_compacted()
            self.standing.session = self.session
            plain = {"generation": self.generation, **self.standing.plain()}
            replace(self._run.checkpoint_path, codec.to_json(plain) + b"\n", sync=self._power)
            if self._compaction is None:
                self._compaction = Compaction.if_due(self._run, plain)

    def _take_over_compacted(self) -> None:
        """Go on in the log's shorter form, if it is ready."""
        if self._compaction is None or not self._compaction.ended:
            return
        compaction, self._compaction = self._compaction, None
        taken = compaction.take_over(self._log, self.standing)
        if taken is not None:
            self._log, self.generation = taken, compaction.generation

    def sync(self) -> None:
        """Wait until the log is on the disk."""
        self._log.sync()

    def close(self) -> None:
        if self._compaction is not None:
            self._compaction.abandon()
        self._log.close()

    def forget(self) -> None:
        """In a forked child: its copy of the descriptor would hold the lock when the agent is gone."""
        self._log.close()


def lines_of(run: RunDir, start: int, end: int | None = None) -> Iterator[bytes]:
    """The lines of a run's log from one offset to another, or to its end."""
    with open(run.checkpoint_log_path, "rb") as file:
        file.seek(start)
        for line in file:
            if end is not None and start >= end:
                return
            start += len(line)
            yield line


def cut(path: str, length: int) -> None:
    """Cut a file that is longer than what was committed of it."""
    try:
        if os.stat(path).st_size > length:
            os.truncate(path, length)
    except FileNotFoundError:
        pass


def content_path(path: str, number: int) -> str:
    """Where content number `number` of an output that is replaced as a whole waits to be committed."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.content-{number}")


def _finish_replacing(path: str, number: int) -> None:
    """Committed content takes its place; what came after it was never committed."""
    try:
        os.replace(content_path(path, number), path)
    except FileNotFoundError:
        # It is in its place already.
        pass
    discard(content_path(path, number + 1))


def _opened(run: RunDir) -> AppendFile:
    """The log, held against other processes for as long as it is open."""
    while True:
        log = AppendFile(run.checkpoint_log_path, os.O_RDWR)
        try:
            if not lock.take_after_end(log.descriptor):
                raise AlreadySupervised(
                    f"another process of {run.id} still writes its checkpoint",
                    hint="It ends by itself, or with `overnight kill`; then start again.",
                )
            # Whoever held it may have put a shorter log in its place.
            if os.path.samestat(os.fstat(log.descriptor), os.stat(run.checkpoint_log_path)):
                discard(draft_path(run))
                return log
        except BaseException:
            log.close()
            raise
        log.close()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def _beginning_of(path: str) -> tuple[str, int, bool]:
    """Which log this is, where its items begin, and whether it is in the shorter form.

    ("", 0, False) = an empty log, or one of another writer.
    """
    with open(path, "rb") as file:
        line = file.readline()
    fields = logline.parse(line) or {}
    generation = fields.get("generation")
    if not isinstance(generation, str):
        return "", 0, False
    return generation, len(line), bool(fields.get("compacted"))


def _set_aside(path: str) -> None:
    try:
        os.replace(path, path + ".unused")
    except FileNotFoundError:
        pass
