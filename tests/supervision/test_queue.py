"""Slots, priorities, dependencies and times with real processes: who begins when, and that it happens once."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from overnight.agents import grouping, operate
from overnight.agents.launchers.local import revive
from overnight.agents.supervisor.turn import Turn
from overnight.agents.survey import survey
from overnight.state import groups, process
from overnight.state.errors import DamagedRecord
from overnight.state.home import Home
from overnight.state.queue import Cause, queue_of, stands_of
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import attempt, ended, events, kill_and_wait, kill_supervisor, output, sh, supervisor
from tests.supervision.queueing import Line, dispatch, kill_waiting, status, tell_waiting, waits
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


@pytest.fixture
def line(home: Path) -> Line:
    """A group with one slot."""
    return Line(home, 1)


def test_what_has_no_limit_and_nothing_to_wait_for_never_looks_at_the_queue(home: Path) -> None:
    ended(sh(home, "true"))
    assert sorted(os.listdir(home)) == ["runs"]


def test_the_next_begins_when_one_ends_and_only_then(line: Line) -> None:
    first, second, third = (line.add(name) for name in "abc")
    assert [status(run) for run in (first, second, third)] == [Status.RUNNING, Status.QUEUED, Status.QUEUED]
    line.let_end(first)
    line.begins("a", "b")
    assert status(third) is Status.QUEUED
    line.let_end(second, third)
    assert (line.begun, line.at_once()) == (["a", "b", "c"], 1)


def test_a_launch_that_finds_a_free_slot_returns_when_its_command_runs(line: Line) -> None:
    run = line.add("a")
    assert run.last_attempt_number() == 1
    line.let_end(run)


def test_a_higher_priority_goes_first_then_who_was_launched_first(line: Line) -> None:
    runs = [line.add(name, priority=priority) for name, priority in zip("abcde", (0, 0, -1, 5, 0), strict=True)]
    line.let_all_end()
    assert all(ended(run).outcome is Outcome.COMPLETED for run in runs)
    assert line.begun == ["a", "d", "b", "e", "c"]


CALLERS = """
import os, sys
from overnight.agents.launchers.local import Order, launch
from overnight.state.home import Home
home, log, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
def call(number):
    script = f"echo + {number} >> {log}; sleep 0.05; echo - {number} >> {log}"
    launch(Home(home), Order(("sh", "-c", script), name=f"n{number}", group="gpu"))
children = []
for number in range(count):
    children.append(os.fork())
    if not children[-1]:
        code = 1
        try:
            call(number)
            code = 0
        finally:
            os._exit(code)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) != 0 for each in children))
"""


@pytest.mark.parametrize("callers", [12, pytest.param(50, marks=pytest.mark.long)])
def test_many_callers_at_once_never_exceed_the_slots_and_lose_nobody(home: Path, callers: int) -> None:
    line = Line(home, 3)
    command = [sys.executable, "-c", CALLERS, str(home), str(line.log), str(callers)]
    assert subprocess.run(command, check=False).returncode == 0
    runs = list(Home(str(home)).runs())
    assert {ended(run).outcome for run in runs} == {Outcome.COMPLETED}
    assert sorted(line.begun, key=int) == [str(number) for number in range(callers)]
    assert line.at_once() <= 3


def test_after_another_run_means_after_it_has_completed(home: Path, line: Line) -> None:
    first = line.add("a", 3, group="default")
    strict = line.add("b", group="default", after=(first.id,))
    lenient = line.add("c", group="default", after=(f"{first.id}:ended",))
    assert (status(strict), status(lenient)) == (Status.QUEUED, Status.QUEUED)
    line.let_end(first)
    line.begins("a", "c")
    assert status(strict) is Status.QUEUED
    # In the morning: what failed is put right, and the rest goes on.
    Path(f"{line.log}.b").touch()
    revive(first)
    assert ended(first).outcome is Outcome.FAILED
    dispatch(home)
    assert status(strict) is Status.QUEUED
    line.let_all_end()
    operate.cancel(strict)
    ended(strict)
    ended(lenient)


def test_a_retry_that_completes_lets_go_on_what_waited_for_it(home: Path) -> None:
    first = sh(home, "test $OVERNIGHT_ATTEMPT = 2")
    second = sh(home, "true", after=(first.id,))
    assert ended(first).outcome is Outcome.FAILED
    assert status(second) is Status.QUEUED
    revive(first)
    assert ended(second).outcome is Outcome.COMPLETED


def test_what_waits_for_a_run_that_was_lost_begins_when_that_is_removed(line: Line) -> None:
    first = line.add("a", group="default")
    second = line.add("b", group="default", after=(f"{first.id}:ended",))
    kill_waiting(second)
    kill_supervisor(first)
    kill_keeper_and_agent(attempt(first).pid)
    eventually(lambda: status(first) is Status.LOST)
    dispatch(line.home)
    waits(second)
    looking = Turn(second, admitted=False)
    assert looking.take(lambda: supervisor(second), paused=False) is None
    assert not looking.is_due(paused=False)
    operate.remove(first)
    assert looking.is_due(paused=False)
    # It sees that by itself; rung, at once.
    os.kill(supervisor(second).pid, signal.SIGURG)
    line.begins("a", "b")
    line.let_end(second)


def test_a_chain_of_runs_works_itself_off(home: Path) -> None:
    run = first = sh(home, "true")
    for _ in range(4):
        run = sh(home, "true", after=(run.id,))
    over = ended(run)
    assert over.outcome is Outcome.COMPLETED
    assert over.started_at is not None
    assert over.started_at >= (ended(first).ended_at or 0)


def test_what_is_to_start_later_does_not_start_before(home: Path) -> None:
    at = time.time() + 0.5
    run = sh(home, "true", start_at=at)
    assert status(run) is Status.QUEUED
    over = ended(run)
    assert over.started_at is not None
    assert over.started_at >= at


def test_a_time_that_has_come_does_not_give_a_slot(line: Line) -> None:
    first = line.add("a")
    second = line.add("b", start_at=time.time() + 0.2)
    waits(second)
    third = line.add("c", priority=1)
    line.let_end(first)
    line.begins("a", "c")
    line.let_all_end()
    ended(second)
    ended(third)
    assert line.at_once() == 1


def test_a_retry_in_a_full_group_is_queued(line: Line) -> None:
    first = line.add("a", 1)
    line.let_end(first)
    second = line.add("b")
    revive(first)
    assert status(first) is Status.QUEUED
    line.let_end(second)
    assert ended(first).attempts == 2
    assert (line.begun, line.at_once()) == (["a", "b", "a"], 1)


def test_a_run_that_was_cut_off_takes_its_turn_again_when_it_is_resumed(line: Line) -> None:
    first, second = one_cut_off_and_resumed(line)
    assert status(first) is Status.QUEUED
    line.let_all_end()
    assert ended(first).attempts == 2
    ended(second)


def test_a_run_that_was_cut_off_and_is_queued_has_not_ended_twice_when_it_is_resumed_again(line: Line) -> None:
    first, second = one_cut_off_and_resumed(line)
    kill_waiting(first)
    operate.resume(first)
    line.let_all_end()
    assert ended(first).attempts == 2
    assert events(first).count("ended") == 2
    ended(second)


def one_cut_off_and_resumed(line: Line) -> tuple[RunDir, RunDir]:
    """Nobody knows how it ended; and the one that has its slot now."""
    first, second = line.add("a"), line.add("b")
    kill_waiting(second)
    kill_supervisor(first)
    kill_keeper_and_agent(attempt(first).pid)
    eventually(lambda: status(first) is Status.LOST)
    dispatch(line.home)
    line.begins("a", "b")
    operate.resume(first)
    return first, second


def kill_keeper_and_agent(pid: int) -> None:
    """Kill both so that nobody can write down how it ended."""
    keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)


# -- what an operator asks


@pytest.mark.parametrize("watching", [True, False])
@pytest.mark.parametrize("verb", [operate.cancel, operate.kill])
def test_a_queued_run_is_cancelled_at_once(line: Line, watching: bool, verb: object) -> None:
    first, second, third = (line.add(name) for name in "abc")
    asked = second if watching else third
    assert callable(verb)
    verb(asked)
    assert ended(asked).outcome is Outcome.CANCELLED
    line.let_all_end()
    assert ended(first).outcome is Outcome.COMPLETED
    assert ended(third if watching else second).outcome is Outcome.COMPLETED
    assert len(line.begun) == 2


def test_a_paused_run_is_passed_over_until_it_is_resumed_and_then_jumps_no_queue(line: Line) -> None:
    first, second, third, fourth = (line.add(name) for name in "abcd")
    operate.pause(second)
    line.let_end(first)
    line.begins("a", "c")
    operate.resume(second)
    assert status(second) is Status.QUEUED
    line.let_all_end()
    for run in (second, third, fourth):
        ended(run)
    assert (line.begun, line.at_once()) == (["a", "c", "b", "d"], 1)


def test_slots_that_are_added_are_used_and_those_taken_away_hurt_nobody(home: Path, line: Line) -> None:
    runs = [line.add(name) for name in "abcd"]
    grouping.set_slots(Home(str(home)), "gpu", 3)
    line.begins("a", "b", "c")
    grouping.set_slots(Home(str(home)), "gpu", 1)
    line.let_end(runs[0])
    assert [status(run) for run in runs[1:]] == [Status.RUNNING, Status.RUNNING, Status.QUEUED]
    line.let_end(runs[1])
    assert status(runs[3]) is Status.QUEUED
    line.let_end(runs[2])
    line.begins(*"abcd")
    line.let_all_end()
    ended(runs[3])


def test_no_slot_at_all_starts_nothing_and_no_limit_starts_all(home: Path) -> None:
    line = Line(home, 0)
    runs = [line.add(name) for name in "abc"]
    assert {status(run) for run in runs} == {Status.QUEUED}
    grouping.set_slots(Home(str(home)), "gpu", None)
    line.begins(*"abc")
    line.let_all_end()
    for run in runs:
        ended(run)


def test_pausing_a_group_holds_what_works_and_starts_nothing(home: Path) -> None:
    line, the_home = Line(home, 2), Home(str(home))
    own, working, queued = line.add("a"), line.add("b"), line.add("c")
    operate.pause(own)
    eventually(lambda: status(own) is Status.FROZEN)
    grouping.pause(the_home, "gpu")
    eventually(lambda: status(working) is Status.FROZEN)
    late = line.add("d")
    operate.kill(own)
    ended(own)
    dispatch(home)
    assert [status(run) for run in (queued, late)] == [Status.QUEUED, Status.QUEUED]
    line.begins("a", "b")
    grouping.resume(the_home, "gpu")
    eventually(lambda: status(working) is Status.RUNNING)
    line.begins("a", "b", "c")
    line.let_all_end()
    for run in (working, queued, late):
        assert ended(run).outcome is Outcome.COMPLETED


def test_resuming_a_group_leaves_alone_what_was_paused_by_itself(home: Path) -> None:
    line, the_home = Line(home, None), Home(str(home))
    own, working = line.add("a"), line.add("b")
    operate.pause(own)
    eventually(lambda: status(own) is Status.FROZEN)
    asked = grouping.pause(the_home, "gpu")
    assert [run.id for run, _ in asked] == [working.id]
    eventually(lambda: status(working) is Status.FROZEN)
    assert [run.id for run, _ in grouping.resume(the_home, "gpu")] == [working.id]
    eventually(lambda: status(working) is Status.RUNNING)
    assert status(own) is Status.FROZEN
    operate.resume(own)
    line.let_all_end()
    for run in (own, working):
        assert ended(run).outcome is Outcome.COMPLETED


# -- killed on the way


def test_a_queue_goes_on_though_its_waiting_supervisor_was_killed(line: Line) -> None:
    first, second, third = (line.add(name) for name in "abc")
    kill_waiting(second)
    line.let_end(first)
    line.begins("a", "b")
    line.let_all_end()
    for run in (second, third):
        assert ended(run).outcome is Outcome.COMPLETED
    assert line.at_once() == 1


def test_whoever_comes_by_gives_the_queue_a_new_waiting_supervisor(line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    kill_waiting(second)
    dispatch(line.home)
    waits(second)
    line.let_all_end()
    for run in (first, second):
        ended(run)


def test_a_queue_goes_on_though_the_supervisor_of_what_works_was_killed(line: Line) -> None:
    """The one that waits finds it within seconds: it adopts the agent, whose slot is taken until it has ended."""
    first, second = line.add("a"), line.add("b")
    waits(second)
    before = supervisor(first)
    kill_and_wait(before.pid)
    eventually(lambda: first.is_supervised() and supervisor(first).pid != before.pid)
    assert line.begun == ["a"]
    line.let_all_end()
    for run in (first, second):
        assert ended(run).outcome is Outcome.COMPLETED
    assert line.at_once() == 1


def test_who_waits_for_its_next_attempt_keeps_its_slot_though_its_supervisor_was_killed(line: Line) -> None:
    first, second = line.add("a", retries=1), line.add("b")
    operate.pause(first)
    eventually(lambda: status(first) is Status.FROZEN)
    os.killpg(attempt(first).pid, signal.SIGKILL)
    eventually(lambda: status(first) is Status.BACKOFF)
    waits(second)
    before = supervisor(first)
    kill_and_wait(before.pid)
    dispatch(line.home)
    eventually(lambda: status(first) is Status.BACKOFF and supervisor(first).pid != before.pid)
    assert line.begun == ["a"]
    operate.resume(first)
    line.let_all_end()
    for run in (first, second):
        assert ended(run).outcome is Outcome.COMPLETED
    assert line.begun == ["a", "a", "b"]


def test_a_waiting_supervisor_that_is_told_to_end_leaves_its_run_queued(line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    tell_waiting(second, signal.SIGTERM)
    eventually(lambda: not second.is_supervised())
    assert status(second) is Status.QUEUED
    line.let_all_end()
    for run in (first, second):
        assert ended(run).outcome is Outcome.COMPLETED


def test_a_shutdown_starts_nothing_of_the_queue(line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    line.begins("a")
    tell_waiting(second, signal.SIGTERM)
    eventually(lambda: not second.is_supervised())
    told = supervisor(first)
    os.kill(told.pid, signal.SIGTERM)
    assert ended(first).outcome is Outcome.INTERRUPTED
    eventually(lambda: process.state_of(told.pid, told.start_time) is None)
    assert (status(second), second.is_supervised()) == (Status.QUEUED, False)
    dispatch(line.home)
    line.begins("a", "b")
    line.let_end(second)


def test_a_ring_without_a_reason_starts_nothing(line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    for _ in range(5):
        tell_waiting(second, signal.SIGURG)
    assert status(second) is Status.QUEUED
    line.let_all_end()
    for run in (first, second):
        ended(run)
    assert line.at_once() == 1


KILLED = """
import os, signal, sys
from overnight.agents import dispatch
from overnight.agents.launchers import spawn
from overnight.agents.supervisor import book
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
def dying_after(function):
    def call(*given, **named):
        function(*given, **named)
        die()
    return call
{fault}
dispatch.dispatch(sys.argv[1])
"""
FAULTS = {
    "before the lock": "dispatch.groups.acquire = die",
    "behind the lock": "dispatch.groups.acquire = dying_after(dispatch.groups.acquire)",
    "before its own lock": "dispatch.lock.acquire = die",
    "behind its own lock": "dispatch.lock.acquire = dying_after(dispatch.lock.acquire)",
    "before the record": "book.write_standing = die",
    "behind the record": "book.write_standing = dying_after(book.write_standing)",
    "before the start": "dispatch.spawn = die",
    "behind the start": "dispatch.spawn = dying_after(dispatch.spawn)",
}


@pytest.mark.parametrize("where", FAULTS)
def test_whoever_starts_the_next_may_be_killed_at_any_step(home: Path, where: str) -> None:
    line = Line(home, 0)
    first, second = line.add("a"), line.add("b")
    kill_waiting(first)
    line.say(1)
    killed = subprocess.run([sys.executable, "-c", KILLED.format(fault=FAULTS[where]), str(home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    dispatch(home)
    line.begins("a")
    assert status(second) is Status.QUEUED
    line.let_all_end()
    for run in (first, second):
        over = ended(run)
        assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 1)
    assert (line.begun, line.at_once()) == (["a", "b"], 1)


@pytest.mark.parametrize("where", FAULTS)
def test_whoever_gives_the_queue_a_waiting_supervisor_may_be_killed_at_any_step(home: Path, where: str) -> None:
    line = Line(home, 1)
    first, second = line.add("a"), line.add("b")
    kill_waiting(second)
    killed = subprocess.run([sys.executable, "-c", KILLED.format(fault=FAULTS[where]), str(home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    dispatch(home)
    assert line.begun == ["a"]
    line.let_all_end()
    for run in (first, second):
        assert ended(run).attempts == 1
    assert (line.begun, line.at_once()) == (["a", "b"], 1)


LATE = """
import os, sys, time
from overnight.agents import dispatch
from overnight.state import groups, process
acquire = groups.acquire
def acquire_late(*given):
    open(sys.argv[2] + ".looked", "w").close()
    while not os.path.exists(sys.argv[2]):
        time.sleep(0.02)
    return acquire(*given)
groups.acquire = acquire_late
dispatch.dispatch(sys.argv[1])
"""


def test_what_was_seen_before_the_lock_was_taken_does_not_count(home: Path, tmp_path: Path) -> None:
    line, go = Line(home, 0), tmp_path / "go"
    first = line.add("a")
    kill_waiting(first)
    line.say(1)
    with subprocess.Popen([sys.executable, "-c", LATE, str(home), str(go)]) as late:
        eventually((tmp_path / "go.looked").exists)
        line.say(0)
        go.touch()
        assert late.wait() == 0
    assert (line.begun, status(first)) == ([], Status.QUEUED)
    operate.cancel(first)
    ended(first)


# -- what a run takes over, and from whom


def test_a_queued_run_is_started_with_what_its_launch_had_and_nothing_of_who_starts_it(
    home: Path, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = line.add("a")
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    monkeypatch.setenv("SEEN", "at the launch")
    monkeypatch.chdir(there)
    before = os.umask(0o027)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    try:
        second = sh(home, 'pwd; umask; echo "$SEEN"; ulimit -S -c', group="gpu")
    finally:
        os.umask(before)
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    kill_waiting(second)
    kill_supervisor(first)
    line.let_all_end()
    eventually(lambda: attempt(first).ended_at)
    monkeypatch.setenv("SEEN", "by who starts it")
    monkeypatch.chdir(here)
    dispatch(home)
    ended(second)
    assert output(second).split("\n")[:3] == [str(there), "0027", "at the launch"]
    assert output(second).split("\n")[3] == "0"


# -- groups.json


def test_what_killed_operators_left_of_their_requests_is_swept_when_its_turn_comes(home: Path, line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    with subprocess.Popen(["true"]) as gone:
        pass
    kill_waiting(second)
    left = Path(second.control_path, f".request.{gone.pid}-1")
    left.touch()
    os.utime(left, (0, 0))
    line.let_end(first)
    line.let_end(second)
    assert not left.exists()


def test_a_damaged_file_of_groups_starts_nothing_is_kept_and_breaks_no_list(home: Path, line: Line) -> None:
    first, second = line.add("a"), line.add("b")
    damaged = Path(groups.path_of(str(home)))
    damaged.write_text('{"version": 1, "groups": {"gpu": {"slots": "many"}}}')
    for refused in (
        lambda: line.add("c"),
        lambda: sh(home, "true"),
        lambda: grouping.set_slots(Home(str(home)), "gpu", 4),
        lambda: grouping.pause(Home(str(home)), "gpu"),
    ):
        with pytest.raises(DamagedRecord, match=r"groups\.json cannot be read"):
            refused()
    assert sorted(os.listdir(home / "runs")) == sorted([first.id, second.id])
    assert "many" in damaged.read_text()
    line.let_end(first)
    assert dispatch(home) == []
    assert status(second) is Status.QUEUED
    damaged.unlink()
    dispatch(home)
    line.begins("a", "b")
    line.let_all_end()
    ended(second)


def test_what_is_shown_of_a_queue_is_what_it_goes_by(home: Path) -> None:
    """The interface makes it of all records, whoever starts the next of the little that this takes."""
    line = Line(home, 1)
    works, waits_first = line.add("a"), line.add("b")
    others = [
        line.add("c", priority=3),
        line.add("d", after=(works.id, "removed")),
        line.add("e", start_at=time.time() + 3600),
        line.add("f", group="default", after=(f"{works.id}:ended",)),
    ]
    operate.pause(others[0])
    waits(waits_first)
    now, runs = time.time(), {run.id: run for run in Home(str(home)).runs()}
    seen = survey(str(home), now).queue
    records = {run_id: run.read() for run_id, run in runs.items()}
    statuses = {run_id: status_of(each, now) for run_id, each in records.items()}
    shown = queue_of(records, statuses, groups.read(str(home)), now)
    assert stands_of(shown) == stands_of(seen)
    assert set(shown.waiters) == set(seen.waiters)
    assert (shown.busy, shown.outcomes) == (seen.busy, seen.outcomes)
    assert {each.cause for each in stands_of(seen).values()} == {Cause.SLOT, Cause.PAUSE, Cause.AFTER, Cause.TIME}
    for run in (*others, waits_first):
        operate.cancel(run)
        ended(run)
    line.let_end(works)
