"""What the agent's process does before it is the agent: puts itself on record, takes over its surroundings, executes.

In this order: a process that ran is always on record, and one without a record never ran. What it inherits of the run's
lock is given up by executing: whoever gets the lock of a killed supervisor finds on record every attempt that can run.
"""

import errno
import os
import signal
import stat
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from overnight.agents.supervisor import attempts, environment
from overnight.state import process, surroundings
from overnight.state.atomic import write_all
from overnight.state.records import Attempt, Spec
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings

LONGEST_ERROR = 300
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of a shell for what it cannot execute."""
TAKEN, UNWRITTEN, UNFIT = b"taken", b"unwritten", b"unfit"
"""Why nothing ran: another keeper had this number; it could not be put on record, for a reason that may pass; what it
is to be given by the launch is missing or damaged, and nobody puts that right while it waits.
"""
OPENED = b"opened"
"""What there was to do before it executes is done, and on record."""


class Opening(NamedTuple):
    """What was made ready for a start, so that only the agent's process has to touch it."""

    surroundings: Surroundings
    record: Callable[[Attempt], bool]
    """Puts the start on record, when that of the attempt is in place. Whether all of it is."""


class Beginning(NamedTuple):
    """An attempt that is to be."""

    run: RunDir
    spec: Spec
    number: int
    opening: Opening | None = None


def become_agent(beginning: Beginning, keeper: int, answer: int) -> NoReturn:
    """Run the command of an attempt, for the parent with the pid `keeper`.

    Into the descriptor `answer` goes the first record, or one of the words above, a line; whether the opening was done,
    a line; and why the rest failed. When the command is executed, it is closed.
    """
    os.setsid()
    run, spec, number, opening = beginning
    given = opening.surroundings if opening else _read_surroundings(run, answer)
    try:
        output = _open_output(run)
        attempt, mine = Attempt(number, *_identity_of(os.getpid()), time.time()), _identity_of(keeper)
        said = attempts.claim(run, attempt, mine)
    except FileExistsError:
        _say(answer, TAKEN)
    except OSError as error:
        _say(answer, UNWRITTEN, _problem(error))
    else:
        _tell(answer, said)
        _tell(answer, (OPENED if opening and opening.record(attempt) else b"") + b"\n")
        if os.getppid() == keeper:
            _execute(spec, given, environment.agent_environment(given, run, number), output, answer)
        _note_unexecuted(run, attempt, mine)
    os._exit(NOT_EXECUTABLE)


def _identity_of(pid: int) -> process.Identity:
    """Raises OSError, where it is gone, too."""
    identity = process.identity_of(pid)
    if identity is None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH), f"/proc/{pid}/stat")
    return identity


def _read_surroundings(run: RunDir, answer: int) -> Surroundings:
    try:
        return surroundings.read(run)
    except ValueError as error:
        move = b"move it away, then " if os.path.lexists(run.env_path) else b""
        _say(answer, UNFIT, _problem(error) + b"; " + move + b"`overnight retry` writes a new one")
    except OSError as error:
        _say(answer, UNWRITTEN, _problem(error))
    os._exit(NOT_EXECUTABLE)


def _open_output(run: RunDir) -> int:
    """Raises OSError."""
    # Without waiting: a FIFO in its place would hold the attempt for ever.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    output = os.open(run.output_path, flags, 0o600)
    if not stat.S_ISREG(os.fstat(output).st_mode):
        raise OSError(errno.EINVAL, "Not a file", run.output_path)
    os.set_blocking(output, True)
    return output


def _execute(spec: Spec, given: Surroundings, variables: dict[str, str], output: int, answer: int) -> NoReturn:
    try:
        for descriptor, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
            os.dup2(source, descriptor)
        os.chdir(spec.cwd)
        environment.apply(given)
        if spec.nice:
            os.nice(spec.nice)
        _reset_signals()
        _execute_first(spec.command, variables)
    except (OSError, ValueError) as error:
        # Its keeper may have been killed: that must not end it by another signal.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        _tell(answer, _problem(error, spec.command[0]))
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)


def _execute_first(command: tuple[str, ...], variables: Mapping[str, str]) -> NoReturn:
    """The first of this name that can be executed, by the agent's PATH. Raises OSError.

    `os.execvpe` would load `warnings` for it, in each process anew, which takes longer than all the rest.
    """
    name = command[0]
    if "/" in name:
        os.execve(name, command, variables)
    refused: OSError | None = None
    for folder in variables.get("PATH", os.defpath).split(os.pathsep):
        try:
            os.execve(os.path.join(folder, name), command, variables)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refused = refused or error
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)


def _problem(error: Exception, what: str | None = None) -> bytes:
    """`what`: where the error names no file."""
    if isinstance(error, OSError) and error.strerror:
        where = error.filename or what
        told = f"{os.fspath(where)}: {error.strerror}" if where else error.strerror
    else:
        told = str(error)
    return told.encode("utf-8", "replace")[:LONGEST_ERROR]


def _say(answer: int, word: bytes, reason: bytes = b"") -> None:
    _tell(answer, word + b"\n\n" + reason)


def _tell(answer: int, text: bytes) -> None:
    try:
        write_all(answer, text)
    except BrokenPipeError:
        # The keeper was killed.
        pass


def _note_unexecuted(run: RunDir, attempt: Attempt, keeper: process.Identity) -> None:
    """The keeper was killed: that nothing of it ran is put on record, too."""
    try:
        attempts.put_end(run, attempts.ended_attempt(attempt, NOT_EXECUTABLE)._replace(executed=False), keeper)
    except OSError:
        # Whoever gets the exit code puts that on record.
        pass


def _reset_signals() -> None:
    """Every signal at its default, none blocked: Python ignores two, and an exec passes that on."""
    for number in signal.valid_signals():
        if signal.getsignal(number) != signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
