"""A run that takes more time or memory than it may is stopped as a cancel stops it, and says why it ended."""

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.agents.orphans import adopt_orphans
from overnight.agents.supervisor import book, members
from overnight.agents.supervisor.family import memory_of
from overnight.agents.supervisor.outcome import Limit
from overnight.agents.supervisor.usage import SOONEST, Usage
from overnight.agents.supervisor.worked import worked_seconds
from overnight.state import process
from overnight.state.chronicle import append
from overnight.state.errors import WrongUsage
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Attempt, Event, Exit, Outcome, Spec
from overnight.state.rundir import RunDir
from overnight.tui.view import eta_text, row_of, worked_text
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    events,
    is_alive,
    kill_and_wait,
    kill_supervisor,
    output,
    sh,
    state,
    status_field,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

MB = 1 << 20
T0 = 1_800_000_000.0
STOPS = "trap 'echo saved; exit 75' TERM; echo ready; test $OVERNIGHT_ATTEMPT = 2 || while :; do sleep 0.02; done"


def reason_of(run: RunDir) -> str:
    over = ended(run)
    assert over.outcome is Outcome.FAILED
    assert over.reason is not None
    return over.reason


def test_a_run_that_works_longer_than_it_may_is_stopped_and_fails_and_is_not_restarted(home: Path) -> None:
    run = sh(home, STOPS, time_limit=0.3, retries=5)
    assert reason_of(run) == "ran longer than its limit of 0.3s"
    assert run.last_attempt_number() == 1
    assert "saved\n" in output(run), "it was asked first"
    assert events(run).count("limited") == 1


def test_a_retry_has_a_fresh_allowance(home: Path) -> None:
    run = sh(home, STOPS, time_limit=0.3)
    ended(run)
    operate.retry(run)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)


def test_one_that_does_not_stop_at_its_limit_is_killed_after_its_grace(home: Path) -> None:
    run = sh(home, "trap '' TERM; echo ready; while :; do sleep 0.02; done", time_limit=0.2, stop_grace=0.2)
    assert reason_of(run) == "ran longer than its limit of 0.2s"
    assert attempt(run).signal == "SIGKILL"


def test_a_pause_is_not_counted(home: Path) -> None:
    limit = 2.0
    run = agent(home, "beat(); forever()", time_limit=limit)
    eventually(lambda: os.path.exists(run.heartbeat_path))
    operate.pause(run)
    eventually(lambda: "frozen" in events(run))
    begun = time.monotonic()
    eventually(lambda: time.monotonic() - begun > limit, message="it is paused for longer than it may work")
    assert is_alive(attempt(run))
    assert "limited" not in events(run)
    operate.resume(run)
    assert reason_of(run) == "ran longer than its limit of 2s"
    assert events(run).index("resumed") < events(run).index("limited")


def test_a_new_supervisor_counts_what_it_has_not_seen(home: Path) -> None:
    limit = 1.0
    run = sh(home, "exec sleep 60", time_limit=limit)
    started = attempt(run).started_at
    kill_supervisor(run)
    assert "limited" not in events(run)
    eventually(lambda: time.time() - started > limit)
    assert is_alive(attempt(run)), "nobody was there to stop it"
    adopt_orphans(Home(str(home)))
    assert reason_of(run) == "ran longer than its limit of 1s"


def test_what_ends_after_its_supervisor_was_killed_on_the_way_has_ended_by_its_limit(home: Path) -> None:
    run = sh(home, "trap '' TERM; echo ready; while :; do sleep 0.02; done", time_limit=0.2, retries=5)
    eventually(lambda: "limited" in events(run))
    kill_supervisor(run)
    kill_and_wait(attempt(run).pid)
    eventually(lambda: attempt(run).ended_at)
    adopt_orphans(Home(str(home)))
    assert reason_of(run) == "ran longer than its limit of 0.2s"
    assert ended(run).limit == "time"
    assert run.last_attempt_number() == 1


def a_run_on_record(home: Path, *attempts: tuple[float, float | None]) -> RunDir:
    """`attempts`: when each began and ended, seconds after T0."""
    run = Home(str(home)).new_run("recorded")
    for number, (begun, over) in enumerate(attempts, 1):
        book.write_attempt(run, Attempt(number, 4242, 1, "boot", T0 + begun, None if over is None else T0 + over, 1))
        append(run, Event(T0 + begun, "started", number))
    return run


@pytest.mark.parametrize(
    ("held", "worked"),
    [
        ([], 10 + 5),
        ([(2, "frozen"), (6, "resumed")], 6 + 5),
        # It ended while it was paused.
        ([(7, "paused")], 7 + 5),
        ([(1, "paused"), (3, "frozen"), (4, "resumed")], 7 + 5),
        # And so did this one.
        ([(23, "frozen")], 10 + 3),
        ([(9, "paused"), (15, "resumed")], 9 + 5),
    ],
)
def test_the_time_of_all_attempts_counts_but_no_pause_and_no_backoff(
    home: Path, held: list[tuple[int, str]], worked: float
) -> None:
    run = a_run_on_record(home, (0, 10), (20, 25))
    noted = [*history_of(run), *(Event(T0 + at, event, 1) for at, event in held)]
    assert worked_seconds(run, sorted(noted, key=lambda each: each.at)) == worked


def test_of_what_a_reboot_ended_counts_what_is_on_record_and_not_the_time_until_it_goes_on(home: Path) -> None:
    run = a_run_on_record(home, (0, None))
    append(run, Event(T0 + 30, "stalled", 1))
    assert worked_seconds(run, history_of(run)) == 30


def test_what_a_run_worked_is_all_its_attempts_without_the_time_that_it_lay_failed(home: Path) -> None:
    run = a_run_on_record(home, (0, 4), (28_804, 28_808))
    run.write(run.file("exit.1.json"), Exit(Outcome.FAILED, 1, attempts=1))
    newest = attempt(run, 2)._replace(ended_at=T0 + 28_809)
    assert book.exit_of(run, Outcome.FAILED).worked == 8
    assert book.exit_of(run, Outcome.FAILED, last=newest).worked == 9, "as it is known, before it is on record"
    run.write(run.exit_path, book.exit_of(run, Outcome.COMPLETED))
    row = row_of(run.read(), T0 + 28_810)
    assert (eta_text(row), worked_text(row)) == ("took 8s", "worked 8s")


def test_a_run_that_lay_between_two_attempts_is_said_to_have_worked_for_less_than_it_took(home: Path) -> None:
    run = sh(home, 'test "$OVERNIGHT_ATTEMPT" = 2', retries=1)
    over = ended(run)
    assert over.started_at is not None
    assert over.ended_at is not None
    assert over.worked is not None
    waited = attempt(run, 2).started_at - (attempt(run).ended_at or 0.0)
    # To the millisecond, as times stand in records.
    assert waited <= over.ended_at - over.started_at - over.worked + 0.01
    assert (
        over.worked <= sum((attempt(run, each).ended_at or 0) - attempt(run, each).started_at for each in (1, 2)) + 0.01
    )


def test_of_what_works_counts_the_age_of_its_process_whatever_the_clock_says(home: Path) -> None:
    run = Home(str(home)).new_run("live")
    me = process.identity_of(os.getpid())
    assert me is not None
    working = Attempt(1, me.pid, me.start_time, me.boot_id, started_at=T0)
    book.write_attempt(run, working)
    before = members.age_of(working)
    assert before <= worked_seconds(run, []) <= members.age_of(working)
    frozen = Event(T0 + before / 2, "frozen", 1)
    assert worked_seconds(run, [frozen]) == pytest.approx(before / 2)


@pytest.mark.parametrize(("outcome", "worked"), [(Outcome.FAILED, 5), (Outcome.INTERRUPTED, 15)])
def test_what_was_only_interrupted_goes_on_with_what_it_had_left(home: Path, outcome: Outcome, worked: float) -> None:
    run = a_run_on_record(home, (0, 10), (20, 25))
    run.write(run.file("exit.1.json"), Exit(outcome, attempts=1))
    assert worked_seconds(run, history_of(run), book.allowed_from(run)) == worked
    usage = Usage(run, Spec("x", "x", ("x",), "/", time_limit=worked + 2.0))
    usage.recall(2)
    working = attempt(run, 2)
    usage.look(working, 100.0, works=True)
    assert (usage.limit, usage.due) == (None, 102.0)
    usage.look(working, 101.5, works=False)
    usage.look(working, 150.0, works=True)
    assert (usage.limit, usage.due) == (None, 150.5), "what it did not work is not counted"
    usage.look(working, 150.5, works=True)
    assert usage.limit == Limit(f"ran longer than its limit of {worked + 2}s")


EATS = "eaten = bytearray(os.urandom(1)) * {size}"


def test_what_holds_more_memory_than_it_may_is_stopped_and_fails(home: Path) -> None:
    run = agent(home, f"{EATS.format(size=120 * MB)}\nforever()", memory_limit=60 * MB, retries=5)
    assert re.fullmatch(r"held \d+(\.\d)?M of memory, more than its limit of 60M", reason_of(run))
    assert ended(run).limit == "memory"
    assert run.last_attempt_number() == 1


def test_the_memory_of_all_its_processes_counts_in_whichever_session(home: Path) -> None:
    body = f"""
    if os.fork() == 0:
        os.setsid()
        {EATS.format(size=120 * MB)}
        print(os.getpid(), flush=True)
        forever()
    os.wait()
    """
    run = agent(home, body, memory_limit=60 * MB)
    child = int(eventually(lambda: output(run).strip()))
    assert "more than its limit of 60M" in reason_of(run)
    if state(child) not in {None, "Z"}:
        kill_and_wait(child)


def test_what_forked_workers_share_counts_once(home: Path) -> None:
    go = home.parent / "go"
    body = f"""
    {EATS.format(size=60 * MB)}
    children = [pid for _ in range(4) if (pid := os.fork()) > 0 or forever()]
    print("ready", flush=True)
    while not os.path.exists({str(go)!r}): time.sleep(0.02)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    """
    run = agent(home, body, memory_limit=200 * MB)
    eventually(lambda: output(run) == "ready\n")
    found = attempt(run)
    assert memory_of(found, 1 << 40) > 300 * MB, "the sum of what is resident"
    assert 60 * MB < memory_of(found, 0) < 120 * MB
    go.touch()
    assert ended(run).outcome is Outcome.COMPLETED


def test_what_held_too_much_memory_is_started_again_where_its_spec_says_so(home: Path) -> None:
    body = f"if ATTEMPT == 1:\n    {EATS.format(size=120 * MB)}\n    forever()"
    run = agent(home, body, memory_limit=60 * MB, on_memory="restart")
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    (retrying,) = (event for event in history_of(run) if event.event == "retrying")
    assert "more than its limit of 60M" in retrying.detail["reason"]
    assert retrying.detail["restarts"] == 1, "it counts as a failure"


def test_memory_is_looked_at_less_and_less_often(home: Path) -> None:
    run = a_run_on_record(home, (0, None))
    usage = Usage(run, Spec("x", "x", ("x",), "/", memory_limit=MB))
    now, pauses = 100.0, list[float]()
    usage.look(attempt(run), now, works=True)
    while usage.due is not None:
        pauses.append(usage.due - now)
        now = usage.due
        usage.look(attempt(run), now, works=True)
    assert pauses[0] == SOONEST
    assert pauses == sorted(pauses)
    assert len(pauses) < 10


def test_where_nothing_works_nothing_is_due(home: Path) -> None:
    run = a_run_on_record(home, (0, None))
    usage = Usage(run, Spec("x", "x", ("x",), "/", memory_limit=MB, time_limit=1.0))
    usage.look(attempt(run), 100.0, works=True)
    assert usage.due is not None
    for now in (100.5, 200.0):
        usage.look(None, now, works=True)
        nothing_is_due(usage)
        assert usage.worked == 0.5
    usage.look(attempt(run), 300.0, works=True)
    usage.forget_attempt()
    nothing_is_due(usage)


def nothing_is_due(usage: Usage) -> None:
    assert usage.due is None
    assert usage.limit is None


@pytest.mark.parametrize("limits", [{}, {"memory_limit": MB * 500, "time_limit": 3600.0, "log_limit": MB}])
def test_a_supervisor_sleeps_between_two_attempts(home: Path, limits: dict[str, Any]) -> None:
    run = sh(home, "exit 1", retries=99, **limits)
    eventually(
        lambda: any(each.detail["delay"] > 2 for each in history_of(run) if each.event == "retrying"), timeout=60
    )
    pid = supervisor(run).pid

    def wakes() -> int:
        return int(status_field(pid, "voluntary_ctxt_switches"))

    before, begun = wakes(), time.monotonic()
    eventually(lambda: time.monotonic() - begun > 1)
    assert wakes() - before < 50, "it does not spin"
    operate.cancel(run)
    ended(run)


def test_an_agent_stands_back_for_others_and_its_supervisor_does_not(home: Path) -> None:
    run = sh(home, "nice; exec sleep 60", nice=7)
    here = os.getpriority(os.PRIO_PROCESS, 0)
    eventually(lambda: output(run) == f"{min(19, here + 7)}\n")
    assert os.getpriority(os.PRIO_PROCESS, supervisor(run).pid) == here
    operate.kill(run)
    ended(run)


@pytest.mark.parametrize(
    ("order", "complaint"),
    [
        ({"time_limit": 0.0}, "--time-limit 0: no time at all"),
        ({"memory_limit": 1000}, "--memory-limit 1000: must be 1M at least"),
        ({"on_memory": "restart"}, "--on-memory restart: there is no limit"),
        ({"on_memory": "panic"}, "--on-memory panic: not one of fail, restart"),
        ({"nice": 20}, "--nice 20: must be a number from 0 to 19"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(home: Path, order: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WrongUsage, match=complaint):
        launch(Home(str(home)), Order(("true",))._replace(**order))
    assert Home(str(home)).ids() == []
