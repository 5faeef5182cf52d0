"""The supervisor at work: sleeps, looks, asks `decide`, has it done; until the run is over."""

import os
import signal
import time

from overnight.agents.supervisor import book
from overnight.agents.supervisor.acts import Acts
from overnight.agents.supervisor.bell import Bell
from overnight.agents.supervisor.bounding import Log
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.decide import decide
from overnight.agents.supervisor.descriptors import check_one_is_left
from overnight.agents.supervisor.execution import Beginning, Opening
from overnight.agents.supervisor.facts import Start, Wait
from overnight.agents.supervisor.keeper import Kept
from overnight.agents.supervisor.ledger import Ledger
from overnight.agents.supervisor.outcome import Over
from overnight.agents.supervisor.report import Say
from overnight.agents.supervisor.rest import Rest
from overnight.agents.supervisor.situation import Situation
from overnight.state.records import Attempt, Spec
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings

LOOK_AFTER = 5.0
"""Seconds until everything is looked at again: the most that a lost ring costs, or a full disk that has room again."""
CLOSELY_FIRST, CLOSELY_LAST = 0.02, 0.5
"""Seconds between two looks while something is expected that nobody rings for; they grow."""


class Supervisor:
    """Of one run. Whoever makes it holds the run's lock; the process in which it works may be a copy of his."""

    _bell: Bell

    def __init__(
        self, run: RunDir, spec: Spec, child: Child, say: Say, admitted: bool, surroundings: Surroundings | None
    ) -> None:
        """`surroundings`: what its next attempt is started with, where that was read already."""
        self._ledger = Ledger(run)
        self._at = Situation(run, spec, child, admitted)
        self._unended = self._at.recall()
        """What was begun before, and is to be watched or judged."""
        self._acts = Acts(self._at, self._ledger, say)
        self._log = Log(run, spec.log_limit)
        self._rest = Rest(self._at)
        self._executed = 0
        self._begun = False
        """Who works is on record, and what was begun before is watched."""
        self._put_off: str | None = None
        """Why the last look came to nothing."""
        self._closely = CLOSELY_FIRST
        self.pid = 0
        """Of the process in which it works: to be set there, first of all."""
        self.first: Beginning | None = None
        """The attempt that is due at once, whose keeper can be started before this is at work.

        The agent's process puts the start on record: it touches all that is needed for that, and gives it up when it
        executes.
        """
        if surroundings is not None and self._unended is None and self._is_start_due():
            self.first = child.beginning(Opening(surroundings, self._record_start))
            self._acts.prepare_start()

    def _is_start_due(self) -> bool:
        self._at.look()
        return isinstance(decide(self._at.facts()), Start)

    def _record_start(self, attempt: Attempt) -> bool:
        return self._acts.open(attempt, self.pid)

    def work(self, kept: Kept | None) -> bool:
        """Until the run is over and that is on record, or until it is left to others. Whether the queue is to go on.

        Not where this process was told to end: a machine that shuts down would start the next run only to cut it off.
        `kept`: the keeper of the first attempt, where it was started. Raises OSError where it cannot begin.
        """
        self._bell = Bell()
        if kept is None:
            self._begin()
        else:
            self._at.child.begun(kept)
            self._sleep_at_rest()
        while not (self._acts.over or self._acts.left):
            try:
                self._step()
                self._put_off = None
            except OSError as error:
                self._try_again(error)
        self._log.due = None
        self._bound_log()
        # A run whose directory was deleted has nobody left to tell.
        while not self._ledger.ended and os.path.exists(self._at.run.path):
            self._bell.wait(LOOK_AFTER, ())
            self._ledger.flush()
        return self._acts.over and not self._at.shutdown

    def _begin(self) -> None:
        self._at.begin(self.pid)
        self._take_over()
        if not self._at.child.is_opened():
            # Before the first look: who asks after it can ring.
            self._ledger.supervisor(self._at.record())
        self._begun = True

    def _step(self) -> None:
        """Look, decide, and do that, or sleep. Raises OSError where that came to nothing: it can be done once more."""
        check_one_is_left()
        if not self._begun:
            self._begin()
        self._at.look()
        if self._at.child.ending is not None:
            # A shutdown ends the agent and us at once: it is heard before the end is judged.
            self._at.shutdown |= signal.SIGTERM in self._bell.wait(0, ())
        self._follow(self._at.child)
        self._bound_log()
        action = decide(self._at.facts())
        if not isinstance(action, Over):
            # What is over is put on record with its reason.
            self._ledger.supervisor(self._at.record())
        if isinstance(action, Wait):
            self._acts.wait()
            self._sleep(action)
        else:
            self._closely = CLOSELY_FIRST
            self._acts.do(action)

    def _try_again(self, error: OSError) -> None:
        """Later: too many files are open, or a folder cannot be listed. Of the agent nothing is known meanwhile."""
        problem = f"nothing can be looked at or done: {error.strerror or error}"
        if problem != self._put_off:
            self._put_off = problem
            self._ledger.complain(problem)
        # Not for its descriptors: what is ready there stays so until it is looked at.
        self._take_in(self._bell.wait(LOOK_AFTER, ()))

    def _sleep_at_rest(self) -> None:
        """Until the attempt runs, and then as long as nothing else is to be done."""
        child = self._at.child
        heard: set[int] = set()
        while not child.has_heard():
            heard |= self._bell.wait(LOOK_AFTER, child.descriptors())
        if child.is_opened():
            self._acts.opened()
            # That others than its keeper have ended is seen there.
            while not heard - {signal.SIGCHLD} and self._rest.may_last():
                heard = self._heard_within(LOOK_AFTER)
        else:
            # What was to put the start on record may have been killed half-way.
            self._at.told = book.told_of(self._at.run, child.number)
        self._take_in(heard)

    def _heard_within(self, timeout: float) -> set[int]:
        """The signals that came within `timeout` seconds. The log is looked at meanwhile, as often as that is due."""
        end, heard = time.monotonic() + timeout, set[int]()
        while not heard and (left := self._until(timeout, end)) > 0:
            self._bound_log()
            heard = self._bell.wait(self._until(left, self._log.due), ())
        return heard

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
            self._unended = self._at.recall()
            self._take_over()
            child.taken = False
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
        for due in (wait.until, self._log.due, self._at.usage.due, self._at.due()):
            timeout = self._until(timeout, due)
        if wait.closely:
            timeout = min(timeout, self._closely)
            self._closely = min(2 * self._closely, CLOSELY_LAST)
        self._take_in(self._bell.wait(timeout, self._at.child.descriptors()))
        self._ledger.flush()

    def _until(self, timeout: float, due: float | None) -> float:
        """Seconds until `due`, at most `timeout`."""
        return timeout if due is None else min(timeout, max(0.0, due - time.monotonic()))

    def _take_in(self, heard: set[int]) -> None:
        if heard:
            self._closely = CLOSELY_FIRST
            self._at.turn.rung |= signal.SIGURG in heard
        self._at.shutdown |= signal.SIGTERM in heard
