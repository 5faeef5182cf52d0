"""The keeper of one attempt: forks the agent's process, waits for it, writes down how it ended. Decides nothing.

Forked before it is needed where that is possible, it touches next to nothing of the memory that it shares with its
supervisor. The copy of the run's lock that comes with the fork is kept until the command runs, and no longer.
"""

import gc
import os
import signal
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from overnight.agents.supervisor import attempts, execution
from overnight.agents.supervisor.execution import TAKEN, UNWRITTEN
from overnight.state import codec
from overnight.state.atomic import write_all
from overnight.state.records import Attempt, Spec
from overnight.state.rundir import RunDir

KIB = 1024
"""The kernel counts resident memory in these."""
STARTED, NOT_EXECUTED = b"started", b"not executed"
"""What a keeper reports, or a word of `execution`: it runs; it could not be executed."""


class Kept(NamedTuple):
    """A keeper that was forked."""

    pid: int
    order: int
    """A descriptor that takes the number of the attempt; closed without, the keeper leaves."""
    report: int
    """A descriptor that will hold one of the words, a line, and a reason, then end."""


def fork(run: RunDir, spec: Spec, lock: int) -> Kept:
    """A keeper that waits for its order. `lock`: the descriptor that holds the run's lock. Raises OSError."""
    # What exists now is shared with the keeper; frozen, no collection touches it and makes copies.
    gc.freeze()
    their_order, order = os.pipe()
    try:
        report, their_report = os.pipe()
    except OSError:
        _close(their_order, order)
        raise
    try:
        pid = os.fork()
    except OSError:
        _close(their_order, order, report, their_report)
        raise
    if pid == 0:
        _keep(run, spec, lock, their_order, their_report)
    _close(their_order, their_report)
    return Kept(pid, order, report)


def begin(kept: Kept, number: int) -> None:
    """Have it start the attempt with this number. Raises BrokenPipeError: it was killed."""
    try:
        os.write(kept.order, b"%d" % number)
    finally:
        os.close(kept.order)


def dismiss(kept: Kept) -> None:
    """It was not needed."""
    _close(kept.order, kept.report)


def _keep(run: RunDir, spec: Spec, lock: int, order: int, report: int) -> NoReturn:
    """Whatever happens, a forked copy never comes back into the loop."""
    try:
        os.setsid()
        gc.disable()
        signal.set_wakeup_fd(-1)
        # A signal that ended the keeper would lose the exit code.
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        _close_all_but({0, 1, 2, lock, order, report})
        number = os.read(order, 32)
        os.close(order)
        if number:
            _attend(run, spec, int(number), lock, report)
    finally:
        os._exit(0)


def _attend(run: RunDir, spec: Spec, number: int, lock: int, report: int) -> None:
    try:
        pid, answer = _fork_agent(run, spec, number)
    except OSError as error:
        _tell(report, UNWRITTEN, (error.strerror or str(error)).encode("utf-8", "replace"))
        return
    said, _, problem = _all_of(answer).partition(b"\n")
    # The command runs, or never will.
    os.close(lock)
    # Killed before it could say anything, it may have put itself on record all the same.
    said = said or _on_record(run, number, pid)
    if said in {b"", TAKEN, UNWRITTEN}:
        _tell(report, said or UNWRITTEN, problem or b"its process was killed before the command ran")
        return
    _tell(report, NOT_EXECUTED if problem else STARTED, problem)
    _wait(run, pid, said, problem.decode("utf-8", "replace") or None)


def _fork_agent(run: RunDir, spec: Spec, number: int) -> tuple[int, int]:
    """The agent's process, and where to read what comes of it. Raises OSError."""
    answer, theirs = os.pipe()
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            execution.become_agent(run, spec, number, keeper, theirs)
        finally:
            os._exit(execution.NOT_FOUND)
    os.close(theirs)
    return pid, answer


def _on_record(run: RunDir, number: int, pid: int) -> bytes:
    recorded = run.attempt(number)
    return codec.encode(recorded) if isinstance(recorded, Attempt) and recorded.pid == pid else b""


def _wait(run: RunDir, pid: int, record: bytes, exec_error: str | None) -> None:
    """Until it has ended, and write that down before it is reaped: a keeper that is killed loses no exit code.

    Whoever is left then gets the zombie, and with it the code. What it used is only told to who reaps it. `record`: its
    first one, looked at only now: reading it touches much, for as long as the agent works.
    """
    seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert seen is not None, "it was waited for"
    code = seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status
    attempt = codec.decode(Attempt, record)
    assert isinstance(attempt, Attempt), "we have written it"
    ended = attempts.ended_attempt(attempt, code)._replace(exec_error=exec_error)
    attempts.put_end(run, ended, os.getpid())
    _, _, used = os.wait4(pid, 0)
    seconds = round(used.ru_utime + used.ru_stime, 3)
    try:
        run.write(run.attempt_path(attempt.attempt), ended._replace(max_rss=used.ru_maxrss * KIB, cpu_seconds=seconds))
    except OSError:
        # A full disk: how it ended is there.
        pass


def _all_of(answer: int) -> bytes:
    said = b""
    while part := os.read(answer, 4096):
        said += part
    os.close(answer)
    return said


def _tell(report: int, word: bytes, reason: bytes = b"") -> None:
    try:
        write_all(report, word + b"\n" + reason)
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


def _close(*descriptors: int) -> None:
    for each in descriptors:
        os.close(each)
