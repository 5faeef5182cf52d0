"""RunDir: where each record of a run lives, and reading them all at one moment."""

import errno
import os
import stat
import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from overnight.state import codec, lock, process
from overnight.state.atomic import replace
from overnight.state.records import (
    Attempt,
    Damaged,
    Exit,
    Heartbeat,
    Progress,
    Records,
    Request,
    Spec,
    SupervisorRecord,
)

R = TypeVar("R")
Stamp = tuple[int, int] | None
"""Of a file: another one = it was written since; None = it is not there."""

LASTING = frozenset(
    {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.EINVAL, errno.ENXIO, errno.ENODEV}
)
"""Why something is not opened for as long as nobody does something about it. Anything else may pass."""
REREAD_AFTER = 0.005
"""Seconds until a file that was cut short by a plain write is read again."""


class RunDir:
    """One run's directory. Paths and reads; each record has one kind of writer, named in the protocol."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.id = os.path.basename(self.path)
        self.home = os.path.dirname(os.path.dirname(self.path))
        self.control_path = self.file("control")
        self.attempts_path = self.file("attempts")
        self.artifacts_path = self.file("artifacts")
        self.spec_path = self.file("spec.json")
        self.env_path = self.file("env.json")
        self.lock_path = self.file("lock")
        self.supervisor_path = self.file("supervisor.json")
        self.supervisor_log_path = self.file("supervisor.log")
        self.history_path = self.file("history.jsonl")
        self.exit_path = self.file("exit.json")
        self.progress_path = self.file("progress.json")
        self.heartbeat_path = self.file("heartbeat.json")
        self.errors_path = self.file("errors.jsonl")
        self.origins_path = self.file("origins.jsonl")
        self.output_path = self.file("output.log")
        self.stacks_path = self.file("stacks.txt")
        self.checkpoint_log_path = self.file("checkpoint.log")
        self.checkpoint_path = self.file("checkpoint.json")

    def file(self, name: str) -> str:
        # A list of many runs asks for thousands of these: os.path.join takes ten times as long.
        return f"{self.path}/{name}"

    def attempt_path(self, number: int) -> str:
        return os.path.join(self.attempts_path, f"{number:04d}.json")

    def request_path(self, number: int) -> str:
        return os.path.join(self.control_path, f"{number:06d}.json")

    def progress_file(self, spec: Spec | None) -> str:
        """Where this agent writes its progress."""
        named = spec.progress_file if spec else None
        return os.path.join(spec.cwd, named) if spec and named else self.progress_path

    def heartbeat_file(self, spec: Spec | None) -> str:
        """Where this agent writes its heartbeat."""
        named = spec.heartbeat_file if spec else None
        return os.path.join(spec.cwd, named) if spec and named else self.heartbeat_path

    def spec(self) -> Spec | Damaged | None:
        return read_record(Spec, self.spec_path)

    def exit(self) -> Exit | Damaged | None:
        return read_record(Exit, self.exit_path)

    def supervisor(self) -> SupervisorRecord | Damaged | None:
        return read_record(SupervisorRecord, self.supervisor_path)

    def attempt(self, number: int) -> Attempt | Damaged | None:
        return read_record(Attempt, self.attempt_path(number))

    def last_attempt_number(self) -> int:
        """0 = none was ever started. Raises OSError where nobody can know, as does all that lists a folder."""
        return max(_numbers_in(self.attempts_path), default=0)

    def exits_aside(self) -> list[int]:
        """Numbers of the exit.N.json: each is an end that the run was resumed after."""
        parts = [name.split(".") for name in _names_in(self.path) if name.startswith("exit.")]
        return [int(each[1]) for each in parts if len(each) == 3 and each[1].isdecimal()]

    def judged_attempts(self) -> int:
        """Attempts whose outcome was taken before the run was resumed or retried: they are never judged again."""
        exits = [read_record(Exit, self.file(f"exit.{number}.json")) for number in self.exits_aside()]
        return max((each.attempts for each in exits if isinstance(each, Exit)), default=0)

    def begin_of_reserved(self, number: int) -> str:
        """The name of what is reserved for the end of this attempt; its keeper's pid and start time follow."""
        return f".{number:04d}.json.end."

    def is_kept(self, number: int) -> bool:
        """Whether the keeper of this attempt may still be about to write its final record."""
        begin = self.begin_of_reserved(number)
        keepers = [name.removeprefix(begin) for name in _names_in(self.attempts_path) if name.startswith(begin)]
        if not any(map(_lives, keepers)):
            return False
        attempt = self.attempt(number)
        # A reboot has ended every keeper, and given its pid to another process.
        return not isinstance(attempt, Attempt) or attempt.boot_id == process.boot_id()

    def is_supervised(self) -> bool:
        return lock.is_held(self.lock_path)

    def write(self, path: str, record: object) -> None:
        """Replace one of this run's records. Raises OSError; the old record is then as it was."""
        replace(path, codec.encode(record))

    def request_numbers(self) -> list[int]:
        """Of every request on record, readable or not, oldest first."""
        return sorted(_numbers_in(self.control_path))

    def stir(self) -> None:
        """Tell whoever watches the folder of all runs that this one is not over, or not as it was.

        A new time of its directory is what inotify tells of by name; a new one of the folder is what a machine sees
        that is told nothing. Nobody depends on it but a picture: it never raises.
        """
        # The kernel's own clock for this is coarse: two of these within 4 ms would look like one.
        now = time.time_ns()
        for path in (self.path, os.path.dirname(self.path)):
            try:
                os.utime(path, ns=(now, now))
            except OSError:
                continue

    def requests(self) -> tuple[tuple[Request, ...], tuple[Damaged, ...]]:
        """Every request, oldest first, and what could not be read; none where that cannot be listed now.

        For who asks again: an agent that can open no more files goes on by what it has heard before.
        """
        try:
            numbers = self.request_numbers()
        except OSError:
            numbers = []
        return self._requests(numbers)

    def _requests(self, numbers: list[int]) -> tuple[tuple[Request, ...], tuple[Damaged, ...]]:
        read = [read_record(Request, self.request_path(number)) for number in numbers]
        good = tuple(each for each in read if isinstance(each, Request))
        return good, tuple(each for each in read if isinstance(each, Damaged))

    def read(self, *, held: bool = False) -> Records:
        """Everything about the run at this moment. Never raises for what a file holds; OSError where nobody can know.

        `held`: the lock is ours, and says nothing of anybody else.
        """
        reader = _Reader()
        spec = reader.take(self.spec())
        progress, progress_changed_at = reader.take_polled(Progress, self.progress_file(spec))
        heartbeat, heartbeat_changed_at = reader.take_polled(Heartbeat, self.heartbeat_file(spec))
        numbers = reader.take_known(self.request_numbers, f"{self.control_path}/") or []
        requests, damaged_requests = self._requests(numbers)
        # The lock is asked before exit.json is read: a run that ends in between shows its outcome, not "lost".
        supervised = not held and (reader.take_known(self.is_supervised, self.lock_path) or False)
        number = reader.take_known(self.last_attempt_number, f"{self.attempts_path}/") or 0
        # Of what somebody supervises, or what is over, nobody has to ask.
        at_rest = number > 0 and not supervised and not os.path.exists(self.exit_path)
        # The keeper before what it writes: whoever finds none here, finds on record what it has written.
        kept = at_rest and self.is_kept(number)
        attempt = reader.take(self.attempt(number)) if number else None
        process_state = _process_state(attempt)
        ended = reader.take(self.exit())
        return Records(
            id=self.id,
            directory=self.path,
            spec=spec,
            progress=progress,
            progress_changed_at=progress_changed_at,
            heartbeat=heartbeat,
            heartbeat_changed_at=heartbeat_changed_at,
            committed_at=changed_at(self.checkpoint_log_path) if process_state is not None else None,
            requests=requests,
            supervisor=reader.take(self.supervisor()),
            attempt=attempt,
            process_state=process_state,
            exit=ended,
            supervised=supervised,
            resumed=at_rest and number <= self.judged_attempts(),
            kept=kept,
            boot_id=process.boot_id(),
            errors=self.count_errors(progress),
            damaged=(*reader.damaged, *damaged_requests),
        )

    def count_errors(self, progress: Progress | None) -> int:
        """Item errors: lines of errors.jsonl where it exists, else as many as the agent reports."""
        try:
            with open_to_read(self.errors_path) as file:
                return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 16), b""))
        except OSError:
            return max(progress.error_count, int(progress.failed_items)) if progress else 0


class _Reader:
    """Reads records and keeps what was damaged."""

    def __init__(self) -> None:
        self.damaged: list[Damaged] = []

    def take(self, read: R | Damaged | None) -> R | None:
        if isinstance(read, Damaged):
            self.damaged.append(read)
            return None
        return read

    def take_known(self, read: Callable[[], R], path: str) -> R | None:
        """What is asked of a folder, which ends with a slash, or of the lock; None where nobody is let in: damage."""
        try:
            return read()
        except OSError as error:
            if error.errno not in LASTING:
                raise
            self.damaged.append(Damaged(path, error.strerror or str(error), intact=True))
            return None

    def take_polled(self, kind: type[R], path: str) -> tuple[R | None, float | None]:
        read = read_record(kind, path)
        # Of most runs in a long list there is no such file: it is not asked for once more.
        return self.take(read), None if read is None else changed_at(path)


def read_record(kind: type[R], path: str) -> R | Damaged | None:
    """The record at `path`; None = there is no file. Read a second time when it looks cut short."""
    read = _read_once(kind, path)
    if isinstance(read, Damaged):
        time.sleep(REREAD_AFTER)
        read = _read_once(kind, path)
    return read


def _read_once(kind: type[R], path: str) -> R | Damaged | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Damaged(path, error.strerror or str(error), intact=True)
    except ValueError:
        # A name with a NUL or half a character in it, which a damaged spec may give.
        return Damaged(path, "no file can have this name", intact=True)
    try:
        if os.fstat(descriptor).st_size > codec.LARGEST:
            # Not read at all: whoever looks now and then need not carry megabytes each time.
            return codec.too_large(path)
        return codec.decode(kind, _read_bounded(descriptor), path)
    except OSError as error:
        return Damaged(path, error.strerror or str(error), intact=True)
    finally:
        os.close(descriptor)


def _read_bounded(descriptor: int) -> bytes:
    """All bytes, or one more than the largest record: enough to be refused."""
    parts: list[bytes] = []
    left = codec.LARGEST + 1
    while left and (part := os.read(descriptor, min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def open_to_read(path: str) -> BinaryIO:
    """The file at `path`. OSError also for what is no file: a reader of a FIFO would wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a file", path)
    return open(descriptor, "rb")


def changed_at(path: str) -> float | None:
    """The file's own time, seconds since the epoch; None = there is no file."""
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return None


def stamp_of(path: str) -> Stamp:
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # the latter for what no path can hold: a spec may name any run
        return None
    return found.st_mtime_ns, found.st_ino


def _numbers_in(folder: str) -> list[int]:
    return [int(name[:-5]) for name in _names_in(folder) if name.endswith(".json") and name[:-5].isdecimal()]


def _names_in(folder: str) -> list[str]:
    """Raises OSError where nobody can know: what is not seen is not gone."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _lives(keeper: str) -> bool:
    """`keeper`: PID.START_TIME."""
    pid, _, start_time = keeper.partition(".")
    return pid.isdecimal() and start_time.isdecimal() and process.state_of(int(pid), int(start_time)) is not None


def _process_state(attempt: Attempt | None) -> str | None:
    if attempt is None or attempt.ended_at is not None or attempt.boot_id != process.boot_id():
        return None
    return process.state_of(attempt.pid, attempt.start_time)
