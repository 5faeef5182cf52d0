"""The verbs that ask something of a run: on real runs, one or many, with what they say and their exit codes."""

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from overnight.state.records import Outcome
from overnight.state.status import Status, standing
from tests.cli.records import an_ended_run
from tests.command import OVERNIGHT, launched, listed, overnight, when, when_ended
from tests.conftest import kill_processes_of, processes_of
from tests.terminal import a_terminal
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

SLEEP = ("--", "sleep", "600")
DEAF = "trap '' TERM; echo deaf; while true; do sleep 0.1; done"


def said(*arguments: str, code: int = 0) -> str:
    done = overnight(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr


def obeyed(verb: str, *arguments: str, code: int = 0) -> str:
    """What is said once it is so; a busy machine may take a while."""
    return said(verb, *arguments, "--timeout", "30", code=code)


def test_a_run_is_paused_resumed_cancelled_retried_killed_and_removed() -> None:
    run = launched("--name", "nap", *SLEEP)
    assert obeyed("pause", "nap") == f"frozen {run}\n"
    assert listed(run)["status"] == "frozen"
    assert obeyed("resume", "nap") == f"resumed {run}\n"
    assert listed(run)["status"] == "running"
    assert obeyed("cancel", "nap") == f"cancelled {run}\n"
    assert listed(run)["status"] == "cancelled"
    assert run in obeyed("retry", "nap")
    when(run, "running")
    assert obeyed("kill", "nap") == f"killed {run}\n"
    assert said("rm", "nap") == f"removed {run}\n"
    assert said("rm", "nap", code=3)


def test_a_restart_stops_the_attempt_and_the_next_one_goes_on() -> None:
    run = launched(
        "--", "sh", "-c", "trap 'echo saved; exit 75' TERM; echo $OVERNIGHT_ATTEMPT; while :; do sleep 0.02; done"
    )
    eventually(lambda: overnight("logs", run).stdout == "1\n")
    assert obeyed("restart", run) == f"restarted {run}\n"
    assert listed(run)["attempt"] == 2
    eventually(lambda: overnight("logs", run).stdout.endswith("saved\n2\n"))
    assert listed(run)["requested"] is None
    assert obeyed("kill", run) == f"killed {run}\n"


def test_a_paused_run_that_is_restarted_waits_for_its_resume() -> None:
    run = launched(*SLEEP)
    assert obeyed("pause", run) == f"frozen {run}\n"
    asked = f"asked {run} to restart: its next attempt begins when it is resumed\n"
    eventually(lambda: overnight("restart", run).stderr == asked or listed(run)["status"] == "backoff")
    assert listed(run)["attempt"] == 1
    assert obeyed("resume", run) == f"resumed {run}\n"
    when(run, "running")
    assert listed(run)["attempt"] == 2
    assert obeyed("kill", run) == f"killed {run}\n"


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED, Outcome.INTERRUPTED])
def test_a_restart_of_a_run_that_has_ended_names_retry(home: Path, outcome: Outcome) -> None:
    run = an_ended_run(home, outcome=outcome)
    (line,) = said("restart", run.id, code=1).splitlines()
    assert f"{run.id} {standing(Status(outcome))}: there is nothing to restart" in line
    assert "`overnight retry` starts it again;" in line


def test_a_restart_of_what_waits_for_its_next_attempt_is_refused() -> None:
    run = launched("--retries", "30", "--", "sh", "-c", "test $OVERNIGHT_ATTEMPT -le 8; exit 3")
    when(run, "backoff")
    assert obeyed("pause", run) == f"backoff {run}\n" or listed(run)["status"] == "backoff"
    (line,) = said("restart", run, code=1).splitlines()
    assert f"{run} is in backoff: no attempt of it works that could be restarted" in line
    assert obeyed("cancel", run) == f"cancelled {run}\n"


def test_what_is_not_obeyed_in_time_is_said_to_be_asked_for() -> None:
    run = launched("--stop-grace", "600", "--", "bash", "-c", DEAF)
    eventually(lambda: "deaf" in overnight("logs", run).stdout)
    asked = f"asked {run} to cancel: waiting for it to end; by force 600 s after it was told\n"
    assert said("cancel", run) == asked
    assert listed(run)["status"] == "stopping"
    # Who names a time is told by the exit code, too.
    assert said("cancel", run, "--timeout", "0.3", code=4) == asked
    assert listed(run)["requested"] in {"cancel", None}
    assert obeyed("kill", run) == f"killed {run}\n"


def test_a_run_that_completes_when_it_is_cancelled_is_not_said_to_be_cancelled() -> None:
    completes = """echo '{"status": "completed", "attempt": 1}' > "$OVERNIGHT_RUN_DIR/progress.json"; exit 0"""
    run = launched(
        "--", "bash", "-c", f"trap {shlex.quote(completes)} TERM; echo ready; while true; do sleep 0.05; done"
    )
    eventually(lambda: "ready" in overnight("logs", run).stdout)
    assert obeyed("cancel", run) == f"asked {run} to cancel: it has completed\n"


def test_many_runs_are_done_together_and_each_refusal_is_one_line(home: Path) -> None:
    ended = an_ended_run(home, "ended")
    runs = [launched("--name", f"nap-{number}", *SLEEP) for number in range(3)]
    lines = obeyed("pause", "nap-0", "ended", "nobody", "nap-1", code=3).splitlines()
    assert len(lines) == 4
    assert {f"frozen {runs[0]}", f"frozen {runs[1]}"} < set(lines)
    assert any(ended.id in line and "completed" in line for line in lines)
    assert any("'nobody'" in line for line in lines)
    assert listed(runs[2])["status"] == "running"
    assert set(obeyed("kill", *runs).splitlines()) == {f"killed {run}" for run in runs}


def test_a_group_and_all_mean_the_runs_that_the_verb_is_about(home: Path) -> None:
    an_ended_run(home, "old", group="g")
    inside = [launched("--group", "g", *SLEEP) for _ in range(2)]
    outside = launched(*SLEEP)
    assert set(obeyed("pause", "--group", "g").splitlines()) == {f"frozen {run}" for run in inside}
    assert listed(outside)["status"] == "running"
    assert obeyed("pause", "--all") == f"frozen {outside}\n"
    assert obeyed("pause", "--all") == "There is no run to pause.\n"
    assert len(obeyed("resume", "--all").splitlines()) == 3
    assert len(obeyed("kill", "--all").splitlines()) == 3
    assert len(said("rm", "--all").splitlines()) == 4
    assert json.loads(overnight("ls", "--json").stdout) == []


def test_the_exit_code_of_a_wait_says_how_the_runs_ended(home: Path) -> None:
    good, bad = an_ended_run(home, "good"), an_ended_run(home, "bad", Outcome.FAILED)
    assert said("wait", "good") == f"{good.id} completed\n"
    assert said("wait", "good", "bad", code=1) == f"{good.id} completed\n{bad.id} failed: exit code 1\n"
    assert said("wait", "--all", code=1)
    assert "not ended after 0.2 s" in said("wait", launched(*SLEEP), "--timeout", "0.2", code=4)
    assert obeyed("kill", "--all")


def test_a_wait_ends_when_the_last_of_many_has_ended(tmp_path: Path) -> None:
    go = tmp_path / "go"
    slow = launched("--", "sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done")
    quick = launched("--", "true")
    with a_terminal([OVERNIGHT, "wait", slow, quick]) as terminal:
        terminal.shows(f"{quick} completed")
        assert terminal.child.isalive()
        go.touch()
        assert terminal.ends() == 0
        assert f"{slow} completed" in terminal.text()


def test_the_one_that_did_not_obey_in_time_gives_the_exit_code_of_many() -> None:
    deaf = launched("--stop-grace", "600", "--", "bash", "-c", DEAF)
    nap = launched(*SLEEP)
    eventually(lambda: "deaf" in overnight("logs", deaf).stdout)
    lines = said("cancel", nap, deaf, "--timeout", "5", code=4).splitlines()
    assert lines[0] == f"cancelled {nap}"
    assert lines[1].startswith(f"asked {deaf} to cancel")
    assert obeyed("kill", deaf) == f"killed {deaf}\n"


def test_a_wait_goes_on_when_one_of_many_is_removed(home: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    over = an_ended_run(home)
    gone, slow = (launched("--", "sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done") for _ in range(2))
    with a_terminal([OVERNIGHT, "wait", over.id, gone, slow]) as terminal:
        terminal.shows(f"{over.id} completed")
        # By hand, while it is live: removed by `overnight`, a run has an outcome that the wait may still see.
        shutil.rmtree(home / "runs" / gone)
        terminal.shows(f"{gone} was removed")
        assert terminal.child.isalive()
        go.touch()
        assert terminal.ends() == 3
        assert f"{slow} completed" in terminal.text()
    eventually(lambda: not processes_of(home), message="the supervisor of the removed run has seen that it is gone")


def test_run_waits_for_the_end_and_says_how_it_ended() -> None:
    done = overnight("run", "--wait", "--name", "ok", "--", "true")
    assert done.returncode == 0
    assert done.stderr == f"{done.stdout.strip()} completed\n"
    done = overnight("run", "--wait", "--", "sh", "-c", "exit 7")
    assert done.returncode == 1
    assert done.stderr == f"{done.stdout.strip()} failed: exit code 7\n"


def test_run_prints_the_id_and_nothing_else_and_the_run_is_as_ordered(tmp_path: Path) -> None:
    options = ("--name", "x", "--group", "g", "--label", "a=b=c", "--retries", "2", "--stop-grace", "3")
    more = ("--pause-grace", "4", "--stall", "5", "--cwd", str(tmp_path), "--env", "WORD=two words")
    done = overnight("run", *options, *more, "--wait", "--", "sh", "-c", 'echo "$WORD" --; pwd', "--", "--all")
    run = done.stdout.strip()
    assert run.startswith("x-")
    assert overnight("logs", run).stdout == f"two words --\n{tmp_path}\n"
    spec = json.loads(overnight("show", "--json", run).stdout)["spec"]
    assert spec["command"][-2:] == ["--", "--all"]
    assert (spec["name"], spec["group"], spec["labels"]) == ("x", "g", {"a": "b=c"})
    assert (spec["retries"], spec["restart"]) == (2, "on-failure")
    assert (spec["stop_grace"], spec["pause_grace"], spec["stall"]) == (3, 4, 5)


def test_watching_draws_one_line_over_and_over_on_a_terminal(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with a_terminal(
        [OVERNIGHT, "run", "--watch", "--name", "w", "--", "sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done"]
    ) as terminal:
        terminal.shows("running", "up 1s")
        lines = [line for line in terminal.text().splitlines() if line]
        assert len(lines) == 2
        go.touch()
        assert terminal.ends() == 0
        assert "running" not in terminal.text()
        assert "completed" in terminal.text()


def test_ctrl_c_ends_the_waiting_and_not_the_run(home: Path) -> None:
    for how in ("--wait", "--watch"):
        with a_terminal([OVERNIGHT, "run", how, "--name", how.strip("-"), *SLEEP]) as terminal:
            run = launched_as(how.strip("-"), home)
            when(run, "running")
            terminal.type("\x03")
            assert terminal.ends() == 130
            assert "Runs go on" in terminal.text()
            assert "Traceback" not in terminal.text()
        assert listed(run)["status"] == "running"
        assert obeyed("kill", run)


def launched_as(name: str, home: Path) -> str:
    """The id of the run of this name, as soon as it is there."""

    def found() -> str:
        ids = os.listdir(home / "runs") if (home / "runs").exists() else []
        return next((each for each in ids if each.startswith(name)), "")

    return eventually(found)


def test_a_run_needs_no_terminal_and_no_caller() -> None:
    run = overnight("run", "--", "sh", "-c", "sleep 0.2; echo done", start_new_session=True).stdout.strip()
    assert when_ended(run)["status"] == "completed"
    assert overnight("logs", run).stdout == "done\n"


def test_without_a_terminal_the_interface_is_a_plain_list_and_says_why(home: Path) -> None:
    run = an_ended_run(home)
    done = overnight()
    assert done.returncode == 0
    assert run.id in done.stdout
    assert "not a terminal" in done.stderr
    with a_terminal([OVERNIGHT], TERM="dumb") as terminal:
        terminal.shows(run.id, "TERM=dumb")
        assert terminal.ends() == 0


def test_runs_that_were_cut_off_together_are_resumed_together(home: Path) -> None:
    ids = [launched("--", "sh", "-c", "test $OVERNIGHT_ATTEMPT = 2 || exec sleep 600") for _ in range(3)]
    finished = launched("--", "true")
    when_ended(finished)
    kill_processes_of(home)
    done = overnight("resume", *ids, finished)
    assert done.returncode == 1, "one of them has nothing left to do"
    assert finished in done.stderr
    assert [when_ended(run_id)["status"] for run_id in ids] == ["completed"] * 3
