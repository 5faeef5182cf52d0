"""Committing: an item's outputs, then the line that says how many bytes they have, then its place in the report.

Everything but `sync` belongs to the thread of the loop. What the disk refuses is tried again where that helps; what
was committed before is never harmed by it.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from overnight.agents.artifact import Artifact
from overnight.agents.guard import item_error, line_of
from overnight.agents.hand import Hand, Hands
from overnight.agents.hold import Hold
from overnight.agents.report import NEWEST_ERRORS, Report
from overnight.agents.transient import is_transient
from overnight.state import codec
from overnight.state.checkpoint import Checkpoint
from overnight.state.errors import WrongUsage
from overnight.state.newest import newest_of
from overnight.state.outputs import cut
from overnight.state.records import ItemError
from overnight.state.rundir import RunDir
from overnight.state.standing import Loop

HEAD_EVERY = 1.0
"""Seconds of work after which the head is written again: so much of the log is parsed on a resume."""
HEAD_ITEMS = 4000
"""The same in items, for loops that are fast."""
LONGEST_MESSAGE = 200
"""Characters of an error's message in the log; errors.jsonl has all of it."""
NOTHING: Mapping[str, Any] = {}


class Commits:
    """The one place from which the checkpoint and the outputs are written."""

    def __init__(
        self, records: RunDir, checkpoint: Checkpoint, report: Report, wake: Callable[[], None], *, power: bool
    ) -> None:
        """`wake` is called after each commit, for what reports and syncs. `power`: synced before it counts as done."""
        self.checkpoint, self.hands = checkpoint, Hands()
        report.holds_current = lambda: self.hands.attended is not None
        self.hold: Hold
        """Given by whoever makes both: it keeps what is committed safe before it stands still."""
        self.watch: Callable[[], None] | None = None
        """Called after each commit, to look at what was counted."""
        self.mark_cursors: Callable[[], None] = lambda: None
        """Called before the head is written: sources say how far they were read."""
        self._records, self._report, self._wake, self._power = records, report, wake, power
        self._artifacts: dict[str, Artifact] = {}
        cut(records.errors_path, checkpoint.standing.errors)
        self._errors = self._made("errors.jsonl", records.errors_path, checkpoint.standing.errors, 0)
        self._active_before = checkpoint.standing.active
        self._head_due, self._head_items = 0.0, 0
        self.take_over()

    def take_over(self) -> None:
        """Report what earlier attempts did."""
        standing, report = self.checkpoint.standing, self._report
        report.processed = report.resumed = sum(loop.done for loop in standing.loops)
        report.failed, report.counters = standing.failed, standing.counters
        report.message = "; ".join(self.checkpoint.notes) or None
        if standing.errors:
            report.errors.clear()
            report.errors.extend(map(line_of, newest_of(ItemError, self._records.errors_path).records[-NEWEST_ERRORS:]))

    def artifact(self, name: str) -> Artifact:
        """The one output of this name. Raises WrongUsage for a name that leads out of `artifacts/`."""
        if name not in self._artifacts:
            parts = name.split("/")
            if not name or any(part in {"", ".", ".."} for part in parts) or "\0" in name:
                raise WrongUsage(f"{name!r} cannot be an artifact's name", hint="Use a file name, such as out.jsonl.")
            standing = self.checkpoint.standing
            path = os.path.join(self._records.artifacts_path, name)
            length, number = standing.artifacts.get(name, 0), standing.files.get(name, 0)
            # Threads may ask for the same one at the same time.
            self._artifacts.setdefault(name, self._made(name, path, length, number))
        return self._artifacts[name]

    def _made(self, name: str, path: str, length: int, number: int) -> Artifact:
        artifact = Artifact(name, path, length, number, self.hands, self._keep)
        artifact.commit_alone = self._replace_alone
        return artifact

    def _keep(self, write: Callable[[], object]) -> None:
        self.hold.keep(write)

    def commit(self, hand: Hand, loop: Loop, began: float, weight: float) -> None:
        """The item is finished, or failed for good. `began`: its moment of the clock, without what is excluded;
        `weight`: what it has of the loop's work.
        """
        report = self._report
        clock = report.clock
        now = clock.monotonic()
        seconds = now - clock.excluded - began
        if seconds < 0:
            # Time in which the process was stopped may be told of late.
            seconds = 0.0
        outputs = self._append_outputs(hand) if hand.appended else NOTHING
        rare = hand.error or hand.replaced or hand.tries > 1 or hand.key is not hand.identity
        more = self._rarer_fields(hand) if rare else None
        milliseconds = int(seconds * 1000)
        write = self.checkpoint.commit
        try:
            write(loop, hand.position, hand.identity, milliseconds, outputs, hand.counters, more)
        except OSError:
            # The log is as it was: nothing that is committed was harmed.
            line = (loop, hand.position, hand.identity, milliseconds, outputs, hand.counters, more)
            self.hold.keep(partial(write, *line))
        self._settle(hand)
        report.processed += 1
        report.weight_done += weight
        report.seconds.append(seconds)
        report.last_commit = now
        self._head_items += 1
        if now >= self._head_due or self._head_items >= HEAD_ITEMS:
            self.save_head()
        self._wake()
        if self.watch is not None:
            self.watch()

    def _append_outputs(self, hand: Hand) -> dict[str, int]:
        """The bytes of the item come before the line that says how many there are."""
        lengths: dict[str, int] = {}
        for artifact, pieces in hand.appended.items():
            try:
                artifact.append(pieces)
            except OSError:
                # The file is as it was.
                self.hold.keep(partial(artifact.append, pieces))
            if self._power:
                self.hold.keep(artifact.sync_appended)
            if artifact is not self._errors:
                lengths[artifact.name] = artifact.length
        return lengths

    def _rarer_fields(self, hand: Hand) -> dict[str, Any]:
        more: dict[str, Any] = {}
        if hand.key is not hand.identity:
            more["v"] = hand.identity[len(hand.key) + 1 :]
        if hand.tries > 1:
            more["n"] = hand.tries
        if hand.replaced:
            more["w"] = {artifact.name: self._put(artifact, content) for artifact, content in hand.replaced.items()}
        if hand.error is not None:
            more["e"] = self._committed_error(hand.error)
        return more

    def _put(self, artifact: Artifact, content: bytes) -> int:
        self.hold.keep(lambda: artifact.put_content(content, sync=self._power))
        return artifact.number + 1

    def _committed_error(self, error: ItemError) -> dict[str, Any]:
        return {"type": error.type, "message": error.message[:LONGEST_MESSAGE], "log": self._errors.length}

    def _settle(self, hand: Hand) -> None:
        if hand.appended:
            for artifact in hand.appended:
                artifact.committed = artifact.length
            hand.appended = {}
        if hand.replaced:
            for artifact in hand.replaced:
                self.hold.keep(artifact.take_content)
            hand.replaced = {}
            # It may have been synced since the line was written: their places were not.
            self.checkpoint.dirty = True
        if hand.counters:
            hand.counters = {}
        hand.tries = 1
        if hand.error is not None:
            self._report.failed += 1
            hand.error = None

    def _replace_alone(self, artifact: Artifact, content: bytes) -> None:
        """With no item in hand."""
        number = self._put(artifact, content)
        self.note(w={artifact.name: number})
        self.hold.keep(artifact.take_content)
        self.checkpoint.dirty = True
        self._wake()

    def fail(self, hand: Hand, error: Exception) -> None:
        """The item failed: it is recorded with the item, and nothing else of it stays."""
        hand.forget()
        record = item_error(
            hand.key, error, self._report.attempt, "quarantined", tries=hand.tries, transient=is_transient(error)
        )
        self._report.errors.append(line_of(record))
        hand.error = record
        hand.appended[self._errors] = [codec.encode(record)]

    def note(self, **fields: Any) -> None:
        """A line of the log that finishes no item. Waits where the disk is full; raises what `Checkpoint.note` does."""
        self.hold.keep(lambda: self.checkpoint.note(**fields))

    def keep_value(self, name: str, value: Any) -> None:
        """Remember a small value over restarts. `value`: what JSON can hold."""
        self.note(keep={name: value})

    def kept(self, name: str) -> Any:
        """The value that was kept last; None = none was."""
        return self.checkpoint.standing.kept.get(name)

    def active_seconds(self) -> float:
        """Of this attempt and those before it; a kill may cost the last second of each."""
        return self._active_before + self._report.clock.active()

    def sync(self) -> bool:
        """Put on the disk what was committed since the last time, outputs first. False = nothing was."""
        if not self.checkpoint.dirty:
            return False
        self.checkpoint.dirty = False
        try:
            for artifact in list(self._artifacts.values()):
                artifact.sync()
            self.checkpoint.sync()
        except OSError:
            # Not until the next commit: what is finished may be the last.
            self.checkpoint.dirty = True
            raise
        return True

    def _sync_now(self) -> None:
        self.sync()

    def make_safe(self) -> None:
        """Everything that is finished is on the disk, and a resume finds it at once."""
        self.save_head()
        self.hold.keep(self._sync_now)

    def save_head(self) -> None:
        self._head_due = self._report.clock.monotonic() + HEAD_EVERY
        self._head_items = 0
        self.mark_cursors()
        self.checkpoint.standing.active = self.active_seconds()
        self.hold.skip_when_full(self.checkpoint.save_head)

    def keep_fatal(self, key: str, error: BaseException) -> None:
        """An error that ends this attempt stays on record with the item that was in hand. Raises OSError."""
        record = item_error(key, error, self._report.attempt, "ended the attempt")
        self._report.errors.append(line_of(record))
        self._report.message = line_of(record)
        self._errors.append([codec.encode(record)])
        self._errors.committed = self._errors.length
        self.checkpoint.note(e=self._committed_error(record))

    def close(self) -> None:
        """Raises OSError where what is finished could not be put on the disk."""
        self.save_head()
        self.sync()
        for artifact in (*self._artifacts.values(), self._errors):
            artifact.close()
        self.checkpoint.close()
