"""A shell command for each item, several at once: what `overnight map` launches.

What a command prints is the artifact `output.txt`, in the order of the items; what it says on stderr goes to the log.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from overnight.agents import Lines, Retry, Run, start

if TYPE_CHECKING:
    from collections.abc import Iterator

OUTPUT = "output.txt"
PLACE = "{}"
LONGEST_COMPLAINT = 300
"""Characters of stderr in an item error."""


class CommandFailed(Exception):
    """The command of an item ended with another code than 0."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m overnight.agents.bundled.command",
        description="Do COMMAND for each ITEM: {} in it is the item, quoted for the shell; without any {} the item "
        "comes last. One that fails is an item error; the run goes on.",
    )
    parser.add_argument("-j", "--workers", type=int, default=4, metavar="N", help="commands at once (default: 4)")
    parser.add_argument(
        "--tries", type=int, default=1, metavar="N", help="how often a failing one is tried (default: 1)"
    )
    parser.add_argument("--timeout", type=float, metavar="S", help="seconds that one may take")
    parser.add_argument("--from", dest="file", metavar="FILE", help="a file with an item a line")
    parser.add_argument("command", metavar="COMMAND")
    parser.add_argument("items", nargs="*", metavar="ITEM")
    return parser.parse_args()


class Commands:
    """The commands that are being done. None of them outlives the agent."""

    def __init__(self, template: str, timeout: float | None) -> None:
        self._template, self._timeout = template, timeout
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def do(self, item: str) -> bytes:
        """What the command of an item prints. Raises CommandFailed, TimeoutError."""
        with self._started(command_of(self._template, item)) as process:
            try:
                output, complaint = process.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired:
                raise TimeoutError(f"not done within {self._timeout:g} s") from None
        said = complaint.decode(errors="replace")
        if said:
            sys.stderr.write(said if said.endswith("\n") else f"{said}\n")
        if process.returncode:
            raise CommandFailed(f"{_words_for(process.returncode)}{_last_line_of(said)}")
        return output

    @contextmanager
    def _started(self, command: str) -> "Iterator[subprocess.Popen[bytes]]":
        pipe = subprocess.PIPE
        # In the agent's own group: whatever ends or freezes that reaches the commands, too.
        process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)
        with self._lock:
            self._running.add(process)
        try:
            yield process
        finally:
            _kill(process)
            with self._lock:
                self._running.discard(process)

    def end(self) -> None:
        """Kill what is still being done: its items go back."""
        with self._lock:
            for process in self._running:
                _kill(process)


def command_of(template: str, item: str) -> str:
    """The shell's text for an item."""
    quoted = shlex.quote(item)
    return template.replace(PLACE, quoted) if PLACE in template else f"{template} {quoted}"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """With what it started. Nothing, where it has ended."""
    if process.poll() is not None:
        return
    for pid in [process.pid, *_descendants(process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def _descendants(pid: int) -> list[int]:
    """What a process has started, and what that has."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [each for child in children for each in _descendants(child)]


def _words_for(code: int) -> str:
    return f"exit code {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"


def _last_line_of(said: str) -> str:
    lines = said.strip().splitlines()
    return f": {lines[-1][:LONGEST_COMPLAINT]}" if lines else ""


def main(run: Run) -> None:
    given = arguments()
    source: Iterable[str] = given.items if given.file is None else Lines(given.file)
    commands, out = Commands(given.command, given.timeout), run.artifact(OUTPUT)
    policy = Retry(tries=given.tries, on=(CommandFailed, TimeoutError))
    try:
        for _, output in run.map(commands.do, source, workers=given.workers, retry=policy, duplicates=True):
            out.write(output)
    finally:
        commands.end()


if __name__ == "__main__":
    arguments()  # A wrong option is an error of the command: no run is made for it.
    start(main)
