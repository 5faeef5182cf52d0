"""What the panes say of processor, memory, files, threads and children, of real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from overnight.agents.supervisor.family import family_of
from overnight.state import process
from overnight.state.activity import Wait
from overnight.state.records import Attempt
from overnight.tui.meter import MOST_THREADS, Meter
from overnight.tui.resources import Resources
from tests.waiting import eventually

BUSY = "import threading; threading.Thread(target=input).start()\nwhile True: pass"
HOLDS = "held = bytearray(b'x') * 40_000_000; files = [open('/dev/null') for _ in range(20)]; print('held'); input()"


@contextmanager
def an_agent(source: str) -> Iterator[Attempt]:
    """A process in a session of its own, as a keeper starts it."""
    child = subprocess.Popen(
        [sys.executable, "-uc", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        identity = process.identity_of(child.pid)
        assert identity is not None
        yield Attempt(1, identity.pid, identity.start_time, identity.boot_id, time.time())
    finally:
        os.killpg(child.pid, 9)
        child.communicate()


def measured(meter: Meter, attempt: Attempt) -> Resources:
    found = meter.read(attempt)
    assert found is not None
    return found


def test_a_busy_agent_takes_a_processor_and_shows_its_threads() -> None:
    with an_agent(BUSY) as attempt:
        eventually(lambda: measured(Meter(), attempt).threads == 2)
        meter = Meter()
        first = meter.read(attempt)
        assert first is not None
        assert (first.cpu, first.children) == (None, 0)
        assert 5 < eventually(lambda: measured(meter, attempt).cpu or 0) <= 120


def test_memory_and_files_are_those_of_the_agent_and_of_what_it_started() -> None:
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {HOLDS!r}], stdin=-1).wait()"
    with an_agent(parent) as attempt:
        eventually(lambda: measured(Meter(), attempt).files >= 20)
        found = measured(Meter(), attempt)
        assert found.memory > 40_000_000
        assert found.is_share
        assert found.children == 1


def test_nothing_is_said_of_an_agent_that_is_gone() -> None:
    meter = Meter()
    with an_agent("input()") as attempt:
        assert eventually(lambda: meter.read(attempt)) is not None
        assert meter.read(attempt._replace(start_time=attempt.start_time + 1)) is None
    assert meter.read(attempt) is None
    assert meter.read(None) is None


def test_what_the_agent_waits_for_is_told_however_many_threads_stand_around_it() -> None:
    starts = "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1); print(child.pid)"
    crowd = f"[threading.Thread(target=child.wait).start() for _ in range({MOST_THREADS})]"
    with an_agent(f"import subprocess, sys, threading; {starts}; {crowd}") as attempt:
        eventually(lambda: measured(Meter(), attempt).threads == MOST_THREADS + 2)
        (agent,) = family_of(attempt) - {attempt.pid}
        meter = Meter()

        def waits_for() -> Wait | None:
            found = meter.read(attempt, agent)
            return found.activity.wait if found is not None and found.activity is not None else None

        assert eventually(waits_for) is Wait.PIPE
