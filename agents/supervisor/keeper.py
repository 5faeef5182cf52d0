"""The keeper of one attempt: forks the agent's process, waits for it, writes down how it ended. Decides nothing.

It touches next to nothing of the memory that it shares with its supervisor. The copy of the run's lock that comes with
the fork is kept until the command runs, and no longer.
"""

import gc
import os
import signal
from typing import NamedTuple, NoReturn

from overnight.agents.supervisor import attempts, execution
from overnight.agents.supervisor.descriptors import close_all_but
from overnight.agents.supervisor.execution import TAKEN, UNFIT, UNWRITTEN, Beginning
from overnight.state import codec, process
from overnight.state.atomic import write_all
from overnight.state.records import Attempt
from overnight.state.rundir import RunDir

_EVERY_SIGNAL = signal.valid_signals()
KIB = 1024
"""The kernel counts resident memory in these."""
STARTED, NOT_EXECUTED = b"started", b"not executed"
"""What a keeper reports, or a word of `execution`: it runs; it could not be executed."""


class Kept(NamedTuple):
    """A keeper that was forked."""

    pid: int
    report: int
    """A descriptor that will hold one of the words, a line, and a reason, then end."""


def start(beginning: Beginning, lock: int, end: int | None = None) -> Kept:
    """Start an attempt. Raises OSError.

    `lock`: the descriptor that holds the run's lock. `end`: no descriptor here is that great, where that is known.
    """
    # What exists now is shared with the keeper; frozen, no collection touches it and makes copies.
    gc.freeze()
    report, theirs = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(report)
        os.close(theirs)
        raise
    if pid == 0:
        _keep(beginning, lock, theirs, end)
    os.close(theirs)
    return Kept(pid, report)


def _keep(beginning: Beginning, lock: int, report: int, end: int | None) -> NoReturn:
    """Whatever happens, a forked copy never comes back into the loop."""
    try:
        os.setsid()
        gc.disable()
        signal.set_wakeup_fd(-1)
        # A signal that ended the keeper would lose the exit code.
        signal.pthread_sigmask(signal.SIG_SETMASK, _EVERY_SIGNAL)
        close_all_but((lock, report), end)
        _attend(beginning, lock, report)
    finally:
        os._exit(0)


def _attend(beginning: Beginning, lock: int, report: int) -> None:
    try:
        pid, answer = _fork_agent(beginning)
    except OSError as error:
        _tell(report, UNWRITTEN, (error.strerror or str(error)).encode("utf-8", "replace"))
        return
    said, word, problem = (*_all_of(answer).split(b"\n", 2), b"", b"")[:3]
    # The command runs, or never will.
    os.close(lock)
    # Killed before it could say anything, it may have put itself on record all the same.
    said = said or _on_record(beginning, pid)
    if said in {b"", TAKEN, UNWRITTEN, UNFIT}:
        _tell(report, said or UNWRITTEN, problem or b"its process was killed before the command ran")
        return
    _tell(report, NOT_EXECUTED if problem else word or STARTED, problem)
    _wait(beginning.run, pid, said, problem.decode("utf-8", "replace") or None)


def _fork_agent(beginning: Beginning) -> tuple[int, int]:
    """The agent's process, and where to read what comes of it. Raises OSError."""
    answer, theirs = os.pipe()
    keeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            execution.become_agent(beginning, keeper, theirs)
        finally:
            os._exit(execution.NOT_FOUND)
    os.close(theirs)
    return pid, answer


def _on_record(beginning: Beginning, pid: int) -> bytes:
    recorded = beginning.run.attempt(beginning.number)
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
    me = process.identity_of(os.getpid())
    assert me is not None, "a process that runs is there"
    attempts.put_end(run, ended, me)
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
