"""Started by hand, the process is its own supervisor; the same command goes on with what it had not finished."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pexpect
import pytest

from overnight.agents import operate
from overnight.state import control
from overnight.state.errors import NotPossibleNow
from overnight.state.home import Home
from overnight.state.records import Verb
from overnight.state.rundir import RunDir
from tests.sdk.attempts import program
from tests.supervision.launched import drafts, leave_draft
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def start(command: list[str], **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def runs(home: Path) -> list[RunDir]:
    return sorted(Home(str(home)).runs(), key=lambda run: json.loads(Path(run.spec_path).read_text())["created_at"])


def record(run: RunDir, name: str) -> dict[str, Any]:
    path = Path(run.path) / name
    return dict(json.loads(path.read_text())) if path.exists() else {}


def only_run(home: Path) -> RunDir:
    def the_one() -> RunDir | None:
        found = list(Home(str(home)).runs())
        return found[0] if found and os.path.exists(found[0].spec_path) else None

    return eventually(the_one)


def when_processed(run: RunDir, least: int, attempt: int = 1) -> None:
    def reached() -> bool:
        said = record(run, "progress.json")
        return said.get("attempt") == attempt and said["processed_items"] >= least

    eventually(reached)


def test_a_run_that_was_started_by_hand_cannot_be_restarted_by_anybody_else(home: Path) -> None:
    started = start(program("lines", 2000, 0.02))
    run = only_run(home)
    when_processed(run, 1)
    with pytest.raises(NotPossibleNow, match="was started by hand"):
        operate.restart(run)
    assert not run.request_numbers()
    operate.kill(run)
    started.communicate(timeout=30)


def test_every_record_is_there_as_of_a_supervised_run(home: Path) -> None:
    process = start(program("lines", 20, 0.01))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    run = only_run(home)
    records = run.read()
    assert records.damaged == ()
    assert records.spec is not None
    assert records.spec.command[1:] == (*program("lines")[1:], "20", "0.01")
    assert records.attempt is not None
    assert (records.attempt.attempt, records.attempt.pid, records.attempt.code) == (1, process.pid, 0)
    assert records.exit is not None
    assert (records.exit.outcome, records.exit.attempts) == ("completed", 1)
    assert not records.supervised
    assert "completed" in said
    assert run.path in said


def test_the_same_command_goes_on_and_a_completed_one_begins_anew(home: Path) -> None:
    command = program("lines", 100, 0.01)
    process = start(command)
    run = only_run(home)
    when_processed(run, 5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 75
    assert record(run, "exit.json")["outcome"] == "interrupted"
    for name in ("exit.json", "progress.json"):
        leave_draft(run.file(name))
    # What it says goes on with the run.
    again = said.strip().splitlines()[-1].partition("to go on: ")[2]
    assert subprocess.run(again, shell=True, capture_output=True, check=False).returncode == 0
    assert [each.id for each in runs(home)] == [run.id]
    assert record(run, "exit.json")["outcome"] == "completed"
    assert record(run, "exit.json")["attempts"] == 2
    assert drafts(run.path) == [], "of a process that was killed before"
    assert record(run, "exit.1.json")["outcome"] == "interrupted"
    assert record(run, "progress.json")["resumed_items"] >= 5
    assert start(command).communicate(timeout=20)
    assert len(runs(home)) == 2


def test_killed_by_hand_it_goes_on_too(home: Path) -> None:
    command = program("lines", 100, 0.01)
    process = start(command)
    run = only_run(home)
    when_processed(run, 5)
    process.kill()
    process.communicate()
    process = start(command)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert [each.id for each in runs(home)] == [run.id]
    text = (Path(run.artifacts_path) / "out.txt").read_text()
    assert text == "".join(f"item {item}\n{'.' * (item % 7)}\n" for item in range(100))


def test_other_arguments_or_another_folder_mean_another_run(home: Path, tmp_path: Path) -> None:
    for command, cwd in (
        (program("lines", 1, 0), home),
        (program("lines", 2, 0), home),
        (program("lines", 1, 0), tmp_path),
    ):
        process = start(command, cwd=cwd)
        process.communicate(timeout=20)
        assert process.returncode == 0
    assert len(runs(home)) == 3


def test_of_two_started_at_once_one_works_and_the_other_says_so(home: Path) -> None:
    command = program("lines", 200, 0.01)
    processes = [start(command) for _ in range(3)]
    said = {}
    eventually(lambda: sum(process.poll() is not None for process in processes) == 2)
    worker = next(process for process in processes if process.poll() is None)
    for process in processes:
        if process is not worker:
            said[process.pid] = process.communicate()[1]
            assert process.returncode == 1
    (run,) = runs(home)
    for line in said.values():
        assert len(line.splitlines()) == 1
        assert f"{run.id} is already running" in line
    worker.communicate(timeout=20)
    assert worker.returncode == 0


def test_requests_from_elsewhere_are_obeyed(home: Path) -> None:
    process = start(program("lines", 1000, 0.01))
    run = only_run(home)
    when_processed(run, 3)
    for verb, status in ((Verb.PAUSE, "paused"), (Verb.RESUME, "running")):
        number = control.ask(run, verb).number
        wanted = {"status": status, "acknowledged": number}
        eventually(lambda wanted=wanted: wanted.items() <= record(run, "progress.json").items())  # type: ignore[misc]
    control.ask(run, Verb.CANCEL)
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert record(run, "exit.json")["outcome"] == "cancelled"
    # Started again it is to run: the older cancel is taken back on record.
    process = start(program("lines", 1000, 0.01))
    when_processed(run, 10, attempt=2)
    process.terminate()
    process.communicate(timeout=20)
    assert record(run, "exit.json")["outcome"] == "interrupted"


def test_stacks_and_kill_do_not_wait_for_an_item_edge(home: Path) -> None:
    process = start(program("long_item"))
    run = only_run(home)
    eventually(lambda: record(run, "progress.json").get("current_item"))
    control.ask(run, Verb.STACKS)
    eventually(lambda: "long_item.py" in Path(run.stacks_path).read_text())
    control.ask(run, Verb.KILL)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert record(run, "exit.json")["outcome"] == "cancelled"


def test_a_home_that_cannot_be_written_is_one_clear_line(home: Path) -> None:
    home.rmdir()
    home.write_text("not a folder")
    process = start(program("lines", 1, 0))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert "OVERNIGHT_HOME" in said


def test_without_a_terminal_there_is_a_line_now_and_then(home: Path) -> None:
    process = start(program("lines", 250, 0.01))
    _, said = process.communicate(timeout=20)
    assert len(said.splitlines()) <= 3
    assert "\r" not in said
    assert "\x1b" not in said


def test_on_a_terminal_one_line_is_redrawn(home: Path) -> None:
    command = program("lines", 150, 0.02)
    child = pexpect.spawn(command[0], command[1:], dimensions=(24, 60), timeout=20)
    child.expect(r"\r\x1b\[Klines  \d+%  \d+/150 items")
    child.expect(r"\r\x1b\[Klines  \d+%  \d+/150 items")
    assert b"\n" not in bytes(child.before)  # type: ignore[arg-type]
    child.expect("lines: completed, 150 items done")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_ctrl_c_stops_at_a_checkpoint_and_says_how_to_go_on(home: Path) -> None:
    command = program("lines", 500, 0.02)
    child = pexpect.spawn(command[0], command[1:], timeout=20)
    run = only_run(home)
    when_processed(run, 3)
    child.sendcontrol("c")
    child.expect("lines: interrupted, .* to go on: ")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 75


def test_the_line_that_drops_stops_it_at_a_checkpoint(home: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *program("lines", 1000, 0.02)], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    run = only_run(home)
    when_processed(run, 3)
    os.close(ours)
    assert process.wait(timeout=20) == 75
    assert record(run, "exit.json")["outcome"] == "interrupted"


def test_ctrl_z_checkpoints_and_really_stops_and_fg_goes_on(home: Path) -> None:
    shell = pexpect.spawn("bash", ["--norc", "-i"], timeout=20, env={**os.environ, "PS1": "$ "})
    shell.sendline(" ".join(program("lines", 300, 0.02)))
    run = only_run(home)
    when_processed(run, 3)
    shell.sendcontrol("z")
    shell.expect("Stopped")
    pid = record(run, "heartbeat.json")["pid"]
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "T"
    stopped = record(run, "progress.json")
    assert stopped["status"] == "paused"
    assert record(run, "checkpoint.json")["loops"][0]["watermark"] == stopped["processed_items"]
    shell.sendline("fg")
    when_processed(run, stopped["processed_items"] + 5)
    shell.expect(r"\r\x1b\[Klines  \d+%")
    shell.sendcontrol("c")
    shell.expect("to go on: ")
    shell.sendline("exit")
    shell.expect(pexpect.EOF)
    shell.close()
    assert len(re.findall(r'"i":\d+', Path(run.checkpoint_log_path).read_text())) < 300
