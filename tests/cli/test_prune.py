"""`overnight prune`: what ended long ago goes, and nothing else; it says what goes, and can only say it."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from overnight.state.home import Home
from overnight.state.leftovers import DOOMED, LAUNCH_TAKES
from overnight.state.records import Exit, Outcome
from overnight.state.rundir import RunDir
from tests.cli.records import an_ended_run
from tests.command import OVERNIGHT, launched, listed, overnight, when, when_ended
from tests.supervision.launched import attempt, keeper_of, kill, kill_and_wait, kill_supervisor, sh

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

DAY = 86_400


def over_for(home: Path, days: float, name: str, outcome: Outcome = Outcome.COMPLETED, **spec: str) -> RunDir:
    run = an_ended_run(home, name, outcome, **spec)
    run.write(run.exit_path, Exit(outcome, attempts=1, ended_at=time.time() - days * DAY))
    return run


def ids(home: Path) -> set[str]:
    return set(os.listdir(home / "runs"))


def pruned(*arguments: str, code: int = 0) -> list[str]:
    done = overnight("prune", *arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr.splitlines()


def test_what_ended_longer_ago_than_the_age_is_removed_oldest_first(home: Path) -> None:
    old, older, new = (over_for(home, days, f"d{days}") for days in (8, 20, 6))
    assert pruned("--older", "7d") == [
        f"removed {older.id} (completed 20d ago)",
        f"removed {old.id} (completed 8d ago)",
    ]
    assert ids(home) == {new.id}
    assert "nothing to prune" in pruned("--older", "7d")[0]
    assert ids(home) == {new.id}


def test_without_an_age_it_is_a_month(home: Path) -> None:
    old, new = over_for(home, 31, "old"), over_for(home, 29, "new")
    assert pruned() == [f"removed {old.id} (completed 31d ago)"]
    assert ids(home) == {new.id}


def test_a_dry_run_says_what_would_go_and_removes_nothing(home: Path) -> None:
    run = over_for(home, 40, "old", Outcome.FAILED)
    doomed = home / "runs" / f"{DOOMED}x-000000"
    doomed.mkdir()
    for option in ("--dry-run", "-n"):
        done = overnight("prune", option)
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            f"would remove {run.id} (failed 40d ago)",
            f"would remove what was left of a removal that was not finished: {doomed}",
        ]
    assert ids(home) == {run.id, doomed.name}


def test_statuses_and_groups_narrow_it(home: Path) -> None:
    failed = over_for(home, 9, "failed", Outcome.FAILED)
    cancelled = over_for(home, 9, "cancelled", Outcome.CANCELLED, group="g")
    completed = over_for(home, 9, "completed", group="g")
    pruned("--older", "1d", "--status", "cancelled", "--status", "failed", "--group", "g")
    assert ids(home) == {failed.id, completed.id}
    pruned("--older", "1d", "--group", "g")
    assert ids(home) == {failed.id}
    assert cancelled.id not in ids(home)


def test_an_interrupted_run_stays_and_is_told_of_until_it_is_named(home: Path) -> None:
    run = over_for(home, 90, "cut", Outcome.INTERRUPTED)
    said = pruned()
    assert "1 interrupted run stays" in said[0]
    assert "overnight resume" in said[0]
    assert ids(home) == {run.id}
    assert pruned("--status", "interrupted") == [f"removed {run.id} (interrupted 90d ago)"]
    assert ids(home) == set()


def test_what_lives_waits_or_has_lost_its_supervisor_is_never_removed(home: Path) -> None:
    everything = [f"--status={status}" for status in ("completed", "failed", "cancelled", "interrupted", "lost")]
    running = launched("--", "sleep", "600")
    paused = launched("--", "sleep", "600")
    assert overnight("pause", paused, "--timeout", "30").returncode == 0
    waiting = launched("--retries", "99", "--", "false")
    orphan = sh(home, "exec sleep 600")
    kill_supervisor(orphan)
    pruned("--older", "0", *everything)
    assert {running, paused, waiting, orphan.id} <= ids(home)
    assert listed(running)["status"] == "running"
    assert listed(paused)["status"] == "frozen"
    assert overnight("kill", running, paused, orphan.id, "--timeout", "30").returncode == 0
    assert overnight("cancel", waiting, "--timeout", "30").returncode in {0, 1}
    for run in (running, paused, waiting, orphan.id):
        when_ended(run)
    pruned("--older", "0")
    assert ids(home) == set()


def test_an_agent_that_finished_without_a_supervisor_is_adopted_and_not_removed_as_lost(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    # Its keeper is held where it is about to write how the agent ended.
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill(keeper, signal.SIGSTOP)
    kill_and_wait(attempt(run).pid)
    assert listed(run.id)["status"] == "unsupervised", "how it ended is about to be known"
    pruned("--older", "0", "--status", "lost")
    assert ids(home) == {run.id}
    kill(keeper, signal.SIGCONT)
    assert when_ended(run.id)["status"] == "failed"


def test_a_lost_run_goes_only_when_it_is_named(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(attempt(run).pid)
    when(run.id, "lost")
    pruned("--older", "0")
    assert ids(home) == {run.id}
    assert pruned("--older", "0", "--status", "lost")[0].startswith(f"removed {run.id} (lost ")
    assert ids(home) == set()


def test_what_killed_launches_and_removals_left_is_swept(home: Path) -> None:
    here = Home(str(home))
    launch = here.new_run("launch")
    here.new_run("young")
    long_ago = time.time() - LAUNCH_TAKES - 60
    Path(launch.env_path).write_text("{}")
    os.utime(launch.path, (long_ago, long_ago))
    doomed = home / "runs" / f"{DOOMED}x-000000"
    shutil.copytree(an_ended_run(home, "x").path, doomed)
    said = pruned("--older", "9999w")
    assert f"removed what was left of a launch that was not finished: {launch.path}" in said
    assert f"removed what was left of a removal that was not finished: {doomed}" in said
    assert {name.rpartition("-")[0] for name in ids(home)} == {"young", "x"}


def test_many_prunes_at_once_remove_everything_and_complain_of_nothing(home: Path) -> None:
    for number in range(30):
        over_for(home, 40 + number, f"old{number}")
    prunes = [subprocess.Popen([OVERNIGHT, "prune"], stderr=subprocess.PIPE, text=True) for _ in range(5)]
    said = [line for prune in prunes for line in prune.communicate()[1].splitlines()]
    assert [prune.returncode for prune in prunes] == [0] * 5
    assert len([line for line in said if line.startswith("removed")]) >= 30
    assert not [line for line in said if line.startswith("overnight:")]
    assert ids(home) == set()


@pytest.mark.parametrize("arguments", [["--older", "soon"], ["--older", "-1d"], ["--status", "running"], ["a-run"]])
def test_what_makes_no_sense_is_refused(home: Path, arguments: list[str]) -> None:
    run = over_for(home, 99, "old")
    (line,) = pruned(*arguments, code=2)
    assert line.startswith("overnight: prune: ")
    assert ids(home) == {run.id}
