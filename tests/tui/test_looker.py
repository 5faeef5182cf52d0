"""What is read of the open run: of real agents, while they work and after they were killed."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.state.home import Home
from overnight.state.kept import KeptLimit
from overnight.state.records import Exit, Outcome
from overnight.tui.detail import Detail, Tab
from overnight.tui.looker import Looker
from overnight.tui.sight import Sight
from tests.command import launched, listed, overnight, when_ended
from tests.sdk.inline import Inline
from tests.stories.scenes import when_processed
from tests.tui.driven import an_ended_run
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


class Seen:
    """A run that is looked at again and again."""

    def __init__(self, home: Path, run_id: str) -> None:
        self._home, self._run_id, self._looker = Home(str(home)), run_id, Looker()
        self._detail = Detail(run_id)

    def now(self, tab: Tab = Tab.PROGRESS) -> Detail:
        self._detail = self._looker.look(self._home, Sight(self._run_id, tab)) or self._detail
        return self._detail


@pytest.fixture
def spender(home: Path, tmp_path: Path) -> Iterator[str]:
    """Nine items, of which the third fails; then one that does not end."""
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            run.budget(usd=50, on="fail")
            for item in run.each(range(10), guard=True):
                with item as number:
                    run.count(usd=0.5)
                    if number == 2:
                        raise KeyError("no such shard")
                    if number == 9:
                        time.sleep(600)
                    time.sleep(0.2)
        """,
    )
    run = launched("--name", "spender", "--", *agent.command())
    yield run
    overnight("kill", run)
    when_ended(run)


def test_a_working_agent_shows_what_it_uses_and_a_killed_one_how_that_came(home: Path, spender: str) -> None:
    seen = Seen(home, spender)
    when_processed(spender, 9)
    working = seen.now()
    assert working.in_hand == ("9",)
    assert working.kept.limits == (KeptLimit("usd", 50.0, "fail"),)
    assert working.checkpoint_at is not None
    assert working.resources is not None
    assert working.resources.memory > 1 << 20
    # How long it has worked is known from that.
    assert "started" in [event.event for event in working.history]
    assert eventually(lambda: (now := seen.now().resources) is not None and now.cpu is not None)
    assert (working.errors, working.death) == ((), None)
    os.kill(listed(spender)["pid"], signal.SIGKILL)
    when_ended(spender)
    ended = seen.now()
    assert (ended.resources, ended.in_hand) == (None, ("9",))
    assert ended.death is not None
    assert ended.death.detail["signal"] == "SIGKILL"
    (group,) = ended.errors
    assert (group.kind.type, group.seen, group.items) == ("KeyError", 1, ("2",))
    assert group.kind.place.startswith("agent.py:")
    history = seen.now(Tab.HISTORY)
    (attempt,) = history.attempts
    assert (attempt.signal, history.history[-1].event) == ("SIGKILL", "ended")


def test_a_folder_that_nobody_is_let_into_ends_no_looking(home: Path) -> None:
    run = an_ended_run(home, "shut", Exit(Outcome.FAILED, 1))
    Path(run.output_path).write_text("hello\n")
    os.rename(run.attempts_path, f"{run.path}/aside")
    os.symlink("attempts", run.attempts_path)
    seen = Seen(home, run.id)
    for tab in Tab:
        assert seen.now(tab).log == ("hello",)


def test_nothing_is_told_twice(home: Path) -> None:
    run = launched("--name", "quick", "--", "echo", "hello")
    when_ended(run)
    looker = Looker()
    for tab in Tab:
        assert looker.look(Home(str(home)), Sight(run, tab)) is not None
        assert looker.look(Home(str(home)), Sight(run, tab)) is None
    assert looker.look(Home(str(home)), Sight(None)) is None
