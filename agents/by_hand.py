"""A run that was started by hand: the process is its own supervisor, takes the lock and writes those records.

The same script, arguments and folder mean the same run: what has not completed goes on, what has begins anew.
"""

import fcntl
import os
import resource
import shlex
import signal
import sys
import time
from collections.abc import Callable

from overnight.agents.supervisor import book, environment, members
from overnight.agents.terminal import Terminal
from overnight.state import control, current, lock, process, surroundings
from overnight.state.errors import AlreadySupervised, HomeUnusable
from overnight.state.home import Home, default_home
from overnight.state.names import name_from
from overnight.state.operator import host_name, operator_name
from overnight.state.private import exposure_of
from overnight.state.records import (
    AgentProcess,
    AgentStatus,
    Attempt,
    Exit,
    Outcome,
    Progress,
    Request,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
)
from overnight.state.rundir import RunDir

OUTCOMES = {
    AgentStatus.COMPLETED: (Outcome.COMPLETED, None),
    AgentStatus.CANCELLED: (Outcome.CANCELLED, "cancelled on request"),
    AgentStatus.INTERRUPTED: (Outcome.INTERRUPTED, "stopped by a signal"),
}
"""What the agent's word on its end means, and why. Any other word: it failed."""


class ByHand:
    """The supervisor's part of such a run."""

    def __init__(self, records: RunDir, spec: Spec, held: int) -> None:
        """`held`: the descriptor that holds the run's lock, for the life of this process."""
        self.records, self.attempt = records, records.last_attempt_number() + 1
        self._spec, self._held = spec, held
        self._terminal = Terminal(spec.name)
        self._status: AgentStatus | None = None
        self._obeyed = max((each.number for each in records.requests()[0]), default=0)
        self._control_changed = _changed(records.control_path)
        myself = process.identity_of(os.getpid())
        if myself is None:
            raise HomeUnusable("/proc/self/stat cannot be read", hint="overnight needs /proc.")
        now = time.time()
        self._attempt = Attempt(self.attempt, myself.pid, myself.start_time, myself.boot_id, now)
        self._record = SupervisorRecord(
            *myself, host_name(), SupervisorState.RUNNING, self.attempt, agent=AgentProcess(*myself[:2], now)
        )

    def begin(self, succeeded_items: float) -> None:
        """Put the attempt on record, before any work. Raises OSError."""
        runs_path = os.path.dirname(self.records.path)
        if (exposed := exposure_of((os.path.dirname(runs_path), runs_path, self.records.path))) is not None:
            self._terminal.say(exposed)
        book.write_attempt(self.records, self._attempt)
        book.write_supervisor(self.records, self._record)
        book.note(self.records, "started", self.attempt, pid=self._attempt.pid, succeeded_items=succeeded_items)

    def each_second(self, progress: Progress, stopping: bool) -> bool:
        """Draw the line and look for requests. True = there is one for the loop to look at."""
        self._terminal.show(progress, "stopping after this item; ctrl+c again: at once" if stopping else "")
        try:
            self._note_status(progress.status)
            return self._serve()
        except OSError:
            # A full disk: the run itself waits for room, and says so.
            return False

    def beside_line(self, write: Callable[[], None]) -> None:
        """Do what writes to stdout, above the line."""
        self._terminal.beside(write)

    def _note_status(self, status: AgentStatus | None) -> None:
        before, self._status = self._status, status
        if status is AgentStatus.PAUSED and before is not status:
            book.note(self.records, "paused", self.attempt)
        elif before is AgentStatus.PAUSED and status is AgentStatus.RUNNING:
            book.note(self.records, "resumed", self.attempt)

    def _serve(self) -> bool:
        """Obey what does not wait for an item edge."""
        changed = _changed(self.records.control_path)
        if changed == self._control_changed:
            return False
        self._control_changed = changed
        new = [each for each in self.records.requests()[0] if each.number > self._obeyed]
        for request in new:
            self._obeyed = request.number
            if request.verb not in current.LASTING:
                self._obey(request)
        return any(request.verb in current.LASTING for request in new)

    def _obey(self, request: Request) -> None:
        self._record = self._record._replace(acknowledged=request.number)
        book.write_supervisor(self.records, self._record)
        if request.attempt not in {None, self.attempt}:
            return
        if request.verb is Verb.STACKS:
            os.kill(os.getpid(), signal.SIGUSR1)
        elif request.verb is Verb.KILL:
            self._close_attempt(None, "SIGKILL")
            book.end_run(self.records, book.exit_of(self.records, Outcome.CANCELLED, "killed on request"))
            self._terminal.say(f"{self._spec.name}: killed on request")
            os.kill(os.getpid(), signal.SIGKILL)

    def end(self, code: int, progress: Progress) -> None:
        """Write down how it ended, and say how to go on."""
        outcome, reason = OUTCOMES.get(progress.status or AgentStatus.FAILED, (Outcome.FAILED, progress.message))
        self._terminal.show(progress)
        try:
            self._close_attempt(code, None)
            book.end_run(self.records, book.exit_of(self.records, outcome, reason))
        except OSError as error:
            self._terminal.say(f"{self._spec.name}: how it ended could not be written down: {error.strerror}")
        self._terminal.say(self._last_words(outcome, progress))

    def _close_attempt(self, code: int | None, by_signal: str | None) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        ended = self._attempt._replace(
            ended_at=time.time(),
            code=code,
            signal=by_signal,
            max_rss=used.ru_maxrss * 1024,
            cpu_seconds=round(used.ru_utime + used.ru_stime, 3),
        )
        book.write_attempt(self.records, ended)

    def _last_words(self, outcome: Outcome, progress: Progress) -> str:
        done = f"{progress.processed_items or 0:,.0f} {progress.unit or 'items'}".replace(",", " ")
        failed = f", {progress.failed_items:.0f} of them failed: overnight errors {self.records.id}"
        said = f"{self._spec.name}: {outcome}, {done} done{failed if progress.failed_items else ''}"
        if outcome is Outcome.COMPLETED:
            return f"{said}; {self.records.path}"
        return f"{said}; to go on: {shlex.join(self._spec.command)}"


def claimed_by_hand() -> ByHand:
    """The run that this command means, with its lock. Raises AlreadySupervised, HomeUnusable."""
    home = default_home()
    home.prepare()
    command, cwd = own_command(), os.getcwd()
    try:
        # Whoever else starts the same command at this moment must find the run that is made here.
        folder = os.open(home.runs_path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            found = _newest_of(home, command, cwd)
            claimed = None if found is None else _reopened(*found)
            return claimed or _new(home, command, cwd)
        finally:
            os.close(folder)
    except OSError as error:
        raise HomeUnusable(
            f"{error.filename or home.path}: {error.strerror}",
            hint="Nothing was started. Free some space, then try again.",
        ) from None


def own_command() -> tuple[str, ...]:
    """What starts this process again, from the same folder."""
    main = sys.modules["__main__"]
    module = getattr(main, "__spec__", None)
    if module is not None:
        return (sys.executable, "-m", module.name.removesuffix(".__main__"), *sys.argv[1:])
    if sys.argv[0] in {"", "-c", "-"}:
        return (sys.executable, *sys.orig_argv[1:])
    return (sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:])


def _name_of(command: tuple[str, ...]) -> str:
    if command[1] == "-m":
        return name_from(command[2].rpartition(".")[2])
    return name_from(os.path.splitext(os.path.basename(command[1]))[0])


def _newest_of(home: Home, command: tuple[str, ...], cwd: str) -> tuple[RunDir, Spec] | None:
    """By script, arguments and folder: another interpreter makes no other run."""
    specs = [(run, spec) for run in home.runs() if isinstance(spec := run.spec(), Spec)]
    same = [(run, spec) for run, spec in specs if spec.command[1:] == command[1:] and spec.cwd == cwd]
    return max(same, key=lambda pair: pair[1].created_at, default=None)


def _reopened(run: RunDir, spec: Spec) -> ByHand | None:
    """The run again, with a next attempt; None = it has completed."""
    held = lock.acquire(run.lock_path)
    if held is None or _lives(run):
        raise AlreadySupervised(
            f"{run.id} is already running", hint=f"See `overnight show {run.id}`; `overnight cancel {run.id}` ends it."
        )
    ended = run.exit()
    if isinstance(ended, Exit) and ended.outcome is Outcome.COMPLETED:
        os.close(held)
        return None
    newest = next((each for each in reversed(run.requests()[0]) if each.verb in current.LASTING), None)
    if newest is not None and newest.verb is not Verb.RESUME:
        # To start it is to ask for it: the wish on record must not be an older cancel.
        control.ask(run, Verb.RESUME)
    book.sweep_drafts(run)
    book.set_exit_aside(run)
    return ByHand(run, spec, held)


def _lives(run: RunDir) -> bool:
    """Whether the newest attempt's process goes on though its supervisor is gone."""
    attempt = run.attempt(run.last_attempt_number())
    return isinstance(attempt, Attempt) and attempt.ended_at is None and members.kernel_state(attempt) is not None


def _new(home: Home, command: tuple[str, ...], cwd: str) -> ByHand:
    run = home.new_run(_name_of(command))
    held = lock.acquire(run.lock_path)
    if held is None:
        raise AlreadySupervised(f"{run.id} is already running")
    name = run.id.rpartition("-")[0]
    spec = Spec(run.id, name, command, cwd, created_at=time.time(), by=operator_name())
    surroundings.write_first(run, environment.surroundings_here())
    run.write(run.spec_path, spec)
    return ByHand(run, spec, held)


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
