"""A signal is heard at once, whichever of the agent's threads the kernel gives it to."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder

pytestmark = pytest.mark.leaves_no_process
PATIENT = [sys.executable, str(Path(__file__).parent / "agents" / "patient.py")]


@contextmanager
def waiting_in(path: Path) -> Iterator[tuple[Folder, "subprocess.Popen[str]"]]:
    """An agent that waits in its one item, killed at the end."""
    folder = Folder(path)
    with folder.start(PATIENT) as process:
        try:
            folder.when(status="running", current_item="the one")
            yield folder, process
        finally:
            process.kill()


def test_two_signals_in_a_row_are_both_heard(home: Path) -> None:
    """While the main thread has one pending that it has not seen, the next one is given to another thread."""
    with waiting_in(home / "runs" / "agent-000001") as (folder, process):
        for _ in range(25):
            process.send_signal(signal.SIGTSTP)
            folder.when(status="paused", timeout=5)
            process.send_signal(signal.SIGTSTP)
            process.send_signal(signal.SIGCONT)
            folder.when(status="running", timeout=5)


def test_a_stop_that_came_while_it_was_frozen_is_heard_as_soon_as_it_goes_on(home: Path) -> None:
    """A signal to a stopped process waits for whichever of its threads wakes first."""
    for number in range(8):
        with waiting_in(home / "runs" / f"agent-{number:06d}") as (folder, process):
            for sent in (signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT):
                os.kill(process.pid, sent)
            assert process.wait(timeout=5) == 75
            assert folder.progress["status"] == "interrupted"
