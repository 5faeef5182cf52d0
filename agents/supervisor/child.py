"""The process of the newest attempt: started or adopted, watched, and how it ended."""

import os
import select
import signal

from overnight.agents.supervisor import attempts, book, execution, keeper, members
from overnight.agents.supervisor.facts import Life
from overnight.agents.supervisor.outcome import Ending
from overnight.state import process
from overnight.state.records import Attempt, Spec
from overnight.state.rundir import RunDir

UNCLEAR_FOR = 5.0
"""Seconds that the keeper of a vanished process has for its record, where we are not told of the keeper's end."""


class Child:
    """At most one process at a time. `refresh` after every wake-up; then `life` and `ending` are true.

    Whatever looks at processes, or signals them, raises OSError where nobody can know which they are. It can be called
    again then.
    """

    def __init__(self, run: RunDir, spec: Spec, lock: int) -> None:
        """`lock`: the descriptor that holds the run's lock."""
        self._run, self._spec, self._lock = run, spec, lock
        self.life = Life.NONE
        self.number = 0
        """Of the newest attempt, 0 = none."""
        self.attempt: Attempt | None = None
        self.ending: Ending | None = None
        """Of an attempt that was not judged yet, as far as the kernel tells; the agent's words are not in it."""
        self.problem: str | None = None
        """Why the newest start did not come to be."""
        self.taken = False
        """Another keeper had the number: look at the records again."""
        self.executed = 0
        """Number of the newest attempt of ours whose command runs or ran, without that being on record."""
        self._keeper: int | None = None
        self._report: int | None = None
        self._said = b""
        self._pidfd: int | None = None
        self._reaped: dict[int, int] = {}
        self.is_childless = False
        """At the last look nothing lived, and nothing waited to be reaped, that is below this process."""
        self._gone_since = 0.0

    def beginning(self, opening: execution.Opening | None = None) -> execution.Beginning:
        """The next attempt; its process does the `opening` before it executes."""
        return execution.Beginning(self._run, self._spec, self.number + 1, opening)

    def start(self) -> None:
        """The next attempt. Raises OSError."""
        self.begun(keeper.start(self.beginning(), self._lock))

    def begun(self, kept: keeper.Kept) -> None:
        """A keeper of the next attempt is there."""
        os.set_blocking(kept.report, False)
        self.number, self._keeper, self._report, self._said = self.number + 1, kept.pid, kept.report, b""
        self.attempt, self.ending, self.problem, self.taken = None, None, None, False
        self._reaped.clear()
        self.life = Life.STARTING

    def take_over(self, attempt: Attempt, now: float) -> bool:
        """Watch an attempt that somebody else started. True = its process lives."""
        self.number, self.attempt = attempt.attempt, attempt
        self._watch(now)
        return self.life is Life.RUNNING

    def judged(self) -> None:
        """Its ending was taken."""
        self.ending, self.life = None, Life.NONE

    def descriptors(self) -> list[int]:
        return [each for each in (self._report, self._pidfd) if each is not None]

    def refresh(self, now: float) -> None:
        self._reap()
        if self.life is Life.STARTING and self.has_heard():
            self._take_word(now)
        if self.life is Life.RUNNING and not self._lives():
            self._lost_sight(now)
        if self.life is Life.UNCLEAR:
            self._settle(now)

    def _reap(self) -> None:
        """Take every child that has ended: the keeper, the agent of a killed keeper, orphans of agents."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self.is_childless = True
                return
            if pid == 0:
                self.is_childless = False
                return
            if pid == self._keeper:
                self._keeper = None
            elif self.attempt is None or pid == self.attempt.pid:
                # While its keeper has not told which process it is, it may be any of them.
                self._reaped[pid] = status

    def is_to_be(self, attempt: Attempt) -> None:
        """This process is about to be the agent."""
        self.number, self.attempt, self.life = attempt.attempt, attempt, Life.RUNNING

    def has_heard(self) -> bool:
        """Whether the keeper has said all that it says about the start."""
        if self._report is None:
            return True
        try:
            while part := os.read(self._report, 4096):
                self._said += part
        except BlockingIOError:
            return False
        os.close(self._report)
        self._report = None
        return True

    def is_kept(self) -> bool:
        """Whether the keeper that was begun is there. Others that have ended are nobody's then."""
        self._reap()
        return self._keeper is not None

    def looks_stopped(self) -> bool:
        """Whether what its keeper has started is stopped by a signal; False where the kernel does not list children."""
        keeper = self._keeper
        try:
            with open(f"/proc/{keeper}/task/{keeper}/children", "rb", buffering=0) as file:
                pid = int(file.read(32).split()[0])
            with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
                return file.read(256).rpartition(b") ")[2][:1] in {b"T", b"t"}
        except (OSError, ValueError, IndexError):
            return False

    def is_opened(self) -> bool:
        """Whether the keeper has said that the command runs, and all that there was to do is on record."""
        return self._said.startswith(execution.OPENED)

    def _take_word(self, now: float) -> None:
        word, _, reason = self._said.partition(b"\n")
        if word in {keeper.STARTED, keeper.NOT_EXECUTED, execution.OPENED}:
            self.executed = self.number if word == keeper.STARTED else self.executed
            self._take_started(now)
            return
        # A keeper that was killed half-way may have put its attempt on record.
        taken = word == execution.TAKEN or (not word and self._run.last_attempt_number() >= self.number)
        self.life, self.number = Life.NONE, self.number - 1
        if word == execution.UNFIT:
            self.life, self.ending = Life.ENDED, Ending(exec_error=reason.decode("utf-8", "replace"))
            return
        self.taken = taken
        if not self.taken:
            self.problem = (
                reason.decode("utf-8", "replace") or "what starts its command was killed before it started anything"
            )

    def _take_started(self, now: float) -> None:
        attempt = self._run.attempt(self.number)
        if isinstance(attempt, Attempt):
            self.attempt = attempt
            self._watch(now)
        else:
            self.life, self.ending = Life.ENDED, Ending(known=False)

    def _watch(self, now: float) -> None:
        assert self.attempt is not None
        self._pidfd = process.open_process(members.identity(self.attempt))
        self.life, self._gone_since = (Life.UNCLEAR if self._pidfd is None else Life.RUNNING), now

    def _lives(self) -> bool:
        """A pidfd is readable once every thread has ended, while the process may still be a zombie."""
        poll = select.poll()
        poll.register(self._pidfd if self._pidfd is not None else -1, select.POLLIN)
        return not poll.poll(0)

    def _lost_sight(self, now: float) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
        self._pidfd, self.life, self._gone_since = None, Life.UNCLEAR, now
        # The zombie of a killed keeper's agent becomes ours in the same moment.
        self._reap()

    def _settle(self, now: float) -> None:
        """By the keeper's record; else by the kernel, where we got the agent as its parent; else nobody knows."""
        assert self.attempt is not None
        record = self._run.attempt(self.number)
        if isinstance(record, Attempt) and record.ended_at is not None:
            # A keeper that is at work still adds what the attempt used.
            if self._keeper is None or record.cpu_seconds is not None:
                self._ended(record, known=True)
        elif self.attempt.pid in self._reaped:
            self._stand_in(self._reaped.pop(self.attempt.pid))
        elif self._keeper is None and now - self._gone_since >= UNCLEAR_FOR:
            self._ended(self.attempt, known=False)

    def _stand_in(self, status: int) -> None:
        """Write the record that a killed keeper could not."""
        assert self.attempt is not None
        record = attempts.ended_attempt(self.attempt, os.waitstatus_to_exitcode(status))
        try:
            book.write_attempt(self._run, record)
        except OSError:
            # The outcome in exit.json holds the same.
            pass
        self._ended(record, known=True)

    def _ended(self, record: Attempt, *, known: bool) -> None:
        self.attempt, self.life = record, Life.ENDED
        self.ending = Ending(record.code, record.signal, known, record.exec_error)
        attempts.discard_reserved(self._run, self.number)

    def is_stopped(self, *, was_frozen: bool = False) -> bool:
        """Whether its process is stopped by a signal; or waits for a child that was stopped before it executed."""
        states = {"T", "t", "D"} if was_frozen else {"T", "t"}
        return self.attempt is not None and members.kernel_state(self.attempt) in states

    def is_held_up(self) -> bool:
        """Whether it waits in the kernel where a signal does not reach it: it cannot go on without stopping first."""
        return self.attempt is not None and members.kernel_state(self.attempt) == "D"

    def leftovers(self) -> bool:
        """Whether an ended agent left others of its group."""
        return self.attempt is not None and bool(members.leftovers(self._run, self.attempt))

    def signal_member(self, pid: int, number: signal.Signals) -> bool:
        """Signal one process of the agent's session. False = it is not one, and nobody was signalled."""
        return self.attempt is not None and members.signal_member(self.attempt, pid, number)

    def signal_group(self, number: signal.Signals) -> bool:
        """Signal the agent's group, or what an ended agent left of it. False = nobody was there."""
        if self.attempt is None:
            return False
        if self.life is Life.RUNNING:
            return members.signal_group(self.attempt, number)
        return members.signal_each(members.leftovers(self._run, self.attempt), number)
