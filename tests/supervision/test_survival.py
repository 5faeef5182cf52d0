"""What survives when its supervisor, its keeper, or both are killed at any point."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import revive, supervise
from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor import environment
from overnight.state import process, surroundings
from overnight.state.atomic import replace
from overnight.state.errors import AlreadySupervised, NotPossibleNow
from overnight.state.home import Home
from overnight.state.records import Attempt, Outcome
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import (
    agent,
    attempt,
    drafts,
    ended,
    events,
    is_alive,
    keeper_of,
    kill,
    kill_and_wait,
    kill_supervisor,
    leave_draft,
    output,
    sh,
    state,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

WAIT_FOR_FILE = "echo ran; while ! test -e {}; do sleep 0.02; done; exit {}"


def waiting(home: Path, code: int, **order: Any) -> tuple[RunDir, Path]:
    """A run that says `ran`, and ends with `code` once the file is there."""
    file = home.parent / "go"
    run = sh(home, WAIT_FOR_FILE.format(file, code), **order)
    eventually(lambda: output(run) == "ran\n")
    return run, file


def status(run: RunDir) -> Status:
    return status_of(run.read(), time.time())


def test_a_new_supervisor_removes_the_drafts_of_the_one_that_was_killed_and_no_others(home: Path) -> None:
    run, go = waiting(home, 0)
    kill_supervisor(run)
    for path in (run.supervisor_path, run.exit_path, run.progress_path):
        leave_draft(path)
    Path(run.file(".supervisor.json.mine")).touch()
    adopt_orphans(Home(str(home)))
    # The agent may be writing its own at this moment.
    eventually(lambda: drafts(run.path) == ["progress.json", "supervisor.json"])
    go.touch()
    assert ended(run).outcome is Outcome.COMPLETED
    assert os.path.exists(run.file(".supervisor.json.mine"))


def test_an_agent_works_on_without_its_supervisor_and_is_adopted(home: Path) -> None:
    run, go = waiting(home, 0)
    first = supervisor(run)
    kill_supervisor(run)
    assert is_alive(attempt(run))
    assert status(run) is Status.UNSUPERVISED
    assert adopt_orphans(Home(str(home))) == ((run.id,), ())
    eventually(lambda: supervisor(run).pid != first.pid)
    assert adopt_orphans(Home(str(home))) == ((), ())
    go.touch()
    over = ended(run)
    assert (over.outcome, over.code, over.attempts) == (Outcome.COMPLETED, 0, 1)
    assert "adopted" in events(run)
    assert output(run) == "ran\n", "it ran once"


@pytest.mark.parametrize(("code", "outcome"), [(0, Outcome.COMPLETED), (3, Outcome.FAILED)])
def test_an_end_while_nobody_supervised_is_taken_from_the_record(home: Path, code: int, outcome: Outcome) -> None:
    run, go = waiting(home, code)
    kill_supervisor(run)
    go.touch()
    eventually(lambda: attempt(run).ended_at)
    assert adopt_orphans(Home(str(home))) == ((run.id,), ())
    over = ended(run)
    assert (over.outcome, over.code, over.attempts) == (outcome, code, 1)
    assert output(run) == "ran\n", "a finished agent is never started again"


def test_a_killed_keeper_does_not_cost_the_exit_code(home: Path) -> None:
    run, go = waiting(home, 7)
    kill_and_wait(keeper_of(run))
    go.touch()
    over = ended(run)
    assert (over.outcome, over.code) == (Outcome.FAILED, 7)
    assert attempt(run).code == 7
    assert sorted(os.listdir(run.attempts_path)) == ["0001.json"], "nothing of the keeper is left"


def test_where_both_were_killed_the_code_is_not_made_up_and_nothing_restarts(home: Path) -> None:
    run, go = waiting(home, 0, retries=3)
    kill(keeper_of(run), signal.SIGSTOP)  # so that it cannot write while the supervisor dies
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    assert adopt_orphans(Home(str(home))) == ((run.id,), ())
    eventually(lambda: "adopted" in events(run))
    go.touch()
    over = ended(run)
    assert (over.outcome, over.code, over.attempts) == (Outcome.FAILED, None, 1)
    assert over.reason is not None
    assert "not known" in over.reason
    assert output(run) == "ran\n"


def test_where_both_were_killed_the_agents_own_last_word_counts(home: Path) -> None:
    run = agent(
        home,
        """
        progress()
        while not os.path.exists(os.environ["GO"]):
            time.sleep(0.02)
        progress(status="completed", processed_items=5)
        """,
        environment={"GO": str(home.parent / "go")},
    )
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    (home.parent / "go").touch()
    eventually(lambda: not is_alive(attempt(run)))
    assert status(run) is Status.LOST
    assert adopt_orphans(Home(str(home))) == ((), ()), "what became of it is for an operator to decide"
    with pytest.raises(NotPossibleNow, match="completed"):
        revive(run)
    assert ended(run).outcome is Outcome.COMPLETED
    assert attempt(run).attempt == run.last_attempt_number() == 1


def lost(home: Path) -> RunDir:
    """A run whose process vanished while nobody could write why."""
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2 || exec sleep 60")
    found, keeper = attempt(run), keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(found.pid)
    assert status(run) is Status.LOST
    return run


def test_a_lost_run_is_continued_by_resume(home: Path) -> None:
    run = lost(home)
    operate.resume(run)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)


@pytest.mark.parametrize("verb", [operate.cancel, operate.kill])
def test_a_lost_run_is_ended_by_cancel_and_kill(home: Path, verb: Callable[[RunDir], object]) -> None:
    run = lost(home)
    verb(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_queued_run_whose_launcher_died_is_started(home: Path) -> None:
    run = sh(home, "echo ran")
    ended(run)
    orphan = Home(str(home)).new_run("orphan")
    surroundings.write(orphan, environment.surroundings_here())
    replace(orphan.spec_path, Path(run.spec_path).read_bytes().replace(run.id.encode(), orphan.id.encode()))
    # It had no supervisor that it could have lost.
    assert adopt_orphans(Home(str(home))) == ((), (orphan.id,))
    assert ended(orphan).outcome is Outcome.COMPLETED
    assert output(orphan) == "ran\n"


def test_a_process_that_merely_has_the_pid_is_never_signalled(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    found, keeper = attempt(run), keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(found.pid)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
        try:
            here = process.identity_of(bystander.pid)
            assert here is not None
            forged = Attempt(1, here.pid, here.start_time + 1, here.boot_id, found.started_at)
            run.write(run.attempt_path(1), forged)
            assert status(run) is Status.LOST
            assert adopt_orphans(Home(str(home))) == ((), ())
            supervise(run)
            operate_until_ended(run)
            assert state(bystander.pid) in {"R", "S"}
        finally:
            bystander.kill()


def operate_until_ended(run: RunDir) -> None:
    for verb in (operate.pause, operate.kill):
        try:
            verb(run)
        except NotPossibleNow:
            break
    ended(run)


def test_two_supervisors_never_share_a_run(home: Path) -> None:
    run, go = waiting(home, 0)
    assert supervise(run) is False
    with pytest.raises(AlreadySupervised):
        revive(run)
    go.touch()
    assert ended(run).outcome is Outcome.COMPLETED


def test_an_adopted_run_obeys(home: Path) -> None:
    run = sh(home, "exec sleep 60", stop_grace=20)
    kill_supervisor(run)
    operate.cancel(run)
    over = ended(run)
    assert (over.outcome, over.signal) == (Outcome.CANCELLED, "SIGTERM")


def test_a_run_frozen_before_its_supervisor_died_is_still_frozen_and_resumes(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    operate.pause(run)
    eventually(lambda: status(run) is Status.FROZEN)
    kill_supervisor(run)
    assert state(attempt(run).pid) == "T", "a session of its own keeps the kernel from hanging it up"
    operate.resume(run)
    eventually(lambda: state(attempt(run).pid) != "T")
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_supervisor_killed_in_backoff_is_followed_by_one_that_goes_on_waiting(home: Path) -> None:
    run = sh(home, "echo ran; exit 1", retries=1)
    eventually(lambda: "retrying" in events(run) or run.exit())
    if run.exit() is None:
        record = run.supervisor()
        try:
            kill_supervisor(run)
        except ProcessLookupError:
            pass
        assert record is not None
        adopt_orphans(Home(str(home)))
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.FAILED, 2)
    assert over.reason == "exit code 1 twice without progress"
    assert output(run) == "ran\nran\n"


def test_history_stays_readable(home: Path) -> None:
    run, go = waiting(home, 0)
    go.touch()
    ended(run)
    for line in Path(run.history_path).read_text().splitlines():
        assert {"at", "event"} <= set(json.loads(line))
