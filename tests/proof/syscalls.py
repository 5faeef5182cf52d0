"""Real strace: a command under it is hurt at one system call of its choice, and what it called is read back.

strace counts the calls of each name by itself in each thread: `KILL` at (`write`, 3) comes when any thread enters its
third write. The call that is hurt is not done.
"""

import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.sdk.attempts import Folder
from tests.waiting import eventually

TIMEOUT = 60.0
"""Seconds after which an attempt is taken for stuck."""

CHANGING = (
    "openat", "write", "pwrite64", "close", "ftruncate", "truncate", "fallocate", "fsync", "fdatasync", "rename",
    "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink",
)  # fmt: skip
"""The calls that change what lies in a folder, or make it last."""
READING = ("read", "pread64", "lseek", "newfstatat", "getdents64", "readlink", "access", "fcntl")
NAMING = frozenset(CHANGING) - {"write", "pwrite64", "close", "ftruncate", "fallocate", "fsync", "fdatasync"}
"""The calls whose quoted arguments are paths, not bytes."""


class Call(NamedTuple):
    """One system call, as strace saw it."""

    thread: int
    name: str
    arguments: str
    result: str
    began: int
    """Line of the record in which it was entered."""
    ended: int
    """Line in which it returned; the same unless another thread came between. It never did: as `NEVER`."""

    @property
    def injected(self) -> bool:
        return "(INJECTED)" in self.result

    @property
    def reason(self) -> str:
        """The error in words; empty = there was none."""
        failed = re.match(r"-1 \w+ \((.*?)\)", self.result)
        return failed[1] if failed else ""

    @property
    def succeeded(self) -> bool:
        return self.result[:1].isdigit()

    @property
    def paths(self) -> tuple[str, ...]:
        """What it was done to: what its descriptor stands for, or the paths that it names."""
        if self.name not in NAMING | {"newfstatat", "readlink", "access", "readlinkat"}:
            return tuple(re.findall(r"^\d+<([^>]*)>", self.arguments))
        opened = re.findall(r"^\d+<([^>]*)>", self.arguments)
        return (*(path for path in re.findall(r'"([^"]*)"', self.arguments) if path), *opened)

    def touches(self, folder: Path) -> bool:
        return any(path == str(folder) or path.startswith(f"{folder}/") for path in self.paths)


NEVER = 1 << 60


class Point(NamedTuple):
    """Where a command is hurt: the `number`-th call of this name in a thread."""

    name: str
    number: int


class Harm(NamedTuple):
    """What is done to a command."""

    kind: str
    """KILL, or the name of the error that the call gives instead of being done."""
    point: Point


class Ended(NamedTuple):
    """How an attempt under strace ended."""

    code: int
    """As subprocess says it: -9 = killed."""
    said: str
    """Its standard error."""
    calls: tuple[Call, ...]

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    @property
    def injected(self) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.injected)


@functools.cache
def no_tracing() -> str:
    """Why nothing can be traced here; empty = it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "strace",
            "-f",
            "-qq",
            "-o",
            f"{folder}/calls",
            "-e",
            "trace=close",
            "-e",
            inject(Harm("KILL", Point("close", 1))),
        ]
        done = subprocess.run([*command, "sleep", "0"], capture_output=True, text=True, check=False)
    if done.returncode == -signal.SIGKILL:
        return ""
    return f"strace may not trace here: {done.stderr.strip() or done.returncode}"


def inject(harm: Harm) -> str:
    """The expression for it: once, in each thread that comes there."""
    what = "signal" if harm.kind == "KILL" else "error"
    return f"inject={harm.point.name}:{what}={harm.kind}:when={harm.point.number}"


def traced(
    folder: Folder,
    command: Sequence[str],
    names: Iterable[str],
    harms: Sequence[Harm] = (),
    *,
    shown: int = 32,
) -> Ended:
    """The next attempt, under strace to its end, with the calls of these names on record; `all` = every call.

    `shown`: so many bytes of what is written.
    """
    record = record_of(folder)
    strace = [*strace_to(record, names, harms), "-f", "-s", str(shown)]
    if "all" not in names and not any(harm.kind == "KILL" for harm in harms):
        # The other calls do not stop the command at all: half the time. No signal is injected that way.
        strace.append("--seccomp-bpf")
    code, said = finished(folder, [*strace, *command])
    return Ended(code, said, tuple(calls_of(record.read_text(errors="replace"))))


def traced_beside(
    folder: Folder,
    command: Sequence[str],
    names: Iterable[str],
    harms: Sequence[Harm] = (),
    *,
    beside: int = 1,
) -> Ended:
    """The same, of one thread beside the main one, the first or the second. With -f the main one comes to most points
    first.
    """
    record = record_of(folder)
    with folder.start(list(command)) as process:
        thread = eventually(lambda: thread_beside(process.pid, beside), interval=0.005)
        with subprocess.Popen([*strace_to(record, names, harms), "-p", str(thread)]) as strace:
            said = ended(process)
            strace.wait(TIMEOUT)
    lines = [f"{thread} {line}" for line in record.read_text(errors="replace").splitlines()]
    return Ended(process.returncode, said, tuple(calls_of("\n".join(lines))))


def thread_beside(process: int, number: int) -> int | None:
    threads = sorted(map(int, os.listdir(f"/proc/{process}/task")))
    return threads[number] if len(threads) > number else None


def record_of(folder: Folder) -> Path:
    return folder.path.parent / f"{folder.path.name}.calls"


def strace_to(record: Path, names: Iterable[str], harms: Iterable[Harm]) -> list[str]:
    strace = ["strace", "-qq", "-y", "-o", str(record), "-e", f"trace={','.join(names)}"]
    return strace + [word for harm in harms for word in ("-e", inject(harm))]


def finished(folder: Folder, command: list[str]) -> tuple[int, str]:
    """The next attempt, to its end."""
    with folder.start(command) as process:
        said = ended(process)
        return process.returncode, said


def ended(process: "subprocess.Popen[str]") -> str:
    """What it said when it has ended. One that is stuck is killed with all that it started."""
    try:
        _, said = process.communicate(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        raise AssertionError(f"not over after {TIMEOUT:g} s: {process.args!r}\n{said}") from None
    return said


ENTERED = re.compile(r"(\d+) +(\w+)\((.*)")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
UNFINISHED = " <unfinished ...>"


def calls_of(record: str) -> Iterator[Call]:
    """The calls of a record that was made with -f, in the order in which they were entered."""
    calls: list[Call] = []
    open_calls: dict[int, int] = {}
    for number, line in enumerate(record.splitlines()):
        if entered := ENTERED.fullmatch(line):
            thread, name, rest = int(entered[1]), entered[2], entered[3]
            if rest.endswith(UNFINISHED):
                open_calls[thread] = len(calls)
                calls.append(Call(thread, name, rest.removesuffix(UNFINISHED), "?", number, NEVER))
            else:
                calls.append(Call(thread, name, *_parts(rest), number, number))
        elif (resumed := RESUMED.fullmatch(line)) and int(resumed[1]) in open_calls:
            index = open_calls.pop(int(resumed[1]))
            rest, result = _parts(resumed[3])
            calls[index] = calls[index]._replace(arguments=calls[index].arguments + rest, result=result, ended=number)
    yield from calls


def _parts(rest: str) -> tuple[str, str]:
    """Arguments and result of what stands behind the opening bracket."""
    arguments, _, result = rest.rpartition(" = ")
    return arguments.rstrip().removesuffix(")"), result


def numbered(calls: Iterable[Call]) -> Iterator[tuple[Point, Call]]:
    """Each call with its number in its thread."""
    counts: Counter[tuple[int, str]] = Counter()
    for call in calls:
        counts[call.thread, call.name] += 1
        yield Point(call.name, counts[call.thread, call.name]), call
