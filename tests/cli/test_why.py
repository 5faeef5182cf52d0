"""`overnight why`, asked of real runs: what it says is so, and what it advises helps."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.state.operator import operator_name
from overnight.state.records import Outcome, Progress
from tests.cli.records import an_ended_run
from tests.command import PYTHON, launched, overnight, when_ended
from tests.stories.scenes import agent
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]

HOSTILE = "\x1b]0;owned\x07evil\x1b[2J\n[/x]"


def why(*arguments: str, code: int = 0) -> str:
    done = overnight("why", *arguments)
    assert done.returncode == code, done.stderr
    return done.stdout


def when_why(run: str, pattern: str) -> None:
    eventually(lambda: re.search(pattern, why(run)), interval=0.1, message=pattern)


def test_a_run_is_asked_why_from_its_launch_to_its_end() -> None:
    run = launched("--name", "nap", "--", "sleep", "600")
    assert re.fullmatch(rf"{run} is running: attempt 1 has worked for \d+s\.\n", why("nap"))
    assert overnight("pause", "nap", "--timeout", "30").returncode == 0
    frozen, advice = why("nap").splitlines()
    assert re.fullmatch(rf"{run} is frozen: {operator_name()} asked it to pause \d+s ago; it does not .*", frozen)
    (command,) = re.findall(r"`overnight (.*?)`", advice)
    assert overnight(*command.split(), "--timeout", "30").returncode == 0
    assert "is running" in why("nap")
    assert overnight("cancel", "nap", "--timeout", "30").returncode == 0
    assert f"is cancelled: {operator_name()} asked it to cancel" in why("nap")


def test_a_run_that_waits_for_its_next_attempt_says_when_and_after_what() -> None:
    run = launched("--retries", "9", "--", "sh", "-c", "exit 3")
    waits = r"is in backoff: exit code 3; the next attempt begins in .*, restart \d of 9 without progress\."
    eventually(lambda: re.search(waits, why(run)), interval=0.1)
    overnight("cancel", run, "--timeout", "30")
    when_ended(run)


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (lambda path: None, "env.json: No such file or directory"),
        (os.mkfifo, "env.json: Not a file"),
        (lambda path: path.write_text('{"environment": {}, "umask": -1}'), "env.json: its umask is none"),
    ],
)
def test_a_queued_run_that_could_not_begin_says_so_before_its_turn_comes(
    home: Path, put: Callable[[Path], None], told: str
) -> None:
    overnight("group", "gpu", "--slots", "1")
    first = launched("--group", "gpu", "--", "sleep", "600")
    run = home / "runs" / launched("--group", "gpu", "--", "echo", "done")
    (run / "env.json").unlink()
    put(run / "env.json")
    queued, advice = why(run.name).splitlines()
    assert queued.startswith(f"{run.name} is queued: no attempt can be started when its turn comes: ")
    assert told in queued
    checked = overnight("doctor").stdout
    assert re.search(rf"{run.name}: (it has no env.json|.*{told.replace(': ', ' cannot be read: ')})", checked)
    assert f"`overnight cancel {run.name}`" in checked
    assert overnight("cancel", first, run.name, "--timeout", "30").returncode == 0
    if os.path.lexists(run / "env.json"):
        (run / "env.json").rename(run / "env.json.mine")
    assert advice.endswith(f"`overnight retry {run.name}`, from where it is all set.")
    assert overnight("retry", run.name).returncode == 0
    when_ended(run.name)
    assert (run / "output.log").read_text() == "done\n"


def test_a_queued_run_that_lets_nobody_in_says_so(home: Path) -> None:
    overnight("group", "gpu", "--slots", "1")
    first = launched("--group", "gpu", "--", "sleep", "600")
    run = home / "runs" / launched("--group", "gpu", "--", "true")
    (run / "attempts").rmdir()
    (run / "attempts").symlink_to(run / "attempts")
    assert f"nobody is let into {run}/attempts/: Too many levels of symbolic links" in why(run.name)
    (run / "attempts").unlink()
    (run / "attempts").mkdir(mode=0o700)
    assert overnight("cancel", first, run.name, "--timeout", "30").returncode == 0


def test_of_several_items_in_hand_the_oldest_is_named_and_what_its_worker_does() -> None:
    kinds = ("threads", "processes", "child")
    runs = {kind: launched("--stall", "1", "--", *agent("one_hangs", kind)) for kind in kinds}

    item = r"is stalled: no progress for .*; its item is 5, in hand for \d+s; the worker with its oldest item"
    child = r"waits for its child `sleep 86400` \(pid \d+, begun \d+s ago\), which sleeps until a time comes"
    for kind, does in zip(kinds, ("waits for a lock or another thread",) * 2 + (child,), strict=True):
        when_why(runs[kind], rf"{item} {does}\.")
    shown = overnight("show", runs["child"]).stdout
    assert re.search(r"item +5, in hand for", shown)
    overnight("kill", *runs.values())
    for run in runs.values():
        when_ended(run)


@pytest.mark.parametrize(
    "call",
    ["subprocess.run(['sleep', '86400'], capture_output=True)", "subprocess.check_output(['sleep', '86400'])"],
)
def test_a_child_whose_output_is_awaited_is_named(call: str) -> None:
    run = launched("--stall", "1", "--", PYTHON, "-c", f"import subprocess; {call}")
    named = r"its process waits for its child `sleep 86400` \(pid \d+, begun \d+s ago\), which sleeps"
    when_why(run, named)
    overnight("kill", run)
    when_ended(run)


def test_a_restart_after_progress_is_not_told_as_one_without() -> None:
    run = launched("--retries", "9", "--", *agent("dies"))
    item, error = r"its last item was \d+", "the last it printed was: RuntimeError: no room at the inn"
    when_why(run, rf"is in backoff: exit code 1; {item}; {error}; the next attempt begins in .*, after 3 items were")
    assert re.search(r"3 items were finished; the next attempt begins in", overnight("history", run).stdout)
    overnight("cancel", run, "--timeout", "30")
    assert "continues it from its checkpoint" in why(run)


def test_what_keeps_no_checkpoint_is_not_said_to_have_one() -> None:
    run = launched("--", "sh", "-c", "exit 3")
    when_ended(run)
    assert f"`overnight retry {run}` starts it again from the beginning." in why(run)


def test_a_loop_that_only_prints_is_told_what_counts_as_progress() -> None:
    run = launched("--stall", "1", "--", "sh", "-c", "while sleep 0.1; do echo on; done")
    when_why(run, "is stalled: .*it prints, but reports no progress, and only that counts")
    overnight("kill", run)
    when_ended(run)
    assert "what it prints is none" in " ".join(overnight("run", "--help").stdout.split())


def test_a_crash_loop_says_how_often_and_how_to_see_more() -> None:
    run = launched("--retries", "1", "--", "sh", "-c", "exit 3")
    when_ended(run)
    failed, advice = why(run).splitlines()
    assert re.match(rf"{run} has failed: exit code 3 twice without progress, \d+s ago; 2 attempts died\.$", failed)
    assert f"`overnight logs {run}`" in advice


def test_many_are_asked_at_once_and_one_that_is_not_there_leaves_the_others(home: Path) -> None:
    good, bad = an_ended_run(home, "good"), an_ended_run(home, "bad", Outcome.FAILED)
    assert {line.split()[0] for line in why("--all").splitlines() if line[0] != " "} == {good.id, bad.id}
    assert why("nobody", "good", code=3).startswith(f"{good.id} has completed: ")


def test_nothing_that_an_agent_wrote_reaches_a_person_as_an_escape_code(home: Path) -> None:
    run = an_ended_run(home, outcome=Outcome.FAILED)
    run.write(run.progress_path, Progress(processed_items=1, current_item=HOSTILE, message=HOSTILE, attempt=1))
    shown = why(run.id)
    assert "evil" in shown
    assert "\x1b" not in shown
    assert "owned" not in shown
    assert len(shown.splitlines()) == 2
