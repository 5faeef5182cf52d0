"""What died leaves evidence: how it ended, its last item, lines and stacks; and not those of another attempt."""

import os
import signal
from pathlib import Path

import pytest

from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor.evidence import LINES, LONGEST, evidence_of
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Attempt, Event, Outcome
from overnight.state.rundir import RunDir
from tests.supervision.launched import agent, attempt, ended, kill_supervisor, output, sh
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def deaths(run: RunDir) -> list[Event]:
    ended(run)
    return [event for event in history_of(run) if event.event == "died"]


def test_each_death_of_a_crash_loop_is_kept_with_its_own_last_lines_and_item(home: Path) -> None:
    body = """
    for number in range(100):
        print(f"attempt {ATTEMPT} line {number}")
    progress(processed_items=0, current_item=f"item {ATTEMPT}")
    print("é" * 600, flush=True)
    sys.exit(3)
    """
    first, second = deaths(agent(home, body, retries=1))
    for number, death in ((1, first), (2, second)):
        detail = death.detail
        assert (detail["code"], detail["signal"], detail["out_of_memory"]) == (3, None, False)
        assert detail["item"] == f"item {number}"
        assert detail["log"] == [*(f"attempt {number} line {line}" for line in range(81, 100)), "é" * 250 + "…"]
        assert "stacks" not in detail
    assert second.detail["reason"] == "exit code 3 twice without progress"


def test_an_attempt_that_says_nothing_is_not_given_the_words_of_the_one_before(home: Path) -> None:
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2 || echo once; kill -SEGV $$", retries=1)
    first, second = deaths(run)
    assert (first.detail["signal"], first.detail["log"]) == ("SIGSEGV", ["once"])
    assert "log" not in second.detail


def test_the_stacks_that_an_attempt_showed_are_kept(home: Path) -> None:
    body = """
    import faulthandler
    if ATTEMPT == 1:
        with open(f"{RUN}/stacks.txt", "w") as file:
            faulthandler.dump_traceback(file)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    first, second = deaths(agent(home, body, retries=1))
    assert "most recent call first" in first.detail["stacks"][0]
    assert "stacks" not in second.detail, "they are another attempt's"


def test_a_new_supervisor_knows_which_lines_are_of_the_attempt_that_it_adopts(home: Path) -> None:
    go = home.parent / "go"
    second_waits = f"test $OVERNIGHT_ATTEMPT = 1 || until [ -e {go} ]; do sleep 0.02; done"
    run = sh(home, f"echo $OVERNIGHT_ATTEMPT; {second_waits}; exit 1", retries=1)
    eventually(lambda: output(run) == "1\n2\n")
    attempt(run, 2)
    eventually(lambda: [event.attempt for event in history_of(run) if event.event == "started"] == [1, 2])
    kill_supervisor(run)
    go.touch()
    # Not in the moment in which it has ended and its keeper is about to write that down.
    eventually(lambda: any(adopt_orphans(Home(str(home)))))
    assert [death.detail["log"] for death in deaths(run)] == [["1"], ["2"]]


def test_evidence_is_bounded_whatever_an_agent_prints(home: Path) -> None:
    body = r"""
    sys.stdout.buffer.write(os.urandom(1 << 20).replace(b"\n", b"") + b"\n" + b"\xe2\x82" * 500 + b"\nno end")
    sys.stdout.flush()
    sys.exit(1)
    """
    run = agent(home, body)
    (death,) = deaths(run)
    assert ended(run).outcome is Outcome.FAILED
    assert death.detail["log"][-1] == "no end"
    assert all(len(line.encode()) <= 4 * LONGEST for line in death.detail["log"])
    assert os.stat(run.history_path).st_size < 2 * LINES * LONGEST * 4


def test_a_log_that_is_gone_or_is_no_file_is_no_evidence_and_no_harm(home: Path) -> None:
    run = Home(str(home)).new_run("none")
    died = Attempt(1, 4242, 1, "boot", 0.0, 1.0, None, signal.SIGKILL.name)
    assert evidence_of(run, died, 0, None) == {}
    os.mkfifo(run.output_path)
    assert evidence_of(run, died, 0, "x") == {"item": "x"}
    os.unlink(run.output_path)
    Path(run.output_path).write_text("emptied and written anew\n")
    assert evidence_of(run, died, 1 << 20, None) == {"log": ["emptied and written anew"]}
