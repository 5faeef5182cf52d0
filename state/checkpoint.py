"""The open checkpoint of a run: the append log of finished items, and the head that summarises it.

One line for each finished item, each with one write to a file opened for append, behind the bytes of the outputs
that belong to it. The head is a summary of the log up to an offset, replaced atomically; only what lies behind it is
parsed when the run goes on. Nothing here knows a source or a process: positions and identities come from outside.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from overnight.state import codec, logline, readback
from overnight.state.atomic import replace, sync_folder
from overnight.state.compaction import Compaction
from overnight.state.records import Count
from overnight.state.reopening import reopen
from overnight.state.rundir import RunDir
from overnight.state.standing import Loop


class Checkpoint:
    """For the one agent process of a run. Every method may raise OSError; nothing is lost by that."""

    def __init__(self, run: RunDir, *, power: bool = False) -> None:
        """Open it, or begin it; afterwards log, head and outputs fit together.

        `power`: what is committed is on the disk before `commit` returns. Raises AlreadySupervised where another
        process has it open: two writers would tear it.
        """
        self._log, self.generation, self.standing, self.notes = reopen(run, power=power)
        self.session = self.standing.session + 1
        self.dirty = False
        """Something was written that is not synced."""
        self._run, self._power = run, power
        self._lock = threading.RLock()
        """Threads that work on items beside each other remember steps of theirs."""
        self._syncing = threading.Lock()
        """Held by who syncs the log, and by who closes it."""
        self._renamed = False
        """The log has got its name since the folder was synced."""
        self._compaction: Compaction | None = None
        self._least_to_compact = 0
        """Bytes of the log below which it need not be tried once more."""

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

        `more`: the rarer fields of its line, by their names there (`logline.item_line`).
        """
        key = identity if more is None or "v" not in more else identity[: -len(more["v"]) - 1]
        line = logline.item_line(key, position, self.session, milliseconds, loop.index, outputs, counters, more)
        with self._lock:
            self.standing.offset += self._append(line)
            self.standing.settle(loop, position, identity, outputs, counters, more)

    def note(self, **fields: Any) -> None:
        """One line that finishes no item: `keep`, `e`, `w`, `again`, `step`, as `Standing.apply` takes them.

        Raises TypeError or ValueError for what JSON cannot hold; nothing is written then.
        """
        said = {"s": self.session, **fields}
        line = logline.line_of(logline.body_of(said))
        with self._lock:
            self.standing.apply(said, self._append(line))

    def reorder(self, loop: Loop) -> None:
        """The loop's source has another order from now on; what the log holds of it counts by identity."""
        self.note(l=loop.index, reordered=True)

    def _append(self, line: bytes) -> int:
        """Its length."""
        self._log.append(line)
        if self._power:
            try:
                self.sync()
            except OSError:
                # Not done: whoever tries again writes it anew.
                self._log.take_back(self._log.length - len(line))
                raise
        else:
            self.dirty = True
        return len(line)

    def result_of(self, scope: str, name: str) -> Any:
        """The remembered result of a step. Raises KeyError where there is none."""
        with self._lock:
            offset, length = self.standing.steps[scope][name]
            line = logline.parse(self._log.read(offset, length))
        return (line or {})["result"]

    def finished_keys(self, loop: Loop, from_position: int = 0) -> Counter[str]:
        """`readback.finished_keys` of this log."""
        return readback.finished_keys(self._run, loop.index, self.standing.offset, from_position)

    def finished_versions(self, loop: Loop, from_position: int = 0) -> Counter[str]:
        """`readback.finished_versions` of this log."""
        return readback.finished_versions(self._run, loop.index, self.standing.offset, from_position)

    def failed_items(self) -> dict[int, list[str]]:
        """`readback.failed_items` of this log."""
        return readback.failed_items(self._run, self.standing.offset)

    def save_head(self) -> None:
        """Replace the head. Until then a resume reads more of the log: never less is known."""
        with self._lock:
            if self._log.descriptor < 0:
                # In a forked child: the head is its parent's to write.
                return
            self._take_over_compacted()
            self.standing.session = self.session
            plain = {"generation": self.generation, **self.standing.plain()}
            replace(self._run.checkpoint_path, codec.to_json(plain) + b"\n", sync=self._power)
            if self._compaction is None and self.standing.offset >= self._least_to_compact:
                self._compaction = Compaction.if_due(self._run, plain, lambda: self.standing.offset)

    def _take_over_compacted(self) -> None:
        """Go on in the log's shorter form, if it is ready."""
        if self._compaction is None or not self._compaction.ended:
            return
        compaction, self._compaction = self._compaction, None
        taken = compaction.take_over(self.standing)
        if taken is None:
            # A disk without room has none for the next try either.
            self._least_to_compact = 2 * self.standing.offset
            return
        with self._syncing:
            replaced, self._log = self._log, taken
            self.generation, self._renamed = compaction.generation, True
            try:
                replaced.close()
            except OSError:
                # All that it held is in the new one, which is synced.
                pass
        self.dirty = True

    def sync(self) -> None:
        """Wait until the log is on the disk, under its name."""
        with self._syncing:
            if self._renamed:
                sync_folder(self._run.path)
                self._renamed = False
            self._log.sync()

    def close(self) -> None:
        if self._compaction is not None:
            self._compaction.abandon()
        with self._syncing:
            self._log.close()

    def forget(self) -> None:
        """In a forked child: its copy of the descriptor would hold the lock when the agent is gone."""
        # Another thread may have held them at the fork, and there is none here.
        self._lock, self._syncing = threading.RLock(), threading.Lock()
        self._log.close()
        if self._compaction is not None:
            self._compaction.forget()
