"""Calls for worker pools. What they do is seen in a folder: `NAME.began` holds the process, `go` lets them end."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from overnight.agents.orders import Stopped
from overnight.agents.transient import Transient


def square(number: int) -> int:
    return number * number


def meet(folder: Path, name: object) -> object:
    """Say that it began, and return when `go` is there."""
    draft = folder / f".{name}"
    draft.write_text(f"{os.getpid()}")
    draft.rename(folder / f"{name}.began")
    while not (folder / "go").exists():
        time.sleep(0.005)
    return name


def hang_at_first(folder: Path, name: object) -> object:
    """Hang at the first try."""
    if (folder / f"{name}.began").exists():
        return name
    meet(folder, name)
    return "late"


def fail(message: str) -> None:
    raise ValueError(message)


def fail_oddly() -> None:
    class Unreachable(Exception):
        """Of a class that no other process can find."""

    raise Unreachable("only here")


class TwoWords(Exception):
    """Cannot be made from its message alone, as the errors of many libraries."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def fail_in_two_words() -> None:
    raise TwoWords("two", "words")


def busy(folder: Path, name: str, retry_after: float, times: int) -> str:
    """Ask for a rest, so many times."""
    tried = folder / f"{name}.tried"
    with tried.open("a") as file:
        file.write("!")
    if len(tried.read_text()) <= times:
        raise Transient("429 Too Many Requests", retry_after=retry_after)
    return name


def leave(code: int) -> None:
    sys.exit(code)


def stop() -> None:
    raise Stopped


def die(how: str) -> None:
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.Signals[how])
    signal.pause()


def die_at_first(folder: Path) -> str:
    if (folder / "died").exists():
        return "lives"
    (folder / "died").touch()
    os._exit(3)


def die_beside_a_child(folder: Path) -> None:
    """Die, and leave a forked child that holds every descriptor."""
    if os.fork() == 0:
        meet(folder, "child")
        os._exit(0)
    os._exit(3)


def make(size: int) -> bytes:
    return bytes(size)


def size_of(data: bytes) -> int:
    return len(data)


def lock() -> object:
    return threading.Lock()


class Unreadable:
    """Can be pickled, but not be read again."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return fail, ("cannot be read again",)


def give_unreadable() -> Unreadable:
    return Unreadable()


def take(anything: object) -> None:
    """Nothing: it is about the argument."""


def run_beside(folder: Path, name: str) -> None:
    """Start a program, say which, and hang."""
    with subprocess.Popen(["sleep", "1000"]) as program:
        draft = folder / ".program"
        draft.write_text(str(program.pid))
        draft.rename(folder / "program")
        meet(folder, name)


def end_a_program() -> int:
    """The way in which one that it started ended, that was asked to with SIGTERM."""
    with subprocess.Popen(["sleep", "1000"]) as program:
        program.terminate()
        return program.wait()


def group() -> tuple[int, int]:
    return os.getpgid(0), os.getsid(0)
