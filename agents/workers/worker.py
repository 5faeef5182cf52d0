"""A worker process, from inside: it takes calls from a pipe, makes them, and says how they end.

It hears no stop and no pause, for what is in flight is the agent's to decide; and it does not outlive the agent.
"""

import ctypes
import os
import pickle
import signal
import traceback
from functools import partial
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NamedTuple

from overnight.agents.forking import HEARD, spare_children
from overnight.agents.retrying import Attempted
from overnight.agents.workers.pool import Call, HandedBack, perform

INTERRUPT = b""
"""The message that ends a wait."""
PR_SET_PDEATHSIG = 1
DEAF_TO = (signal.SIGINT, signal.SIGTERM, signal.SIGTSTP, signal.SIGHUP)


class Ready(NamedTuple):
    """It has started, and waits for calls."""


class Accepted(NamedTuple):
    """It begins with what it was given."""


class Waits(NamedTuple):
    """A try has failed, the next one follows."""

    seconds: float
    reason: str


class Tries(NamedTuple):
    """The wait is over."""


class Failure(NamedTuple):
    """An error on its way from one process to another."""

    packed: bytes | None
    """The error itself; None = it cannot be pickled."""
    type: str
    message: str
    traceback: str


class Ended(NamedTuple):
    """The call has ended with all of its tries."""

    result: bytes | None
    """Pickled; None = it failed."""
    failure: Failure | None
    tries: int


class Interrupted(NamedTuple):
    """The call is handed back."""


class Refused(NamedTuple):
    """The function itself cannot be had in this process: no call of it can be made."""

    why: str


Said = Ready | Accepted | Waits | Tries | Ended | Interrupted | Refused


def serve(pipe: Connection, agent: int) -> None:
    """The life of a worker. `agent`: the process that started it; when that one dies or closes the pipe, it ends."""
    _die_with(agent)
    _hear_nothing()
    # A child forked by a call must not hold the pipe open when this process is gone: the agent would wait for the rest
    # of what it was just sending.
    os.register_at_fork(after_in_child=pipe.close)
    pipe.send(Ready())
    while (message := _next(pipe)) is not None:
        # One that is empty interrupted a wait that had just ended by itself.
        if message != INTERRUPT:
            pipe.send(_answer(pipe, message))


def _next(pipe: Connection) -> bytes | None:
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        return None


def _die_with(agent: int) -> None:
    """Also where the agent has no time to say so. The kernel does it when the starting thread ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, *map(ctypes.c_ulong, (signal.SIGKILL, 0, 0, 0)))
    if os.getppid() != agent:
        os._exit(1)


def _hear_nothing() -> None:
    """By handlers: ignored signals would stay ignored in every program that a call starts."""
    for number in DEAF_TO:
        signal.signal(number, _pass_over)
    spare_children()
    # They were blocked by whoever started this process, so that none came before.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)


def _pass_over(number: int, frame: FrameType | None) -> None:
    pass


def _answer(pipe: Connection, message: bytes) -> Said:
    so_far, function, arguments = pickle.loads(message)
    pipe.send(Accepted())
    try:
        fn, policy = pickle.loads(function)
    except Exception as error:  # noqa: BLE001 - the author's code, which is imported here
        return Refused(f"{type(error).__name__}: {error}")
    try:
        args, kwargs = pickle.loads(arguments)
    except Exception as error:  # noqa: BLE001 - the author's code: its error is the outcome
        return Ended(None, failure_of(error), 1)
    attempted = perform(Call(fn, args, kwargs, policy), partial(_wait, pipe), so_far)
    return Interrupted() if attempted is None else _ended(attempted)


def _wait(pipe: Connection, seconds: float, reason: str) -> None:
    """Between two tries. Raises HandedBack."""
    pipe.send(Waits(seconds, reason))
    if pipe.poll(seconds):
        _next(pipe)
        raise HandedBack
    pipe.send(Tries())


def _ended(attempted: Attempted) -> Ended:
    if attempted.error is not None:
        return Ended(None, failure_of(attempted.error), attempted.tries)
    try:
        return Ended(pickle.dumps(attempted.result, pickle.HIGHEST_PROTOCOL), None, attempted.tries)
    except Exception as error:  # noqa: BLE001 - the author's code: its error is the outcome
        unsent = TypeError(f"its result cannot be sent from a worker process: {error}")
        return Ended(None, failure_of(unsent.with_traceback(error.__traceback__)), attempted.tries)


def failure_of(error: Exception) -> Failure:
    """The error with its traceback, as it can be sent."""
    try:
        packed = pickle.dumps(error, pickle.HIGHEST_PROTOCOL)
    except Exception:  # noqa: BLE001 - the author's code: the text is sent in any case
        packed = None
    return Failure(packed, type(error).__name__, str(error), "".join(traceback.format_exception(error)))


class InWorker(Exception):
    """The traceback of an error as it was in the worker process; stands as its cause."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


class NotSent(Exception):
    """An error that could not be sent: a class of this, of the same name, stands for it."""


def attempted_of(ended: Ended) -> Attempted:
    """In the agent: how the call ended. Errors bear their traceback; one that cannot be read here bears its name."""
    if ended.failure is not None:
        return Attempted(None, _error_of(ended.failure), ended.tries)
    try:
        return Attempted(_unpacked(ended.result), None, ended.tries)
    except Exception as error:  # noqa: BLE001 - the author's code: its error is the outcome
        unread = TypeError(f"its result came from a worker process and cannot be read: {error}")
        return Attempted(None, unread.with_traceback(error.__traceback__), ended.tries)


def _error_of(failure: Failure) -> Exception:
    error = _unpacked_error(failure.packed)
    if error is None:
        error = type(failure.type, (NotSent,), {"__module__": NotSent.__module__})(failure.message)
    error.__cause__ = InWorker(failure.traceback)
    return error


def _unpacked_error(packed: bytes | None) -> Exception | None:
    try:
        error = _unpacked(packed)
    except Exception:  # noqa: BLE001 - the author's code: many exceptions cannot be made from their message alone
        return None
    return error if isinstance(error, Exception) else None


def _unpacked(packed: bytes | None) -> Any:
    return None if packed is None else pickle.loads(packed)
