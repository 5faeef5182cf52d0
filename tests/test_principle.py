"""The principle, one test for each of its boxes.

Agent processes persist their state continuously, are observable, are healthy or found out, stop gracefully and
resume reliably.
"""

import json
import os
import random
import signal
import subprocess
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.command import PYTHON, launched, listed, overnight, when, when_ended
from tests.stories.scenes import (
    agent,
    agent_pid,
    assert_whole,
    committed,
    directory,
    launch_durable,
    lines_of,
    only_run,
    output,
    processed,
    record,
    when_attempt,
    when_processed,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_1_state_is_checkpointed_at_every_item_while_it_works() -> None:
    run = launch_durable(100, 0.02)
    for at_least in (5, 20, 40):
        done = when_processed(run, at_least)
        assert len(committed(run)) >= done
    assert (directory(run) / "checkpoint.json").exists()
    assert_whole(run, 100)


def test_2_the_state_is_enough_to_resume_exactly() -> None:
    run = launch_durable(60, 0.02)
    when_processed(run, 20)
    os.kill(agent_pid(run), signal.SIGKILL)
    assert when_ended(run)["status"] == "failed"
    assert overnight("retry", run).returncode == 0
    assert_whole(run, 60)
    assert record(run, "progress.json")["resumed_items"] >= 20
    assert [line["k"] for line in committed(run)] == [str(item) for item in range(60)]


def test_3_work_is_in_the_background_parallel_and_can_be_cancelled() -> None:
    runs = [launch_durable(100, 0.03) for _ in range(3)]
    for run in runs:
        when_processed(run, 2)
    assert len({listed(run)["pid"] for run in runs}) == 3
    assert overnight("cancel", runs[1]).returncode == 0
    assert when_ended(runs[1])["status"] == "cancelled"
    assert processed(runs[1]) < 100
    for run in (runs[0], runs[2]):
        assert_whole(run, 100)


def test_4_progress_is_a_file_that_is_new_every_few_seconds() -> None:
    run = launch_durable(400, 0.02)
    seen: dict[str, float] = {}

    def changed_ten_times() -> bool:
        said = record(run, "progress.json")
        if said:
            seen.setdefault(said["updated_at"], said["processed_items"])
        return len(seen) > 10

    eventually(changed_ten_times, interval=0.02)
    times = [datetime.fromisoformat(each).timestamp() for each in seen]
    assert times == sorted(times)
    assert max(after - before for before, after in pairwise(times)) < 3
    assert list(seen.values()) == sorted(seen.values())
    said = record(run, "progress.json")
    assert {"status", "total_items", "processed_items", "current_item", "estimated_completion", "errors"} <= set(said)
    assert overnight("cancel", run).returncode == 0
    when_ended(run)


def test_5_a_heartbeat_goes_on_while_one_item_takes_long() -> None:
    run = launch_durable(1, 60)
    beats: set[str] = set()

    def beat_three_times() -> bool:
        beats.update({record(run, "heartbeat.json").get("last_heartbeat", "")} - {""})
        return len(beats) >= 3

    eventually(beat_three_times)
    assert processed(run) == 0
    said = record(run, "heartbeat.json")
    assert said["pid"] == listed(run)["pid"]
    assert {"status", "uptime_seconds"} <= set(said)
    assert overnight("kill", run).returncode == 0
    when_ended(run)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_6_sigterm_and_sigint_stop_at_a_checkpoint(number: signal.Signals) -> None:
    command = agent("durable", 60, 0.02)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as by_hand:
        run = only_run()
        when_processed(run, 5)
        by_hand.send_signal(number)
        code = by_hand.wait(timeout=20)
    assert code == 75
    stopped = listed(run)
    assert stopped["status"] == "interrupted"
    assert output(run) == lines_of(int(stopped["processed_items"]))
    assert subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    assert_whole(run, 60)


def test_7_memory_does_not_grow_with_what_was_streamed() -> None:
    most = []
    for count in (20_000, 200_000):
        run = launched("--", *agent("streaming", count))
        assert when_ended(run, timeout=100)["status"] == "completed"
        most.append(record(run, "attempts/0001.json")["max_rss"])
    assert most[1] < most[0] * 1.1


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(60):
        (folder / f"m{number:02d}.py").write_text("def f(:\n" if number % 3 == 0 else "def f():\n    return 1\n")
    return folder


def test_8_an_error_is_recorded_with_its_context_before_the_checkpoint(tree: Path) -> None:
    run = launched("--", PYTHON, "-m", "overnight.agents.bundled.index", str(tree), "--pace", "0.02")
    when_processed(run, 20)
    os.kill(agent_pid(run), signal.SIGKILL)
    when_ended(run)
    recorded = [json.loads(line) for line in (directory(run) / "errors.jsonl").read_text().splitlines()]
    failed = {line["k"] for line in committed(run) if line.get("e")}
    assert failed
    assert failed <= {each["item"] for each in recorded}
    assert all(each["type"] == "SyntaxError" and each["traceback"] and each["at"] for each in recorded)
    assert overnight("retry", run).returncode == 0
    ended = when_ended(run)
    assert (ended["status"], ended["errors"]) == ("completed", 20)


def test_9_resume_is_tested_by_interruption() -> None:
    rng = random.Random(9)
    run = launch_durable(100, 0.03, "--retries", "9")
    for interruption in range(1, 6):
        when_processed(run, processed(run) + rng.randint(1, 8))
        os.kill(agent_pid(run), rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGABRT]))
        when_attempt(run, interruption + 1)
    assert_whole(run, 100)
    assert record(run, "exit.json")["attempts"] == 6


def test_10_the_completion_is_estimated_with_a_range() -> None:
    run = launch_durable(150, 0.04)
    when_processed(run, 90)
    said = eventually(lambda: record(run, "progress.json").get("estimate") and record(run, "progress.json"))
    asked_at = time.time()
    estimate = said["estimate"]
    assert 0 < estimate["low"] <= estimate["likely"] <= estimate["high"]
    foretold = datetime.fromisoformat(said["estimated_completion"]).timestamp()
    assert_whole(run, 150)
    truth = datetime.fromisoformat(record(run, "exit.json")["ended_at"]).timestamp()
    assert abs(foretold - truth) < 0.5 * (truth - asked_at) + 2


def test_11_an_outside_monitor_finds_a_hang() -> None:
    hung = launched("--stall", "1", "--", *agent("stuck"))
    stopped = launch_durable(400, 0.02)
    when_processed(stopped, 3)
    os.kill(agent_pid(stopped), signal.SIGSTOP)
    # Whoever reads nothing but the file sees that the beats have ceased.
    quiet = record(stopped, "heartbeat.json")["last_heartbeat"]
    eventually(lambda: time.time() - datetime.fromisoformat(quiet).timestamp() > 2)
    assert record(stopped, "heartbeat.json")["last_heartbeat"] == quiet
    assert when(stopped, "frozen")["heartbeat_age"] > 1.5
    # A hang in an item goes on beating, and is found by its progress.
    assert when(hung, "stalled")["heartbeat_age"] < 10
    assert "no progress" in listed(hung)["health"]
    assert overnight("kill", "--all").returncode == 0
    for run in (hung, stopped):
        when_ended(run)


def test_12_resuming_twice_changes_nothing_that_was_done() -> None:
    run = launch_durable(60, 0.02)
    when_processed(run, 10)
    os.kill(when(run, "running")["supervisor_pid"], signal.SIGTERM)
    assert when_ended(run)["status"] == "interrupted"
    assert overnight("resume", run).returncode == 0
    overnight("resume", run)
    assert_whole(run, 60)
    whole = output(run)
    assert overnight("resume", run).returncode == 1
    assert overnight("retry", run).returncode == 1
    assert output(run) == whole
    assert listed(run)["status"] == "completed"
