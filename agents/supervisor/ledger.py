"""The supervisor's own writing, on a disk that may be full: nothing is lost, and nobody is hurt by it.

What cannot be written is kept in memory, said in supervisor.log where that is possible, and written later.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from overnight.agents.supervisor import book
from overnight.state import chronicle, codec
from overnight.state.atomic import append_line
from overnight.state.forms import iso
from overnight.state.records import Event, Exit, SupervisorRecord
from overnight.state.rundir import RunDir

MOST_PENDING = 1000
"""Events that are kept while the disk is full; the oldest go first."""


class Ledger:
    """Writes supervisor.json, history.jsonl and exit.json. Call `flush` now and then."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._record: SupervisorRecord | None = None
        self._written: SupervisorRecord | None = None
        self._events: list[Event] = []
        self._exit: Exit | None = None
        self._said: str | None = None
        """The newest complaint."""
        self._unsaid: str | None = None
        """One that could not even be written to the log."""
        self._torn = True
        """A full disk may have taken a part of a line: one of ours, or of who wrote before."""

    def supervisor(self, record: SupervisorRecord) -> None:
        """The newest state of the supervisor; an equal one is not written again."""
        self._record = record
        self.flush()

    def note(self, event: str, attempt: int | None = None, **detail: Any) -> None:
        """One event of the history, at the present time."""
        self._events.append(Event(time.time(), event, attempt, detail=detail))
        del self._events[:-MOST_PENDING]
        self.flush()

    def end(self, ended: Exit, *, told: bool = False, **detail: Any) -> None:
        """How the run ended. Written last, after everything that explains it. `told`: the history has it already."""
        if not told:
            self.note("ended", ended.attempts or None, outcome=str(ended.outcome), reason=ended.reason, **detail)
        self._exit = ended
        self.flush()

    def flush(self) -> None:
        """Try again to write what is not written yet. Each record by itself: one that is stuck holds up no other."""
        failures = [_failure_of(each) for each in (self._write_events, self._write_record, self._write_exit)]
        failed = next((each for each in failures if each is not None), None)
        if failed is not None:
            self.complain(f"cannot write {failed.filename or self._run.path}: {failed.strerror}")
        elif self._unsaid is not None:
            self.complain(f"until now: {self._unsaid}")
        else:
            self._said = None

    @property
    def is_written(self) -> bool:
        """Nothing is kept for later."""
        return not self._events and self._exit is None and self._record == self._written

    @property
    def ended(self) -> bool:
        """exit.json is there: nothing else must be waited for."""
        return self._exit is None

    def complain(self, problem: str) -> None:
        """One line of supervisor.log, not twice the same in a row; later, where the disk is full for this, too."""
        if problem == self._said:
            return
        line = f"{iso(time.time())} {problem}\n".encode("utf-8", "replace")
        try:
            append_line(self._run.supervisor_log_path, line)
        except OSError:
            self._unsaid = problem
        else:
            self._said, self._unsaid = problem, None

    def _write_events(self) -> None:
        while self._events:
            self._append(self._events[0])
            del self._events[0]

    def _write_record(self) -> None:
        if self._record is not None and self._record != self._written:
            book.write_supervisor(self._run, self._record)
            self._written = self._record

    def _write_exit(self) -> None:
        if self._exit is not None:
            book.put_exit(self._run, self._exit)
            self._exit = None

    def _append(self, event: Event) -> None:
        if self._torn:
            line = codec.encode(event)
            newest = self._end_of_history(len(line))
            if newest == line:
                # It was the close that failed.
                self._torn = False
                return
            if newest[-1:] not in {b"", b"\n"}:
                append_line(self._run.history_path, b"\n")
        self._torn = True
        chronicle.append(self._run, event)
        self._torn = False

    def _end_of_history(self, most: int) -> bytes:
        try:
            descriptor = os.open(self._run.history_path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return b""
        try:
            return os.pread(descriptor, most, max(0, os.fstat(descriptor).st_size - most))
        finally:
            os.close(descriptor)


def _failure_of(write: Callable[[], None]) -> OSError | None:
    try:
        write()
    except OSError as error:
        return error
    return None
