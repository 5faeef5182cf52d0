"""The supervisor at work: sleeps, looks, asks `decide`, has it done; until the run is over."""

import os
import signal
import time

from overnight.agents.supervisor.acts import Acts
from overnight.agents.supervisor.bell import Bell
from overnight.agents.supervisor.bounding import Log
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.decide import decide
from overnight.agents.supervisor.facts import Wait
from overnight.agents.supervisor.ledger import Ledger
from overnight.agents.supervisor.report import Say
from overnight.agents.supervisor.situation import Situation
from overnight.state.records import Spec
from overnight.state.rundir import RunDir

LOOK_AFTER = 5.0
"""Seconds until everything is looked at again: the most that a lost ring costs, or a full disk that has room again."""
CLOSELY_FIRST, CLOSELY_LAST = 0.02, 0.5
"""Seconds between two looks while something is expected that nobody rings for; they grow."""


class Supervisor:
    """Of one run. Whoever makes it holds the run's lock; the process in which it works may be a copy of his."""

    _bell: Bell

    def __init__(self, run: RunDir, spec: Spec, child: Child, say: Say, admitted: bool) -> None:
        self._ledger = Ledger(run)
        self._at = Situation(run, spec, child, admitted)
        self._unended = self._at.recall()
        """What was begun before, and is to be watched or judged."""
        self._acts = Acts(self._at, self._ledger, say)
        self._log = Log(run, spec.log_limit)
        self._executed = 0
        self._closely = CLOSELY_FIRST

    def work(self) -> bool:
        """Until the run is over and that is on record, or until it is left to others. Whether the queue is to go on.

        Not where this process was told to end: a machine that shuts down would start the next run only to cut it off.
        """
        self._bell = Bell()
        self._at.begin()
        self._take_over()
        # Before the first look: who asks after it can ring.
        self._ledger.supervisor(self._at.record())
        while not (self._acts.over or self._acts.left):
            self._at.look()
            if self._at.child.ending is not None:
                # A shutdown ends the agent and us at once: it is heard before the end is judged.
                self._at.shutdown |= signal.SIGTERM in self._bell.wait(0, ())
            self._follow(self._at.child)
            self._bound_log()
            action = decide(self._at.facts())
            self._ledger.supervisor(self._at.record())
            if isinstance(action, Wait):
                self._acts.wait()
                self._sleep(action)
            else:
                self._closely = CLOSELY_FIRST
                self._acts.do(action)
        self._log.due = None
        self._bound_log()
        # A run whose directory was deleted has nobody left to tell.
        while not self._ledger.ended and os.path.exists(self._at.run.path):
            self._bell.wait(LOOK_AFTER, ())
            self._ledger.flush()
        return self._acts.over and not self._at.shutdown

    def prepare_keeper(self) -> None:
        """For a start at once; where nothing is, it is dismissed."""
        if self._at.turn.admitted and self._unended is None:
            self._at.child.prepare()

    def _take_over(self) -> None:
        """Take up what was begun before: starting and adopting are one path."""
        attempt = self._unended
        if attempt is not None and self._at.child.take_over(attempt, time.monotonic()):
            self._at.frozen = self._at.child.is_stopped(was_frozen=self._at.frozen)
            self._acts.adopted(attempt)

    def _follow(self, child: Child) -> None:
        """Put on record what has become of a start."""
        if child.executed > self._executed and child.attempt is not None:
            self._executed = child.executed
            self._acts.started(child.attempt)
            self._log.look_closely()
        if child.taken:
            child.taken = False
            self._unended = self._at.recall()
            self._take_over()
        elif child.problem is not None:
            problem, child.problem = child.problem, None
            self._acts.postpone(problem)

    def _bound_log(self) -> None:
        problem = self._log.bound(time.monotonic())
        if problem is not None:
            self._ledger.complain(problem)
            self._ledger.note("unbounded", reason=problem)

    def _sleep(self, wait: Wait) -> None:
        timeout = LOOK_AFTER
        if wait.until is not None:
            timeout = min(timeout, max(0.0, wait.until - time.monotonic()))
        for due in (self._log.due, self._at.usage.due):
            if due is not None:
                timeout = min(timeout, max(0.0, due - time.monotonic()))
        if wait.closely:
            timeout = min(timeout, self._closely)
            self._closely = min(2 * self._closely, CLOSELY_LAST)
        heard = self._bell.wait(timeout, self._at.child.descriptors())
        if heard:
            self._closely = CLOSELY_FIRST
            self._at.turn.rung |= signal.SIGURG in heard
        self._at.shutdown |= signal.SIGTERM in heard
        self._ledger.flush()
