"""The keeper of one attempt: starts it behind a gate, waits for it, writes down how it ended. Decides nothing.

The gate: the agent's process waits on a pipe until its record is written; end of file there means exit without
exec. So a process that ran is always on record, and one without a record never ran. The bytes of the final
record are reserved before the gate opens: a full disk cannot lose an exit code. The copy of the run's lock that
comes with the fork is kept until the record is there, and no longer: whoever gets the lock of a killed supervisor
finds every attempt that can still run on record.
"""

import gc
import os
import signal
import time
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from overnight.agents.supervisor import environment, members
from overnight.state import codec, process
from overnight.state.atomic import discard, write_all, write_new
from overnight.state.records import Attempt, Spec
from overnight.state.rundir import RunDir

RESERVED = 1024
"""Bytes of the final record: the longest one, padded with spaces, which JSON allows."""
LONGEST_ERROR = 300
KIB = 1024
"""The kernel counts resident memory in these."""
NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of a shell for what it cannot execute."""
STARTED, NOT_EXECUTED, TAKEN, UNWRITTEN = b"started", b"not executed", b"taken", b"unwritten"
"""What a keeper reports: it runs; it could not be executed; another keeper had this number; no room for the record."""


class Plan(NamedTuple):
    """One attempt to be."""

    run: RunDir
    spec: Spec
    number: int
    surroundings: environment.Surroundings


class Kept(NamedTuple):
    """A keeper that was forked."""

    pid: int
    report: int
    """A descriptor that will hold one of the words above, a space and a reason, then end."""


def start(plan: Plan) -> Kept:
    """Fork the keeper of `plan`. Raises OSError."""
    # What exists now is shared with the keeper; frozen, no collection touches it and makes copies.
    gc.freeze()
    report, ours = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(report)
        os.close(ours)
        raise
    if pid == 0:
        _exit_after(_keep, plan, ours)
    os.close(ours)
    return Kept(pid, report)


def _exit_after(work: object, *arguments: object) -> NoReturn:
    """Call and leave, whatever happens: a forked copy must never come back into the loop."""
    try:
        work(*arguments)  # type: ignore[operator]
    finally:
        os._exit(NOT_FOUND)


def _keep(plan: Plan, report: int) -> None:
    os.setsid()
    gc.disable()
    signal.set_wakeup_fd(-1)
    # A signal that ended the keeper would lose the exit code.
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    try:
        started = _start_agent(plan, report)
    except FileExistsError:
        _tell(report, TAKEN)
    except OSError as error:
        _tell(report, UNWRITTEN, error.strerror or str(error))
    else:
        _tell(report, *started.report)
        _wait(plan, started)
    os._exit(0)


class _Started(NamedTuple):
    attempt: Attempt
    reserved: str
    """Path of the bytes for the final record."""
    exec_error: str | None

    @property
    def report(self) -> tuple[bytes, str]:
        return (STARTED, "") if self.exec_error is None else (NOT_EXECUTED, self.exec_error)


def _start_agent(plan: Plan, report: int) -> _Started:
    """Raises OSError: then the gate stayed shut, and nothing ran."""
    output = os.open(plan.run.output_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    gate, opener = os.pipe()
    failure, complaint = os.pipe()
    reserved = os.path.join(plan.run.attempts_path, f".{plan.number:04d}.json.end.{os.getpid()}")
    pid = os.fork()
    if pid == 0:
        _exit_after(_become_agent, plan, reserved, gate, output, complaint)
    identity = process.identity_of(pid)
    assert identity is not None, "a child that nobody has waited for is there"
    attempt = Attempt(plan.number, pid, identity.start_time, identity.boot_id, time.time())
    try:
        write_new(reserved, b" " * RESERVED)
        _claim(plan, attempt)
    except OSError:
        discard(reserved)
        raise
    # Above all the lock: it is held until the last copy is closed.
    _close_all_but({0, 1, 2, report, opener, failure})
    os.write(opener, b"!")
    os.close(opener)
    exec_error = os.read(failure, LONGEST_ERROR).decode("utf-8", "replace") or None
    os.close(failure)
    return _Started(attempt, reserved, exec_error)


def _become_agent(plan: Plan, reserved: str, gate: int, output: int, complaint: int) -> None:
    os.setsid()
    _close_all_but({0, 1, 2, gate, output, complaint})
    if not os.read(gate, 1):
        _note_unexecuted(plan, reserved)
        os._exit(NOT_EXECUTABLE)
    try:
        for descriptor, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
            os.dup2(source, descriptor)
        os.chdir(plan.spec.cwd)
        environment.apply(plan.surroundings)
        if plan.spec.nice:
            os.nice(plan.spec.nice)
        variables = environment.agent_environment(plan.surroundings, plan.run, plan.number)
        _reset_signals()
        os.execvpe(plan.spec.command[0], plan.spec.command, variables)
    except OSError as error:
        what = error.filename or plan.spec.command[0]
        # Its keeper may have been killed: that must not end it by another signal.
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        _complain(complaint, f"{os.fspath(what)}: {error.strerror}")
        os._exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)


def _complain(complaint: int, problem: str) -> None:
    try:
        os.write(complaint, problem.encode("utf-8", "replace")[:LONGEST_ERROR])
    except BrokenPipeError:
        pass


def _note_unexecuted(plan: Plan, reserved: str) -> None:
    """The keeper was killed. If it had put the attempt on record, that nothing of it ran is put there, too."""
    recorded = plan.run.attempt(plan.number)
    if isinstance(recorded, Attempt) and process.identity_of(os.getpid()) == members.identity(recorded):
        try:
            _put_end(plan, reserved, ended_attempt(recorded, NOT_EXECUTABLE)._replace(executed=False))
        except OSError:
            # Whoever gets the exit code puts that on record.
            pass


def _reset_signals() -> None:
    """Every signal at its default, none blocked: Python ignores two, and an exec passes that on."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _wait(plan: Plan, started: _Started) -> None:
    """Until it has ended, and write that down before it is reaped: a keeper that is killed loses no exit code.

    Whoever is left then gets the zombie, and with it the code. What it used is only told to who reaps it.
    """
    pid = started.attempt.pid
    seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert seen is not None, "it was waited for"
    code = seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status
    ended = ended_attempt(started.attempt, code)._replace(exec_error=started.exec_error)
    _put_end(plan, started.reserved, ended)
    _, _, used = os.wait4(pid, 0)
    seconds = round(used.ru_utime + used.ru_stime, 3)
    path = plan.run.attempt_path(plan.number)
    try:
        plan.run.write(path, ended._replace(max_rss=used.ru_maxrss * KIB, cpu_seconds=seconds))
    except OSError:
        # A full disk: how it ended is there.
        pass


def _put_end(plan: Plan, reserved: str, ended: Attempt) -> None:
    # Overwritten in place: these bytes are ours already, on a full disk too.
    descriptor = os.open(reserved, os.O_WRONLY | os.O_CLOEXEC)
    os.pwrite(descriptor, codec.encode(ended).ljust(RESERVED), 0)
    os.close(descriptor)
    os.replace(reserved, plan.run.attempt_path(plan.number))


def ended_attempt(attempt: Attempt, code: int) -> Attempt:
    """The record of an attempt that ended now with this code; less than 0 = by that signal."""
    return attempt._replace(
        ended_at=time.time(),
        code=code if code >= 0 else None,
        signal=signal_name(-code) if code < 0 else None,
    )


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        # Between the first and the last real-time signal the numbers have no names.
        return f"SIG{number}"


def discard_reserved(run: RunDir, number: int) -> None:
    """Remove what a killed keeper left."""
    for name in _drafts(run, number):
        discard(os.path.join(run.attempts_path, name))


def at_work(run: RunDir, number: int) -> bool:
    """Whether the keeper of this attempt may still be about to write its final record."""
    pids = [name.rpartition(".")[2] for name in _drafts(run, number) if ".json.end." in name]
    return any(pid.isdecimal() and process.identity_of(int(pid)) is not None for pid in pids)


def _drafts(run: RunDir, number: int) -> list[str]:
    try:
        names = os.listdir(run.attempts_path)
    except OSError:
        return []
    return [name for name in names if name.startswith(f".{number:04d}.json.")]


def _claim(plan: Plan, attempt: Attempt) -> None:
    """Put the first record in place. FileExistsError: another keeper did; two must never run one attempt."""
    path = plan.run.attempt_path(plan.number)
    draft = os.path.join(plan.run.attempts_path, f".{plan.number:04d}.json.{os.getpid()}")
    try:
        write_new(draft, codec.encode(attempt))
        try:
            os.link(draft, path)
        except PermissionError:
            # No hard links here; the run's lock alone keeps two supervisors apart.
            os.replace(draft, path)
    finally:
        discard(draft)


def _tell(report: int, word: bytes, reason: str = "") -> None:
    try:
        write_all(report, word + b"\n" + reason.encode("utf-8", "replace"))
    except OSError:
        # The supervisor is gone: whoever adopts the run reads the records.
        pass
    os.close(report)


def _close_all_but(kept: Iterable[int]) -> None:
    for descriptor in [int(name) for name in os.listdir("/proc/self/fd")]:
        if descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                # The listing's own, closed with it.
                continue
