"""From the start of a process to `main(run)` and back to an exit code."""

import errno
import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal, NamedTuple, NoReturn

from overnight.agents import earlier
from overnight.agents.by_hand import ByHand, claimed_by_hand
from overnight.agents.clock import ActiveClock
from overnight.agents.hand import Hands
from overnight.agents.heartbeat import Beat
from overnight.agents.hold import Hold
from overnight.agents.orders import Orders, Stopped
from overnight.agents.origin import note_origin
from overnight.agents.report import Report
from overnight.agents.run import Run
from overnight.agents.work import Work
from overnight.agents.workers import is_worker
from overnight.state.atomic import sweep
from overnight.state.checkpoint import Checkpoint
from overnight.state.errors import HomeUnusable, OvernightError, WrongUsage
from overnight.state.private import have_folder
from overnight.state.records import AgentStatus, Progress
from overnight.state.rundir import RunDir, read_record

DIRECTORY, ATTEMPT = "OVERNIGHT_RUN_DIR", "OVERNIGHT_ATTEMPT"
GIVEN = (DIRECTORY, ATTEMPT, "OVERNIGHT_RUN_ID", "OVERNIGHT_HOME")
PARENT = "OVERNIGHT_PARENT_RUN"
CHECKPOINTED = 75
"""The exit code of a stop at a checkpoint before the end (EX_TEMPFAIL)."""
Durability = Literal["process", "power"]
Main = Callable[[Run], None] | Callable[[Run], Coroutine[Any, Any, None]]


class Place(NamedTuple):
    """Which attempt of which run this process is."""

    records: RunDir
    attempt: int


class Ending(NamedTuple):
    """How `main` ended."""

    status: AgentStatus
    code: int


def start(main: Main, *, durability: Durability = "process") -> None:
    """Call `main` with the run that this process is an attempt of, and exit with the protocol's code.

    `main` may be a coroutine function. 0: it returned. 75: stopped at a checkpoint. 1: an exception ended it. Where
    no supervisor started this process it is its own: the run lies in the ordinary state directory, and the same
    command goes on with it.

    `durability`: "process" = what is committed survives any kill, and a power cut costs the last 50 ms of it;
    "power" = an item's outputs and then its line are on the disk before it counts as done.

    Returns only in a worker process of `run.map`, which imports the agent's script and is no agent.
    """
    if is_worker():
        return
    try:
        if durability not in {"process", "power"}:
            raise WrongUsage(f"start(durability={durability!r})", hint='It is "process" or "power".')
        code = _perform(main, power=durability == "power")
    except OvernightError as error:
        print(_line_of(error), file=sys.stderr)  # noqa: T201
        code = error.exit_code
    sys.exit(code)


def _perform(main: Main, *, power: bool) -> int:
    place = take_environment()
    if place is not None:
        return Session(place, None, power=power).perform(main)
    by_hand = claimed_by_hand()
    return Session(Place(by_hand.records, by_hand.attempt), by_hand, power=power).perform(main)


def take_environment() -> Place | None:
    """What a supervisor gave, taken out of the environment: a child that is an agent too must not write here."""
    if DIRECTORY not in os.environ:
        return None
    given = {name: os.environ.pop(name, "") for name in GIVEN}
    records = RunDir(given[DIRECTORY])
    os.environ[PARENT] = records.id
    attempt = given[ATTEMPT]
    return Place(records, int(attempt) if attempt.isdecimal() else max(1, records.last_attempt_number()))


class Session:
    """One attempt, from inside its process."""

    def __init__(self, place: Place, by_hand: ByHand | None, *, power: bool) -> None:
        self._records, self._by_hand, self._power = place.records, by_hand, power
        self._report = Report(place.attempt, ActiveClock())
        self._orders = Orders(place.records, by_hand=by_hand is not None)
        self._beat = Beat(place.records, self._report, self._each_second)
        self._work: Work
        """From when the checkpoint is open."""

    def _open(self) -> None:
        """Where the disk refuses that for now it waits, as long as it can say so. Raises Stopped, HomeUnusable."""
        records, hold = self._records, Hold(self._orders, self._report, self._beat, Hands(), lambda: None)
        try:
            hold.keep(lambda: have_folder(records.artifacts_path), self._can_wait_to_open)
            if self._report.attempt > 1:
                # Of the attempts before this one, which may have been killed while they wrote.
                sweep(records.path, ("progress.json", "heartbeat.json", "checkpoint.json"))
            hold.keep(self._show_stacks_on_request, self._can_wait_to_open)
            checkpoint = hold.keep(lambda: Checkpoint(records, power=self._power), self._can_wait_to_open)
            os.register_at_fork(after_in_child=checkpoint.forget)
            self._work = work = hold.keep(lambda: self._made(checkpoint), self._can_wait_to_open)
            if self._by_hand is not None:
                succeeded = self._report.processed - self._report.failed
                hold.keep(partial(self._by_hand.begin, succeeded), self._can_wait)
                work.beside_line = self._by_hand.beside_line
            work.commits.make_safe()
            self._report.expect_as_before(earlier.recalled(records))
            work.hold.skip_when_full(lambda: note_origin(records, self._report.attempt))
        except OSError as error:
            raise HomeUnusable(
                f"the run's folder {records.path}: {error.strerror}",
                hint="Nothing was changed. Make it writable or free some space, then start again.",
            ) from None
        self._beat.sync = work.commits.sync

    def _made(self, checkpoint: Checkpoint) -> Work:
        return Work(self._records, checkpoint, self._report, self._beat, self._orders, power=self._power)

    def _can_wait_to_open(self, refused: OSError) -> bool:
        """Meanwhile the counts are those that were reported last."""
        before = read_record(Progress, self._records.progress_path)
        if isinstance(before, Progress):
            self._report.recall(before)
        return self._can_wait(refused)

    def _can_wait(self, refused: OSError) -> bool:
        """Whether it passes, and somebody sees that it waits for that."""
        if refused.errno == errno.EMFILE:
            # There is nobody yet who would close one.
            return False
        said = self._beat.write_progress()
        self._beat.beat()
        return said or self._by_hand is not None

    def _show_stacks_on_request(self) -> None:
        """SIGUSR1 is answered by C code: also while an item holds the interpreter. Tasks are shown when it is free."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._records.stacks_path, flags, 0o600)
        # First: the C code passes the signal on to what it has replaced.
        signal.signal(signal.SIGUSR1, lambda number, frame: _show_tasks(descriptor, self._report.processed))
        faulthandler.register(signal.SIGUSR1, file=descriptor, all_threads=True, chain=True)

    def _each_second(self, progress: Progress) -> None:
        if self._by_hand is not None and self._by_hand.each_second(progress, self._orders.stopping):
            self._orders.note()

    def _went_on(self) -> None:
        """SIGCONT: time in which the process was stopped, and no beat was possible, is not active."""
        silent_since = self._beat.silent_since()
        if silent_since is not None:
            self._report.clock.leave_out(silent_since)

    def perform(self, main: Main) -> int:
        """Everything from here to the exit code. Raises HomeUnusable."""
        self._orders.at_once = self._leave_at_once
        self._orders.continued = self._went_on
        self._orders.listen()
        self._orders.begin()
        self._report.acknowledged = 0 if self._orders.wish.pause else self._orders.wish.number
        try:
            self._open()
        except HomeUnusable:
            self._beat.end()
            raise
        except Stopped:
            ending = self._stopped()
        else:
            self._beat.start()
            ending = self._ending_of(main)
            self._beat.stop()
            ending = self._closed(ending)
        self._conclude(ending)
        return ending.code

    def _closed(self, ending: Ending) -> Ending:
        """What is finished made safe. What could not be is not completed."""
        try:
            self._work.close()
        except OSError as error:
            self._report.message = f"what was finished could not be synced: {error.strerror}"
            return Ending(AgentStatus.FAILED, 1)
        return ending

    def _ending_of(self, main: Main) -> Ending:
        try:
            _call(main, Run(self._work))
        except Stopped:
            return self._stopped()
        except SystemExit as left:
            return self._left(left)
        except OvernightError as error:
            # The way through our own code, which a traceback is mostly, stands in errors.jsonl.
            print(_line_of(error, _place_of(error)), file=sys.stderr)  # noqa: T201
            return self._failed(error)
        except BaseException as error:  # noqa: BLE001 - the boundary of the process: recorded, and an exit code
            traceback.print_exc()
            return self._failed(error)
        return Ending(AgentStatus.COMPLETED, 0)

    def _stopped(self) -> Ending:
        cancelled, self._report.acknowledged = self._orders.why_stopped()
        return Ending(AgentStatus.CANCELLED if cancelled else AgentStatus.INTERRUPTED, CHECKPOINTED)

    def _left(self, left: SystemExit) -> Ending:
        """`sys.exit()` in main: its code is the run's, 0 means completed."""
        if left.code is None or left.code == 0:
            return Ending(AgentStatus.COMPLETED, 0)
        if not isinstance(left.code, int):
            print(left.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
        self._report.message = f"left with {left.code}"
        return Ending(AgentStatus.FAILED, left.code if isinstance(left.code, int) else 1)

    def _failed(self, error: BaseException) -> Ending:
        try:
            self._work.commits.keep_fatal(self._work.loops.dropped, error)
        except OSError:
            # On a full disk the traceback in the log has to do.
            pass
        return Ending(AgentStatus.FAILED, 1)

    def _conclude(self, ending: Ending) -> None:
        self._report.status = ending.status
        self._beat.write_heartbeat()
        self._beat.write_progress()
        if ending.status is AgentStatus.COMPLETED and (went := self._report.for_the_next()) is not None:
            earlier.keep(self._records, went)
        self._beat.end()
        if self._by_hand is not None:
            self._by_hand.end(ending.code, self._beat.newest)

    def _leave_at_once(self) -> NoReturn:
        """A second stop. What is committed is safe at any kill; the item in hand is cut off at the next start."""
        ending = self._stopped()
        self._conclude(ending)
        os._exit(ending.code)


def _show_tasks(descriptor: int, done: int) -> None:
    """And how far it is: who looks twice sees whether it got on in between."""
    from overnight.agents.task_stacks import task_lines  # only who is asked pays for it

    try:
        lines = [*task_lines(), f"Items done: {done}"]
        os.write(descriptor, "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
    except OSError:
        # Its threads were shown all the same.
        pass


def _line_of(error: OvernightError, place: str = "") -> str:
    return f"overnight: {error}{place}. {error.hint}".rstrip()


def _place_of(error: OvernightError) -> str:
    """Which line of the author's it came from."""
    root = os.path.dirname(os.path.dirname(__file__))
    ours = (os.path.join(root, "agents", ""), os.path.join(root, "state", ""))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(ours)]
    return f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})" if frames else ""


def _call(main: Main, run: Run) -> None:
    """`main`, to its end."""
    made = main(run)
    if made is not None:
        import asyncio  # what runs no tasks does not pay for it

        asyncio.run(made)
