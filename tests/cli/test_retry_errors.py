"""`overnight retry --errors`: on a run of a real agent whose items fail, and in words where it makes no sense."""

import json
from pathlib import Path

import pytest

from overnight.state.records import AgentStatus, ItemError, Outcome, Progress
from overnight.state.rundir import RunDir
from tests.cli.records import STARTED, an_ended_run, with_errors
from tests.command import launched, overnight, when_ended
from tests.sdk.attempts import program
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def refused(*arguments: str) -> str:
    done = overnight("retry", *arguments, "--errors")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    return done.stderr


def test_a_completed_run_with_item_errors_is_started_again(home: Path) -> None:
    run = launched("--", *program("guarded", 6, 0))
    assert when_ended(run)["failed_items"] == 2
    told = overnight("wait", run)
    words = f"{run} completed: 2 items failed; `overnight errors {run}` shows why\n"
    assert (told.returncode, told.stderr) == (0, words)
    assert f"overnight retry {run} --errors" in overnight("errors", run).stderr
    done = overnight("retry", run, "--errors", "--timeout", "30")
    assert (done.returncode, done.stderr) == (0, f"started again: {run}\n")
    directory = home / "runs" / run
    eventually((directory / "attempts" / "0002.json").exists)
    assert when_ended(run)["status"] == "completed"
    assert json.loads((directory / "exit.1.json").read_text())["outcome"] == "completed"
    asked = json.loads((directory / "control" / "000001.json").read_text())
    assert (asked["verb"], asked["options"]) == ("resume", {"retry": True, "errors": True})
    assert "retry  errors" in overnight("show", run).stdout


def test_a_run_for_which_it_makes_no_sense_is_refused_in_one_line_with_what_to_do(home: Path) -> None:
    clean = checkpointed(an_ended_run(home, "clean"), failed=0)
    line = refused("clean")
    assert f"{clean.id} has completed, and no failed item is left in it" in line
    assert "overnight run" in line
    an_ended_run(home, "foreign", Outcome.FAILED)
    assert "keeps no checkpoint" in refused("foreign")
    assert "overnight retry" in refused("foreign")


def test_a_live_run_is_refused() -> None:
    run = launched("--", *program("guarded", 1000, 0.05))
    line = refused(run)
    assert f"{run} is " in line
    assert "overnight cancel" in line
    assert overnight("kill", run, "--timeout", "30").returncode == 0


def test_of_all_only_those_are_meant_in_which_something_failed(home: Path) -> None:
    checkpointed(an_ended_run(home, "clean"), failed=0)
    an_ended_run(home, "foreign", Outcome.FAILED)
    done = overnight("retry", "--all", "--errors")
    assert (done.returncode, done.stderr) == (0, "There is no run to retry.\n")
    run = launched("--", *program("guarded", 6, 0))
    when_ended(run)
    done = overnight("retry", "--all", "--errors", "--timeout", "30")
    assert (done.returncode, done.stderr) == (0, f"started again: {run}\n")
    when_ended(run)


def test_errors_names_the_command_only_where_it_makes_sense(home: Path) -> None:
    foreign = with_errors(an_ended_run(home, "foreign"), ItemError(STARTED, 1, "x"))
    assert overnight("errors", foreign.id).stderr == ""
    bad = with_errors(checkpointed(an_ended_run(home, "bad"), failed=1), ItemError(STARTED, 1, "x"))
    assert overnight("errors", bad.id).stderr == f"`overnight retry {bad.id} --errors` does what failed again.\n"
    done = checkpointed(bad, failed=0)
    assert overnight("errors", done.id).stderr == ""
    assert overnight("errors", "--json", bad.id).stderr == ""


def checkpointed(run: RunDir, failed: int) -> RunDir:
    """As its agent has left it."""
    Path(run.checkpoint_log_path).touch()
    said = Progress(AgentStatus.COMPLETED, 100, 100, failed_items=failed, attempt=1)
    run.write(run.progress_path, said)
    return run
