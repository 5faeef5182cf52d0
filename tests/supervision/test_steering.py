"""Pause, resume, cancel, kill, restart: what reaches the agent, and what is on record then."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import revive
from overnight.state import control
from overnight.state.errors import NotPossibleNow
from overnight.state.history import history_of
from overnight.state.records import Outcome, Request, SupervisorState, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    events,
    is_alive,
    kill_and_wait,
    output,
    sh,
    state,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

COOPERATIVE = """
wanted = "running"
def pause(*_):
    global wanted
    wanted = "paused"
def resume(*_):
    global wanted
    wanted = "running"
def stop(*_):
    progress(status="cancelled", acknowledged=newest(), processed_items=1)
    print("stopped at a checkpoint", flush=True)
    sys.exit(75)
signal.signal(signal.SIGTSTP, pause)
signal.signal(signal.SIGCONT, resume)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGUSR1, lambda *_: print("stacks", flush=True))
beat("pause", "stop", "stacks")
progress()
said = "running"
while True:
    time.sleep(0.01)
    if wanted != said:
        said = wanted
        progress(status=said, acknowledged=newest())
"""


def status(run: RunDir) -> Status:
    return status_of(run.read(), time.time())


def becomes(run: RunDir, wanted: Status) -> None:
    eventually(lambda: status(run) is wanted, message=f"{run.id} is {wanted}")


def cooperative(home: Path, **order: Any) -> RunDir:
    run = agent(home, COOPERATIVE, **order)
    eventually(lambda: os.path.exists(run.progress_path))
    return run


def test_a_request_is_obeyed_though_nobody_rang(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    # As by an operator who is killed between the two.
    asked = Request(1, Verb.CANCEL, None, "somebody", time.time(), {})
    run.write(run.request_path(1), asked)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_plain_command_is_frozen_and_goes_on_as_the_same_process(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    pid = attempt(run).pid
    request = operate.pause(run)
    assert request is not None
    assert operate.wait_obeyed(run, request, timeout=20)
    assert status(run) is Status.FROZEN
    assert state(pid) == "T"
    assert supervisor(run).frozen
    request = operate.resume(run)
    assert request is not None
    assert operate.wait_obeyed(run, request, timeout=20)
    becomes(run, Status.RUNNING)
    assert state(pid) != "T"
    assert attempt(run).pid == pid
    operate.kill(run)
    over = ended(run)
    assert (over.outcome, over.signal) == (Outcome.CANCELLED, "SIGKILL")
    assert [each for each in events(run) if each in {"frozen", "resumed"}] == ["frozen", "resumed"]


def test_an_agent_that_handles_pause_pauses_by_itself(home: Path) -> None:
    run = cooperative(home)
    operate.pause(run)
    becomes(run, Status.PAUSED)
    assert state(attempt(run).pid) != "T", "it was asked, not frozen"
    operate.resume(run)
    becomes(run, Status.RUNNING)
    assert "frozen" not in events(run)
    eventually(lambda: "paused" in events(run) and "resumed" in events(run))
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert output(run) == "stopped at a checkpoint\n"


def test_one_that_does_not_pause_within_the_grace_is_frozen(home: Path) -> None:
    run = agent(home, "signal.signal(signal.SIGTSTP, lambda *_: None); beat('pause'); forever()", pause_grace=0.2)
    eventually(lambda: os.path.exists(run.heartbeat_path))
    operate.pause(run)
    becomes(run, Status.FROZEN)
    operate.resume(run)
    eventually(lambda: state(attempt(run).pid) != "T")
    operate.kill(run)
    ended(run)


def test_one_that_is_still_starting_is_not_frozen_but_asked(home: Path) -> None:
    run = agent(home, "time.sleep(0.3)\n" + COOPERATIVE)
    operate.pause(run)
    becomes(run, Status.PAUSED)
    assert "frozen" not in events(run)
    operate.kill(run)
    ended(run)


def test_a_cancelled_command_gets_sigterm(home: Path) -> None:
    run = sh(home, "trap 'echo asked; exit 75' TERM; echo ready; while :; do sleep 0.02; done")
    eventually(lambda: output(run) == "ready\n")
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert "asked\n" in output(run)


def test_one_that_ignores_sigterm_is_killed_after_its_grace(home: Path) -> None:
    run = sh(home, "trap 'echo no' TERM; echo ready; while :; do sleep 0.02; done", stop_grace=0.3)
    eventually(lambda: output(run) == "ready\n")
    operate.cancel(run)
    over = ended(run)
    assert (over.outcome, over.signal) == (Outcome.CANCELLED, "SIGKILL")
    assert "no\n" in output(run), "it was asked first"


def test_a_frozen_run_is_cancelled_within_its_grace_too(home: Path) -> None:
    run = sh(home, "trap 'echo asked; exit 0' TERM; sleep 60 & echo ready; wait")
    eventually(lambda: output(run) == "ready\n")
    operate.pause(run)
    becomes(run, Status.FROZEN)
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert "asked\n" in output(run)


def test_what_a_stopped_command_leaves_of_its_group_is_stopped_too(home: Path) -> None:
    run = sh(home, "sh -c 'trap \"\" TERM; echo $$; exec sleep 60' & wait", stop_grace=0.3)
    child = int(eventually(lambda: output(run).strip()))
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert state(child) in {None, "Z"}


def test_what_a_command_leaves_behind_when_it_ends_by_itself_is_let_alone(home: Path) -> None:
    run = sh(home, "sleep 60 & echo $!")
    assert ended(run).outcome is Outcome.COMPLETED
    child = int(output(run))
    assert state(child) in {"R", "S"}
    kill_and_wait(child)


def test_the_agent_inside_a_shell_hears_signals_alone(home: Path) -> None:
    inner = home.parent / "inner.py"
    from tests.supervision.launched import PREAMBLE

    inner.write_text(PREAMBLE + COOPERATIVE)
    run = sh(home, f"trap 'echo the shell heard it' TERM TSTP; python3 -S {inner}; echo shell goes on")
    eventually(lambda: os.path.exists(run.progress_path))
    operate.pause(run)
    becomes(run, Status.PAUSED)
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert output(run) == "stopped at a checkpoint\nshell goes on\n"


def test_stacks_reach_only_who_handles_them(home: Path) -> None:
    run = cooperative(home)
    request = control.ask(run, Verb.STACKS, attempt=1)
    assert operate.wait_obeyed(run, request, timeout=20)
    eventually(lambda: output(run) == "stacks\nstacks\n", message="twice, some time apart")
    operate.kill(run)
    ended(run)
    plain = sh(home, "exec sleep 60")
    request = control.ask(plain, Verb.STACKS, attempt=1)
    assert operate.wait_obeyed(plain, request, timeout=20)
    assert is_alive(attempt(plain)), "the default of SIGUSR1 would have killed it"
    operate.kill(plain)
    ended(plain)


def test_restart_stops_and_starts_again_and_a_late_one_does_nothing(home: Path) -> None:
    run = sh(home, "echo $OVERNIGHT_ATTEMPT; exec sleep 60")
    eventually(lambda: output(run) == "1\n")
    control.ask(run, Verb.RESTART, attempt=1)
    eventually(lambda: output(run) == "1\n2\n")
    late = control.ask(run, Verb.RESTART, attempt=1)
    late_kill = control.ask(run, Verb.KILL, attempt=1)
    assert operate.wait_obeyed(run, late, timeout=20)
    assert operate.wait_obeyed(run, late_kill, timeout=20)
    assert is_alive(attempt(run, 2))
    assert run.last_attempt_number() == 2
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_crash_is_retried_and_then_said_to_be_a_loop(home: Path) -> None:
    run = sh(home, "echo $OVERNIGHT_ATTEMPT; exit 1", retries=2)
    over = ended(run)
    assert (over.outcome, over.code, over.attempts) == (Outcome.FAILED, 1, 3)
    assert over.reason == "exit code 1 three times without progress"
    assert output(run) == "1\n2\n3\n"
    assert [each for each in events(run) if each == "died"] == ["died"] * 3


def test_each_retry_waits_as_long_as_was_drawn_for_it(home: Path) -> None:
    run = sh(home, "exit 1", retries=2)
    ended(run)
    retries = [event for event in history_of(run) if event.event == "retrying"]
    assert [event.detail["restarts"] for event in retries] == [1, 2]
    for number, event in enumerate(retries, 1):
        assert 0 <= event.detail["delay"] <= 2 ** (number - 1)
        assert attempt(run, number + 1).started_at >= event.at + event.detail["delay"] - 0.01


def test_progress_resets_the_count_of_retries(home: Path) -> None:
    run = agent(home, "progress(processed_items=min(ATTEMPT, 3)); sys.exit(1)", retries=1)
    over = ended(run)
    assert over.attempts == 4, "the first three committed something; the fourth was the second without progress"
    assert over.outcome is Outcome.FAILED


def test_an_agent_that_stops_at_a_checkpoint_is_started_again(home: Path) -> None:
    run = agent(home, "progress(processed_items=ATTEMPT); sys.exit(75 if ATTEMPT < 3 else 0)")
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 3)


def test_a_run_paused_in_backoff_is_not_started_before_resume(home: Path) -> None:
    run = sh(home, "exec sleep 60", retries=1)
    operate.pause(run)
    becomes(run, Status.FROZEN)
    os.kill(attempt(run).pid, signal.SIGKILL)
    eventually(lambda: "retrying" in events(run))
    eventually(lambda: (found := supervisor(run)).state is SupervisorState.BACKOFF and found.agent is None)
    assert run.last_attempt_number() == 1
    operate.resume(run)
    eventually(lambda: run.last_attempt_number() == 2)
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_supervisor_told_to_end_stops_its_agent_and_the_run_can_be_resumed(home: Path) -> None:
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2 || exec sleep 60", retries=5)
    os.kill(supervisor(run).pid, signal.SIGTERM)
    over = ended(run)
    assert (over.outcome, over.signal, over.attempts) == (Outcome.INTERRUPTED, "SIGTERM", 1)
    operate.resume(run)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    assert os.path.exists(run.file("exit.1.json"))


def test_a_cancelled_run_is_retried_from_where_it_was(home: Path) -> None:
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2 || exec sleep 60")
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    with pytest.raises(NotPossibleNow):
        operate.resume(run)
    operate.retry(run)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    with pytest.raises(NotPossibleNow):
        operate.retry(run)


def test_every_retry_of_a_failure_keeps_the_outcomes_so_far(home: Path) -> None:
    run = sh(home, "exit $OVERNIGHT_ATTEMPT")
    assert ended(run).code == 1
    revive(run)
    eventually(lambda: run.last_attempt_number() == 2)
    assert ended(run).code == 2
    revive(run)
    eventually(lambda: run.last_attempt_number() == 3)
    assert ended(run).code == 3
    assert {"exit.1.json", "exit.2.json", "exit.json"} <= set(os.listdir(run.path))


def test_a_live_run_is_never_removed(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    with pytest.raises(NotPossibleNow):
        operate.remove(run)
    assert is_alive(attempt(run))
    operate.kill(run)
    ended(run)
    operate.remove(run)
    assert not os.path.exists(run.path)


def test_a_retry_does_not_wait_for_a_pause_to_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = sh(home, "exit $((2 - $OVERNIGHT_ATTEMPT))")
    ended(run)
    ask = control.ask

    def ask_just_before_somebody_else(run: RunDir, verb: Verb, **more: Any) -> Request:
        monkeypatch.setattr(control, "ask", ask)
        request = ask(run, verb, **more)
        ask(run, Verb.PAUSE)
        return request

    monkeypatch.setattr(control, "ask", ask_just_before_somebody_else)
    operate.retry(run)
    assert run.last_attempt_number() == 1
    operate.resume(run)
    assert ended(run).outcome is Outcome.COMPLETED
