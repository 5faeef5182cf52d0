"""Queues for these tests: agents that write into one file when they begin and end, and what that file proves."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from overnight.agents.orphans import adopt_orphans
from overnight.state import groups
from overnight.state.home import Home
from overnight.state.queue import Group
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import ended, kill_and_wait, sh, supervisor
from tests.waiting import eventually


class Line:
    """Runs of one group, by short names."""

    def __init__(self, home: Path, slots: int | None, group: str = "gpu") -> None:
        self.home, self.group = home, group
        self.log = home.parent / "log"
        self.log.touch()
        self.say(slots)

    def say(self, slots: int | None) -> None:
        """By a plain write: what somebody does who changes them is tested elsewhere."""
        groups.write(str(self.home), {**groups.read(str(self.home)), self.group: Group(slots)})

    def add(self, name: str, code: int = 0, **order: Any) -> RunDir:
        """A run that says + and its name, waits until it may end, and says - and its name."""
        script = f"echo + {name} >> {self.log}; {self._until(name)}; echo - {name} >> {self.log}; exit {code}"
        return sh(self.home, script, name=name, **{"group": self.group, **order})

    def _until(self, name: str) -> str:
        return f"while ! test -e {self.log}.{name} && ! test -e {self.log}.all; do sleep 0.02; done"

    def let_end(self, *runs: RunDir) -> None:
        """They may end; wait until they have."""
        for run in runs:
            Path(f"{self.log}.{name_of(run)}").touch()
        for run in runs:
            ended(run)

    def let_all_end(self) -> None:
        Path(f"{self.log}.all").touch()

    @property
    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    @property
    def begun(self) -> list[str]:
        """Names, in the order in which they began; one that began twice stands there twice."""
        return [each[2:] for each in self.said if each[0] == "+"]

    def at_once(self) -> int:
        """The most that ever worked at the same time."""
        working = most = 0
        for each in self.said:
            working += 1 if each[0] == "+" else -1
            most = max(most, working)
        return most

    def begins(self, *names: str) -> None:
        """Wait until exactly these have begun, in any order."""
        eventually(lambda: len(self.begun) >= len(names), message=f"{names} have begun")
        assert sorted(self.begun) == sorted(names)


def name_of(run: RunDir) -> str:
    return run.id.rpartition("-")[0]


def status(run: RunDir) -> Status:
    return status_of(run.read(), time.time())


def dispatch(home: Path) -> list[str]:
    """What any command does first."""
    helped = adopt_orphans(Home(str(home)))
    return [*helped.adopted, *helped.started]


def waits(run: RunDir) -> None:
    """Wait until it has a supervisor that waits: the one that looks on behalf of its group."""
    eventually(lambda: run.is_supervised() and os.path.exists(run.supervisor_path) and _is_itself(run))
    assert status(run) is Status.QUEUED


def _is_itself(run: RunDir) -> bool:
    """Until it has written its record, that of whoever started it stands there."""
    try:
        return run.path in Path(f"/proc/{supervisor(run).pid}/cmdline").read_text()
    except FileNotFoundError:
        return False


def kill_waiting(run: RunDir) -> None:
    waits(run)
    kill_and_wait(supervisor(run).pid)
    eventually(lambda: not run.is_supervised())


def tell_waiting(run: RunDir, number: signal.Signals) -> None:
    waits(run)
    os.kill(supervisor(run).pid, number)
