"""The parts of one attempt, put together: what `Run` hands out to its author."""

import sys
import time

from overnight.agents.budget import Budget
from overnight.agents.commits import Commits
from overnight.agents.heartbeat import Beat
from overnight.agents.hold import Hold
from overnight.agents.loops import DEATHS, Loops
from overnight.agents.marks import Marks, deaths_after, died_by_itself
from overnight.agents.orders import Orders
from overnight.agents.report import Report
from overnight.agents.steps import Steps
from overnight.state import process
from overnight.state.checkpoint import Checkpoint
from overnight.state.history import history_of
from overnight.state.records import Attempt, Verb
from overnight.state.rundir import RunDir

RETRIED = "retried"
"""The kept value: number of the newest request to do failed items again that was obeyed."""
MOST_IN_LINE = 1000
"""Items that one line of the log says are to be done again."""


class Work:
    """One attempt. Made when its checkpoint is open; everything but `commits.sync` belongs to the main thread."""

    def __init__(
        self, records: RunDir, checkpoint: Checkpoint, report: Report, beat: Beat, orders: Orders, *, power: bool
    ) -> None:
        self.records, self.attempt, self.report = records, report.attempt, report
        self.commits = Commits(records, checkpoint, report, beat.wake_if_asleep, power=power)
        self.hold = self.commits.hold = Hold(orders, report, beat, self.commits.make_safe)
        self.marks = Marks(records.file("in-hand"))
        self._judge_last_death(checkpoint)
        self._begin_again(checkpoint)
        self.loops = Loops(self.commits, report, beat, orders, self.hold, self.marks)
        self.steps, self.budget = Steps(self.commits), Budget(self.commits, self.hold)

    def _judge_last_death(self, checkpoint: Checkpoint) -> None:
        """What the last process had in hand counts against it, if nobody else ended that process."""
        before = self.commits.kept(DEATHS) or {}
        last = self.records.attempt(self.attempt - 1) if self.attempt > 1 else None
        if not self.marks.left or not died_by_itself(
            last if isinstance(last, Attempt) else None,
            self.records.requests()[0],
            history_of(self.records),
            process.boot_id(),
        ):
            return
        checkpoint.note(keep={DEATHS: deaths_after(before, self.marks.left)})

    def _begin_again(self, checkpoint: Checkpoint) -> None:
        """An operator asked for the failed items once more: they are not finished any longer."""
        asked = [each.number for each in self.records.requests()[0] if _asks_for_errors(each.verb, each.options)]
        if not asked or asked[-1] <= (self.commits.kept(RETRIED) or 0):
            return
        for index, identities in checkpoint.failed_items().items():
            for start in range(0, len(identities), MOST_IN_LINE):
                checkpoint.note(l=index, again=identities[start : start + MOST_IN_LINE])
        checkpoint.note(keep={RETRIED: asked[-1], DEATHS: {}})
        self.commits.take_over()

    def log(self, text: str) -> None:
        """A line on stdout, which is the run's log, and the run's message."""
        hand = self.commits.hands.here()
        where = f" {hand.key}:" if hand is not None and hand.key else ""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        sys.stdout.write(f"{stamp}{where} {text}\n")
        sys.stdout.flush()
        self.report.message = text


def _asks_for_errors(verb: Verb, options: object) -> bool:
    return verb is Verb.RESUME and isinstance(options, dict) and options.get("errors") is True
