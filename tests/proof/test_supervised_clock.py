"""A clock that is set, a machine that sleeps, a supervisor that stands still: nothing is done too early or never."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overnight.agents import operate
from overnight.agents.launchers.order import Order, spec_of
from overnight.state.atomic import replace
from overnight.state.home import Home
from overnight.state.records import Outcome, Spec
from tests.proof.supervised import ROOT, new_run
from tests.supervision.launched import (
    PREAMBLE,
    attempt,
    ended,
    events,
    keeper_of,
    kill,
    sh,
    state,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

PROGRAM = Path(__file__).parent / "programs" / "jumps.py"
DAY = 86400.0
GETS_ON = """
for number in range(10**6):
    progress(processed_items=number)
    time.sleep(0.01)
"""


class SetClock:
    """A run whose supervisor has a wall clock of its own."""

    def __init__(self, home: Path, command: tuple[str, ...], **order: Any) -> None:
        self._shift = home.parent / "shift"
        self.jump(0.0)
        spec: Spec = spec_of(Order(command, name="agent", **order))
        self.run = new_run(Home(str(home)), spec, home.parent / "effects")
        words = [sys.executable, "-I", "-S", str(PROGRAM), str(ROOT), self.run.path, str(self._shift)]
        self.supervisor = subprocess.Popen(words, start_new_session=True)

    def jump(self, seconds: float) -> None:
        replace(str(self._shift), str(seconds).encode())


@pytest.fixture
def clocks() -> Iterator[list[SetClock]]:
    """Those that a test has made: their supervisors are children of this process."""
    made: list[SetClock] = []
    yield made
    for each in made:
        each.supervisor.kill()
        each.supervisor.wait()


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_a_pause_is_obeyed_though_the_clock_was_set(home: Path, clocks: list[SetClock], seconds: float) -> None:
    clocks.append(clock := SetClock(home, ("sleep", "60")))
    found = attempt(clock.run)
    clock.jump(seconds)
    operate.pause(clock.run)
    eventually(lambda: state(found.pid) == "T", timeout=10)
    operate.resume(clock.run)
    eventually(lambda: state(found.pid) != "T")
    operate.kill(clock.run)
    assert ended(clock.run).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("seconds", [-DAY, DAY])
def test_a_restart_comes_in_its_time_though_the_clock_was_set(
    home: Path, clocks: list[SetClock], seconds: float
) -> None:
    clocks.append(clock := SetClock(home, ("sh", "-c", "test $OVERNIGHT_ATTEMPT = 2"), retries=1))
    eventually(lambda: "retrying" in events(clock.run))
    clock.jump(seconds)
    over = ended(clock.run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)


def test_an_agent_that_gets_on_is_not_stalled_because_the_clock_was_set(home: Path, clocks: list[SetClock]) -> None:
    script = home.parent / "agent.py"
    script.write_text(PREAMBLE + GETS_ON)
    order = {"stall": 30.0, "on_stall": "restart"}
    clocks.append(clock := SetClock(home, (sys.executable, "-S", str(script)), **order))
    eventually(lambda: Path(clock.run.progress_path).exists())
    clock.jump(DAY)
    asked = operate.pause(clock.run)
    assert asked is not None
    assert operate.wait_obeyed(clock.run, asked, 20), "it has looked at everything since then"
    operate.resume(clock.run)
    operate.kill(clock.run)
    over = ended(clock.run)
    assert (over.outcome, over.attempts) == (Outcome.CANCELLED, 1)
    assert "stalled" not in events(clock.run)


def test_a_supervisor_that_stood_still_does_all_that_was_asked_meanwhile(home: Path) -> None:
    go = home.parent / "go"
    run = sh(home, f"while ! test -e {go}; do sleep 0.01; done; exit 3")
    found, keeper = attempt(run), keeper_of(run)
    kill(supervisor(run).pid, signal.SIGSTOP)
    requests = [operate.pause(run), operate.resume(run), operate.pause(run), operate.resume(run)]
    go.touch()
    eventually(lambda: attempt(run).code == 3)
    assert run.exit() is None
    assert run.is_supervised(), "nobody else takes it over"
    kill(supervisor(run).pid, signal.SIGCONT)
    over = ended(run)
    assert (over.outcome, over.code, over.attempts) == (Outcome.FAILED, 3, 1)
    assert [request and request.number for request in requests] == [1, 2, 3, 4]
    eventually(lambda: state(found.pid) is state(keeper) is None, message="nobody is left")
