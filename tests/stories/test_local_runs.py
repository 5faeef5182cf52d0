"""The promises of the README, each as one story of real processes."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.command import launched, listed, overnight, when, when_ended
from tests.stories.scenes import (
    agent,
    agent_pid,
    assert_whole,
    committed,
    directory,
    launch_durable,
    processed,
    record,
    when_attempt,
    when_processed,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_a_run_is_launched_reports_progress_and_completes() -> None:
    run = launch_durable(40, 0.05, "--name", "story")
    assert run.startswith("story-")
    seen = when(run, "running")
    assert seen["pid"]
    assert seen["supervisor_pid"]
    assert when_processed(run, 5) < 40
    assert_whole(run, 40)
    ended = listed(run)
    assert (ended["outcome"], ended["exit_code"], ended["percent"], ended["pid"]) == ("completed", 0, 100.0, None)
    assert overnight("wait", run).returncode == 0


def test_a_pause_is_checkpointed_and_a_resume_completes_with_every_item_once() -> None:
    run = launch_durable(60, 0.03)
    when_processed(run, 5)
    assert overnight("pause", run).returncode == 0
    paused = when(run, "paused")
    assert paused["pid"]
    assert paused["requested"] is None
    assert len(committed(run)) == processed(run)
    assert overnight("resume", run).returncode == 0
    assert_whole(run, 60)
    assert record(run, "exit.json")["attempts"] == 1


def test_a_plain_command_is_frozen_and_resumed() -> None:
    run = launched("--", "sleep", "60")
    pid = when(run, "running")["pid"]
    assert overnight("pause", run).returncode == 0
    frozen = when(run, "frozen")
    assert frozen["pid"] == pid
    assert Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "T"
    assert overnight("resume", run).returncode == 0
    assert when(run, "running")["pid"] == pid
    assert overnight("cancel", run).returncode == 0
    assert when_ended(run)["status"] == "cancelled"


def test_a_cancel_insists_with_an_agent_that_ignores_sigterm() -> None:
    ignores = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
    run = launched("--stop-grace", "0.5", "--", "bash", "-c", ignores)
    pid = when(run, "running")["pid"]
    eventually(lambda: "deaf" in overnight("logs", run).stdout)
    assert overnight("cancel", run).returncode == 0
    assert when(run, "stopping", "cancelled")
    assert when_ended(run)["status"] == "cancelled"
    assert record(run, "exit.json")["signal"] == "SIGKILL"
    assert not os.path.exists(f"/proc/{pid}")


def test_a_killed_agent_is_retried_and_goes_on_from_its_checkpoint() -> None:
    run = launch_durable(60, 0.02, "--retries", "5")
    for until in (10, 25, 40):
        when_processed(run, until)
        os.kill(agent_pid(run), signal.SIGKILL)
        killed = record(run, "supervisor.json")["attempt"]
        when_attempt(run, killed + 1)
    assert_whole(run, 60)
    assert record(run, "exit.json")["attempts"] == 4
    assert record(run, "progress.json")["resumed_items"] >= 40


def test_without_retries_a_killed_agent_is_failed_and_retried_by_hand() -> None:
    run = launch_durable(40, 0.02)
    when_processed(run, 10)
    os.kill(agent_pid(run), signal.SIGKILL)
    failed = when_ended(run)
    assert (failed["status"], failed["exit_code"]) == ("failed", None)
    assert overnight("wait", run).returncode == 1
    assert overnight("retry", run).returncode == 0
    assert_whole(run, 40)


@pytest.mark.parametrize("victims", ["supervisor", "keeper", "both"])
def test_a_finished_agent_is_never_run_again_though_who_watched_it_was_killed(victims: str, tmp_path: Path) -> None:
    ran, go = tmp_path / "ran", tmp_path / "go"
    script = f"echo ran >> {ran}; until [ -e {go} ]; do sleep 0.05; done; exit 3"
    run = launched("--", "sh", "-c", script)
    seen = when(run, "running")
    keeper = int(Path(f"/proc/{seen['pid']}/stat").read_text().rsplit(") ", 1)[1].split()[1])
    if victims in {"supervisor", "both"}:
        os.kill(seen["supervisor_pid"], signal.SIGKILL)
    if victims in {"keeper", "both"}:
        os.kill(keeper, signal.SIGKILL)
    if victims == "both":
        # Somebody looks while the agent still works: it is adopted.
        eventually(lambda: listed(run)["status"] == "running" and listed(run)["supervisor_pid"])
    go.touch()
    ended = when_ended(run)
    assert ended["status"] == "failed"
    assert ended["exit_code"] == (None if victims == "both" else 3)
    assert ran.read_text() == "ran\n"


def test_two_operators_pause_and_resume_at_once_and_the_newest_request_holds() -> None:
    run = launch_durable(400, 0.01)
    when_processed(run, 3)
    codes: list[int] = []

    def operate() -> None:
        for _ in range(4):
            codes.append(overnight("pause", run, "--timeout", "0").returncode)
            codes.append(overnight("resume", run, "--timeout", "0").returncode)

    operators = [threading.Thread(target=operate) for _ in range(2)]
    for operator in operators:
        operator.start()
    for operator in operators:
        operator.join()
    # 4: asked, and not obeyed within no time at all.
    assert set(codes) <= {0, 4}
    numbers = sorted(int(path.stem) for path in (directory(run) / "control").glob("*.json"))
    assert numbers == list(range(1, 17))
    assert_whole(run, 400)


def test_an_agent_of_the_principles_own_pattern_is_watched_unchanged(tmp_path: Path) -> None:
    command = agent("principle", tmp_path, 60, 0.05)
    files = ["--progress-file", str(tmp_path / "progress.json"), "--heartbeat-file", str(tmp_path / "health.json")]
    run = launched(*files, "--cwd", str(tmp_path), "--", *command)
    seen = eventually(lambda: (now := listed(run))["processed_items"] and now)
    assert seen["status"] == "running"
    assert seen["total_items"] == 60
    eventually(lambda: 0 <= (listed(run)["heartbeat_age"] or -1) < 5)
    assert overnight("pause", run).returncode == 0
    when(run, "frozen")
    held = json.loads((tmp_path / "agent_state.json").read_text())["done"]
    assert overnight("resume", run).returncode == 0
    ended = when_ended(run)
    assert (ended["status"], ended["processed_items"], ended["percent"]) == ("completed", 60, 100.0)
    assert held < 60


def test_a_run_can_be_waited_for_and_the_exit_code_says_how_it_ended() -> None:
    assert overnight("run", "--wait", "--", "true").returncode == 0
    assert overnight("run", "--wait", "--", "false").returncode == 1
    slow = launched("--", "sleep", "60")
    before = time.monotonic()
    assert overnight("wait", slow, "--timeout", "0.3").returncode == 4
    assert time.monotonic() - before > 0.3
    assert overnight("kill", slow).returncode == 0
    assert overnight("wait", slow).returncode == 1
    assert listed(slow)["status"] == "cancelled"
    assert overnight("rm", slow).returncode == 0
    assert overnight("show", slow).returncode == 3


def test_output_of_a_run_is_in_its_log_while_it_works(tmp_path: Path) -> None:
    go = tmp_path / "go"
    run = launched("--", "sh", "-c", f"echo out; echo err >&2; until [ -e {go} ]; do sleep 0.05; done; echo last")
    eventually(lambda: overnight("logs", run).stdout.split() == ["out", "err"])
    go.touch()
    followed = overnight("logs", "-f", run)
    assert followed.stdout.split()[-1] == "last"
