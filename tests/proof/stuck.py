"""Real agents that hang, each in a way of its own, and what is found of them, and when."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.state.health import Health, health_of, last_progress
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Records
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.command import overnight
from tests.supervision.launched import attempt, ended
from tests.waiting import eventually

AGENTS = Path(__file__).parent / "agents"
STALL = 2.0
"""Seconds without progress that count as a stall for these."""


class Way(NamedTuple):
    """To hang."""

    name: str
    """As `agents/hangs.py` is told."""
    words: str
    """Of what `why` says."""
    status: Status = Status.STALLED


WAYS = (
    Way("deadlock", "its process waits for a lock or another thread"),
    Way("loop", "its process computes ("),
    Way("read", "its process waits for a pipe"),
    Way("peer", "its process waits for the network"),
    Way("busy", "a signal from outside of overnight has stopped its process", Status.FROZEN),
)


class Found(NamedTuple):
    """What was found of one."""

    way: Way
    status: Status
    after: float
    """Seconds from its last progress, or from when it was stopped."""

    words: str = ""

    @property
    def is_right(self) -> bool:
        is_told = f"is {self.way.status}: " in self.words and self.way.words in self.words
        return self.status is self.way.status and self.after <= 2 * STALL and is_told


@contextmanager
def silent_peer() -> Iterator[int]:
    """The port of somebody who takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as server:
        yield server.getsockname()[1]


def hang(home: Path, ways: Sequence[Way]) -> list[Found]:
    """Let an agent hang in each of these ways, all at once."""
    with silent_peer() as port:
        runs = [_launched(home, way, port) for way in ways]
        try:
            for run, way in zip(runs, ways, strict=True):
                when_begun(run)
                if way.status is Status.FROZEN:
                    os.killpg(attempt(run).pid, signal.SIGSTOP)
            found = [_found(run, way) for run, way in zip(runs, ways, strict=True)]
            said = overnight("why", *(run.id for run in runs)).stdout.splitlines()
            return [each._replace(words=said[2 * number]) for number, each in enumerate(found)]
        finally:
            for run in runs:
                operate.kill(run)
            for run in runs:
                ended(run)


def _launched(home: Path, way: Way, port: int) -> RunDir:
    command = (sys.executable, str(AGENTS / "hangs.py"), way.name, str(port))
    return launch(Home(str(home)), Order(command, name=way.name, stall=STALL))


def when_begun(run: RunDir) -> None:
    """Once it has done an item."""
    eventually(lambda: (progress := run.read().progress) and progress.processed_items, timeout=60)


def _found(run: RunDir, way: Way) -> Found:
    if way.status is Status.FROZEN:
        stopped_at = time.time()
        eventually(lambda: status_now(run) is Status.FROZEN)
        return Found(way, status_now(run), time.time() - stopped_at)
    event = eventually(lambda: next((each for each in history_of(run) if each.event == "stalled"), None))
    return Found(way, status_now(run), event.at - _got_on_at(run.read()))


def _got_on_at(records: Records) -> float:
    got_on_at = last_progress(records)
    assert got_on_at is not None
    return got_on_at


def health_now(run: RunDir) -> Health:
    return health_of(run.read(), time.time())


def status_now(run: RunDir) -> Status:
    return status_of(run.read(), time.time())
