"""The work of one attempt: goes through sources, commits each item with what belongs to it, keeps it all safe."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, TypeVar

from overnight.agents.artifact import Artifact, Hand
from overnight.agents.guard import Guarded, item_error, line_of
from overnight.agents.heartbeat import Beat
from overnight.agents.hold import Hold
from overnight.agents.orders import Orders
from overnight.agents.report import NEWEST_ERRORS, Report
from overnight.agents.source import Rest
from overnight.state import codec
from overnight.state.checkpoint import Checkpoint, Loop
from overnight.state.errors import NotPossibleNow, WrongUsage
from overnight.state.history import item_errors_of
from overnight.state.records import Count, ItemError
from overnight.state.rundir import RunDir

T = TypeVar("T")

HEAD_EVERY = 1.0
"""Seconds of work after which the head is written again: so much of the log is parsed on a resume."""
HEAD_ITEMS = 20_000
"""The same in items, for loops that are fast."""
NOTHING: Mapping[str, Any] = {}


class Work:
    """What `Run` offers, done. Everything but `sync` belongs to the main thread."""

    def __init__(self, records: RunDir, checkpoint: Checkpoint, report: Report, beat: Beat, orders: Orders) -> None:
        self.directory, self.attempt = records.path, report.attempt
        self._records, self._checkpoint, self._report, self._beat = records, checkpoint, report, beat
        self._orders = orders
        self.hold = Hold(orders, report, beat, self.make_safe)
        self._hand = Hand()
        self._artifacts: dict[str, Artifact] = {}
        self._errors = Artifact(
            "errors.jsonl", records.errors_path, checkpoint.state.errors, self._hand, self.hold.keep
        )
        self._error: ItemError | None = None
        """Of the item in hand."""
        self._dropped = ""
        """The item that was in hand when a loop was left."""
        self._loops_entered, self._inside = 0, False
        self._head_due, self._head_items = 0.0, 0
        self._take_over()

    def _take_over(self) -> None:
        """What earlier attempts did."""
        state, report = self._checkpoint.state, self._report
        report.processed = report.resumed = sum(loop.done for loop in state.loops)
        report.failed, report.counters = state.failed, state.counters
        report.message = "; ".join(self._checkpoint.notes) or None
        if state.errors:
            report.errors.extend(map(line_of, item_errors_of(self._records)[-NEWEST_ERRORS:]))
        self._sum_totals()

    def items(
        self,
        source: Iterable[T],
        key: Callable[[T], str],
        total: int | None,
        weight: Callable[[T], float] | None,
        unit: str | None,
        guard: bool,
    ) -> Iterator[Any]:
        """The loop behind `Run.each`."""
        loop = self._next_loop()
        try:
            rest = self._rest_of(loop, source, key, total, weight)
            report, clock, orders, hand = self._report, self._report.clock, self._orders, self._hand
            report.unit = unit or report.unit
            position = rest.position
            for item in rest.items:
                name = key(item)
                if rest.by_key and rest.passes(item, name):
                    self._pass_over(loop, rest, position, name)
                    position += 1
                    continue
                if orders.pending:
                    self.hold.obey()
                hand.key = report.current = name
                began = clock.monotonic() - clock.excluded
                yield Guarded(item, self._fail) if guard else item
                self._commit(loop, position, name, began, weight(item) if weight else 0.0)
                position += 1
                if orders.pending and loop.total is None:
                    # The source may wait long for its next item. Where the end is known, the last item completes.
                    self.hold.obey()
            self._finish(loop, rest, position)
        finally:
            self._leave()

    def _next_loop(self) -> Loop:
        if self._inside:
            raise NotPossibleNow(
                "a loop over run.each() inside of another one",
                hint="Loop over pairs, or use an ordinary loop inside: the outer item is what is committed.",
            )
        self._inside = True
        self._loops_entered += 1
        return self._checkpoint.state.loop(self._loops_entered - 1)

    def _rest_of(
        self,
        loop: Loop,
        source: Iterable[T],
        key: Callable[[T], str],
        total: int | None,
        weight: Callable[[T], float] | None,
    ) -> Rest[T]:
        before, report = loop.done, self._report
        rest = Rest(source, key, weight, self._checkpoint, loop)
        loop.done = rest.passed_items
        loop.total = len(source) if total is None and isinstance(source, Sized) else total
        report.processed += loop.done - before
        report.resumed += loop.done - before
        report.weigh(rest.passed_weight, sum(map(weight, source)) if weight and isinstance(source, Sized) else None)
        self._sum_totals()
        self._say_what_changed(rest)
        self._beat.wake()
        return rest

    def _pass_over(self, loop: Loop, rest: Rest[T], position: int, key: str) -> None:
        """An item that was finished before this start, found by its key."""
        loop.finish(position, key)
        if not rest.surveyed:
            loop.done += 1
            self._report.processed += 1
            self._report.resumed += 1

    def _commit(self, loop: Loop, position: int, key: str, began: float, weight: float) -> None:
        hand, report, clock = self._hand, self._report, self._report.clock
        now = clock.monotonic()
        # Time in which the process was stopped may be told of late.
        seconds = max(0.0, now - clock.excluded - began)
        outputs = self._write_outputs() if hand.touched else NOTHING
        failed = None if self._error is None else self._committed_error(self._error)
        line = (loop, position, key, int(seconds * 1000), outputs, hand.counters, failed)
        try:
            self._checkpoint.commit(*line)
        except OSError:
            # The log is as it was: nothing that is committed was harmed.
            self.hold.keep(lambda: self._checkpoint.commit(*line))
        self._settle()
        report.processed += 1
        report.weight_done += weight
        report.seconds.append(seconds)
        report.last_commit = now
        self._head_items += 1
        if now >= self._head_due or self._head_items >= HEAD_ITEMS:
            self._save_head()
        if self._beat.asleep:
            self._beat.wake()

    def _write_outputs(self) -> Mapping[str, int]:
        """The bytes of the item come before the line that says how many there are."""
        for artifact in self._hand.touched:
            self.hold.keep(artifact.flush)
        return {each.name: each.length for each in self._hand.touched if each is not self._errors}

    def _committed_error(self, error: ItemError) -> Mapping[str, Any]:
        return {"type": error.type, "message": error.message[:200], "log": self._errors.length}

    def _settle(self) -> None:
        hand = self._hand
        hand.key = None
        if hand.touched:
            for artifact in hand.touched:
                artifact.settle()
            hand.touched.clear()
        if hand.counters:
            hand.counters = {}
        if self._error is not None:
            self._report.failed += 1
            self._error = None

    def _fail(self, error: Exception) -> None:
        """The item in hand failed: it is recorded, and nothing else of it stays."""
        self._hand.forget()
        self._error = self._record(item_error(self._hand.key or "", error, self.attempt, "failed"))
        self._errors.write(codec.encode(self._error))

    def _record(self, error: ItemError) -> ItemError:
        self._report.errors.append(line_of(error))
        return error

    def _finish(self, loop: Loop, rest: Rest[T], position: int) -> None:
        """The source has ended."""
        rest.end()
        loop.total = position
        self._report.current = None
        self._sum_totals()
        self._say_what_changed(rest)

    def _leave(self) -> None:
        """Also when the loop was broken off: the item in hand goes back."""
        self._inside = False
        self._dropped = self._hand.key or ""
        self._error = None
        self._hand.drop()

    def _sum_totals(self) -> None:
        totals = [loop.total for loop in self._checkpoint.state.loops]
        known = [total for total in totals if total is not None]
        self._report.total = sum(known) if known and len(known) == len(totals) else None

    def _say_what_changed(self, rest: Rest[T]) -> None:
        counts = [f"{count} {word}" for count, word in ((rest.new, "new"), (rest.gone, "gone")) if count]
        if counts or rest.changed:
            self._report.message = f"the source changed: {', '.join(counts) or 'another order'}"

    def artifact(self, name: str) -> Artifact:
        """The one output of this name. Raises WrongUsage for a name that leads out of `artifacts/`."""
        if name not in self._artifacts:
            folders = name.split("/")
            if not name or any(part in {"", ".", ".."} for part in folders):
                raise WrongUsage(f"{name!r} cannot be an artifact's name", hint="Use a file name, such as out.jsonl.")
            path = os.path.join(self._records.artifacts_path, name)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            length = self._checkpoint.state.artifacts.get(name, 0)
            self._artifacts[name] = Artifact(name, path, length, self._hand, self.hold.keep)
        return self._artifacts[name]

    def count(self, increments: Mapping[str, Count]) -> None:
        """Add to the counters, as part of the item in hand. Raises NotPossibleNow where there is none."""
        self._hand.need("run.count()")
        counters = self._hand.counters
        for name, value in increments.items():
            counters[name] = counters.get(name, 0) + value

    def sync(self) -> bool:
        """Put on the disk what was committed since the last time, outputs first. False = nothing was."""
        if not self._checkpoint.dirty:
            return False
        self._checkpoint.dirty = False
        for artifact in list(self._artifacts.values()):
            artifact.sync()
        self._checkpoint.sync()
        return True

    def make_safe(self) -> None:
        """Everything that is finished is on the disk, and a resume finds it at once."""
        self._save_head()
        self.sync()

    def _save_head(self) -> None:
        self._head_due = self._report.clock.monotonic() + HEAD_EVERY
        self._head_items = 0
        self.hold.skip_when_full(self._checkpoint.save_head)

    def keep_fatal(self, error: BaseException) -> None:
        """An error that ends this attempt stays on record with the item that was in hand."""
        record = self._record(item_error(self._dropped, error, self.attempt, "ended the attempt"))
        self._report.message = line_of(record)
        self._errors.append(codec.encode(record))
        self._checkpoint.keep_error(self._committed_error(record))

    def close(self) -> None:
        self.make_safe()
        for artifact in (*self._artifacts.values(), self._errors):
            artifact.close()
        self._checkpoint.close()
