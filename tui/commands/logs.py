"""What an agent printed: the newest lines of its output.log.

To a terminal it goes without escape codes; into a file or a pipe byte for byte.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from overnight.state.holes import kept_from
from overnight.state.rundir import RunDir, open_to_read
from overnight.tui import arguments, console, selection
from overnight.tui.clean import clean, clean_lines
from overnight.tui.ending import Ends

LINES = 1000
PAUSE = 0.1
"""Seconds between two looks at a log that is followed."""
CHUNK = 1 << 16
LONGEST_LINE = 1 << 20
"""Bytes after which a line is shown though it has not ended: a progress bar may never end its own."""


def declare(parser: ArgumentParser) -> None:
    selection.declare(parser)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument(
        "-n", "--lines", type=arguments.count, default=LINES, metavar="N", help=f"the newest N lines ({LINES})"
    )
    parser.add_argument("--all-lines", action="store_true", help="from the first line on that is kept")


def run(options: Namespace) -> int:
    home = selection.open_home()
    runs, code = selection.select(home, options)
    logs = [Log(each, None if options.all_lines else options.lines) for each in runs]
    writer = _Writer(several=len(logs) > 1)
    if options.follow:
        code = max(code, _follow(logs, Ends(home, runs), writer))
    else:
        for log in logs:
            writer.write(log, ended=True)
    return code


def _follow(logs: list["Log"], ends: Ends, writer: "_Writer") -> int:
    """Until all have ended; what was printed before an end is seen is written after it.

    The exit code: how a run ended does not matter, that it was removed meanwhile does.
    """
    code = 0
    while logs:
        ended = ends.take()
        over = [log for log in logs if log.run.id in ended]
        for log in logs:
            writer.write(log, ended=log in over)
        console.finish()
        for run_id, end in ended.items():
            if end.status is None:
                console.say(f"{run_id} {end}")
                code = max(code, end.code)
        logs = [log for log in logs if log not in over]
        if logs:
            time.sleep(PAUSE)
    return code


class Log:
    """How far the log of one run has been read."""

    def __init__(self, run: RunDir, lines: int | None) -> None:
        self.run = run
        self._lines = lines
        self._offset: int | None = None
        """None = not yet looked at."""

    def read(self) -> Iterator[bytes]:
        """What there is more of since the last call, in parts. No log yet = nothing."""
        try:
            file = open_to_read(self.run.output_path)
        except FileNotFoundError:
            return
        with file:
            descriptor = file.fileno()
            size = os.fstat(descriptor).st_size
            if self._offset is None:
                self._offset = start_of(descriptor, size, self._lines)
            elif size < self._offset:
                # The agent emptied its log: what is there now is all new.
                self._offset = 0
            while part := os.pread(descriptor, CHUNK, self._offset):
                # Asked after reading: what was given back meanwhile reads as zeros.
                kept = kept_from(descriptor)
                if kept > self._offset:
                    self._offset = kept
                    continue
                self._offset += len(part)
                yield part


def start_of(descriptor: int, size: int, lines: int | None) -> int:
    """The offset where the newest `lines` begin; None = all that are kept. Reads backwards, no more than it needs."""
    first = kept_from(descriptor)
    if lines is None:
        return first
    if lines == 0:
        return size
    position, wanted = size, lines + 1
    # The end of the last line is one more than the line ends in front of it.
    if size > first and os.pread(descriptor, 1, size - 1) != b"\n":
        wanted -= 1
    while position > first:
        begin = max(first, position - CHUNK)
        part = os.pread(descriptor, position - begin, begin)
        found = part.count(b"\n")
        if found >= wanted:
            return begin + _nth_last(part, wanted) + 1
        wanted -= found
        position = begin
    return first


def _nth_last(part: bytes, number: int) -> int:
    position = len(part)
    for _ in range(number):
        position = part.rindex(b"\n", 0, position)
    return position


class _Writer:
    """Writes parts of logs: cleaned, line by line, to a terminal; as they are elsewhere."""

    def __init__(self, several: bool) -> None:
        self._several = several
        self._last: str | None = None
        self._cleans = sys.stdout.isatty()
        self._unfinished: dict[str, bytes] = {}

    def write(self, log: Log, ended: bool) -> None:
        for part in log.read():
            self._say_whose(log.run.id)
            if self._cleans:
                self._write_lines(log.run.id, part)
            else:
                console.raw_data(part)
        if ended and (rest := self._unfinished.pop(log.run.id, b"")):
            self._write_clean(rest)

    def _say_whose(self, run_id: str) -> None:
        if self._several and run_id != self._last:
            console.data(f"==> {clean(run_id)} <==")
        self._last = run_id

    def _write_lines(self, run_id: str, part: bytes) -> None:
        whole, newline, rest = (self._unfinished.pop(run_id, b"") + part).rpartition(b"\n")
        if newline:
            self._write_clean(whole)
        if len(rest) > LONGEST_LINE:
            self._write_clean(rest)
        elif rest:
            self._unfinished[run_id] = rest

    def _write_clean(self, lines: bytes) -> None:
        for line in clean_lines(lines.decode("utf-8", "replace") + "\n"):
            console.data(line)
