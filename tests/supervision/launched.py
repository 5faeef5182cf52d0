"""Building runs for these tests: tiny agents, launched for real, and what can be seen of them."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from overnight.agents.launchers.local import Order, launch
from overnight.state import process
from overnight.state.home import Home
from overnight.state.records import Attempt, Exit, SupervisorRecord
from overnight.state.rundir import RunDir
from tests.waiting import eventually


def sh(home: Path, script: str, **order: Any) -> RunDir:
    """A run of `sh -c script`: a command that reports nothing."""
    return launch(Home(str(home)), Order(("sh", "-c", script), **order))


def agent(home: Path, body: str, **order: Any) -> RunDir:
    """A run of a Python agent: PREAMBLE, then `body`. Speaks the protocol by itself, without our SDK."""
    script = home.parent / f"agent{len(list(home.parent.iterdir()))}.py"
    script.write_text(PREAMBLE + textwrap.dedent(body))
    return launch(Home(str(home)), Order((sys.executable, "-S", str(script)), **order))


PREAMBLE = """\
import json, os, signal, sys, time

RUN = os.environ["OVERNIGHT_RUN_DIR"]
ATTEMPT = int(os.environ["OVERNIGHT_ATTEMPT"])

def write(name, **record):
    draft = f"{RUN}/.{name}.{os.getpid()}"
    with open(draft, "w") as file:
        json.dump({"version": 1, "attempt": ATTEMPT, **record}, file)
    os.rename(draft, f"{RUN}/{name}")

def beat(*handles):
    write("heartbeat.json", last_heartbeat=time.time(), pid=os.getpid(), handles=list(handles))

def progress(**record):
    write("progress.json", **{"status": "running", "processed_items": 0, **record})

def newest():
    numbers = sorted(int(name[:6]) for name in os.listdir(f"{RUN}/control") if name[:6].isdecimal())
    return numbers[-1] if numbers else 0

def forever():
    while True:
        time.sleep(60)
"""


def ended(run: RunDir) -> Exit:
    """How the run ended, once it has."""
    found = eventually(run.exit, message=f"{run.id} is over")
    assert isinstance(found, Exit)
    eventually(lambda: not run.is_supervised(), message=f"the supervisor of {run.id} is gone")
    return found


def attempt(run: RunDir, number: int = 1) -> Attempt:
    """The record of an attempt, once it is there."""
    found = eventually(lambda: run.attempt(number), message=f"attempt {number} of {run.id}")
    assert isinstance(found, Attempt)
    return found


def supervisor(run: RunDir) -> SupervisorRecord:
    found = eventually(run.supervisor)
    assert isinstance(found, SupervisorRecord)
    return found


def keeper_of(run: RunDir) -> int:
    """The pid of the newest attempt's keeper: the agent's parent."""
    return int(status_field(attempt(run, run.last_attempt_number()).pid, "PPid"))


def status_field(pid: int, name: str) -> str:
    """A line of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(name + ":"))


def state(pid: int) -> str | None:
    """The kernel's letter; None = there is no such process."""
    try:
        return status_field(pid, "State")[0]
    except (FileNotFoundError, ProcessLookupError):
        # Gone before it was opened, or before it was read.
        return None


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    os.kill(pid, number)


def kill_and_wait(pid: int) -> None:
    """SIGKILL, and wait until nothing of it works any more; a zombie counts as gone."""
    kill(pid)
    eventually(lambda: state(pid) in {None, "Z"}, message=f"{pid} is gone")


def kill_supervisor(run: RunDir) -> None:
    kill_and_wait(supervisor(run).pid)
    eventually(lambda: not run.is_supervised())


def drafts(folder: str) -> list[str]:
    """Of which files a writer left a draft, as they are named."""
    return sorted(name[1:].rpartition(".")[0] for name in os.listdir(folder) if name.startswith("."))


def leave_draft(path: str) -> None:
    """A draft of this file, as one leaves it who is killed before it is put in place."""
    script = (
        "import os, signal, sys; from overnight.state import atomic\n"
        "atomic.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.replace(sys.argv[1], b'half of')\n"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == -signal.SIGKILL


def output(run: RunDir) -> str:
    try:
        return Path(run.output_path).read_text()
    except FileNotFoundError:
        return ""


def events(run: RunDir) -> list[str]:
    from overnight.state.history import history_of

    return [event.event for event in history_of(run)]


def is_alive(found: Attempt) -> bool:
    return process.state_of(found.pid, found.start_time) is not None
