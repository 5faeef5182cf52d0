"""Pools of threads and of processes: how calls end, hang, crash, wait and are given up. Real ones, and real signals."""

import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.retrying import Retry
from overnight.agents.transient import Transient
from overnight.agents.workers import Call, Finished, Pool, Processes, Threads, WorkerLost, is_worker
from overnight.state.errors import NotPossibleNow, WrongUsage
from tests.conftest import processes_of
from tests.sdk.attempts import program
from tests.sdk.programs import calls
from tests.supervision.test_refused import few_files
from tests.waiting import eventually

ONCE = Retry(tries=1)
LOST = Retry(tries=2, first=0, on=WorkerLost)


class Driver:
    """Runs a pool as `run.map` does: sleeps until it is woken, or a try may have taken too long."""

    def __init__(self, kind: type[Pool], workers: int = 2, clock: Callable[[], float] = time.monotonic) -> None:
        self.woken = threading.Event()
        self.pool = kind(workers, self.woken.set, clock)
        self.submitted = 0

    def submit(self, fn: Callable[..., Any], *args: Any, timeout: float | None = None, policy: Retry = ONCE) -> int:
        self.submitted += 1
        self.pool.submit(self.submitted, Call(fn, args, policy=policy), timeout)
        return self.submitted

    def ended(self, deadline: float = 30) -> dict[int, Finished]:
        """Everything that is in flight, when it has ended."""
        ended: dict[int, Finished] = {}
        until = time.monotonic() + deadline
        while self.pool.running:
            left = until - time.monotonic()
            assert left > 0, f"{self.pool.running} still in flight, ended: {ended}"
            due = self.pool.seconds_left()
            self.woken.wait(left if due is None else min(due, left))
            self.woken.clear()
            ended.update((each.ticket, each) for each in self.pool.taken())
        return ended

    def end_of(self, fn: Callable[..., Any], *args: Any, timeout: float | None = None, policy: Retry = ONCE) -> Any:
        """The result of one call, or its error."""
        ticket = self.submit(fn, *args, timeout=timeout, policy=policy)
        attempted = self.ended()[ticket].attempted
        assert attempted is not None
        return attempted.error if attempted.error is not None else attempted.result


class Names:
    """The folder by which calls are seen."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def process_of(self, name: object) -> int:
        """Of a call of `meet`, as soon as it has begun."""
        return int(eventually(lambda: read(self.path / f"{name}.began")))

    def go(self) -> None:
        (self.path / "go").touch()

    def begun(self) -> int:
        return len(list(self.path.glob("*.began")))


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def gone(pid: int) -> bool:
    """Ended, though perhaps nobody has asked for how yet."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture(params=[Threads, Processes])
def driver(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """Of both kinds."""
    yield from driver_of(request.param)


@pytest.fixture
def threads() -> Iterator[Driver]:
    yield from driver_of(Threads)


@pytest.fixture
def processes() -> Iterator[Driver]:
    yield from driver_of(Processes)


def driver_of(kind: type[Pool]) -> Iterator[Driver]:
    before = set(children())
    driver = Driver(kind)
    yield driver
    driver.pool.close()
    eventually(lambda: all(map(gone, set(children()) - before - {tracker()})), message="every worker has ended")


def children() -> list[int]:
    found: list[int] = []
    for thread in Path("/proc/self/task").iterdir():
        # A thread may end meanwhile; its children are another's then.
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (thread / "children").read_text().split())
    return found


def tracker() -> int:
    """multiprocessing's own process, which stays as long as this one."""
    from multiprocessing import resource_tracker

    return getattr(resource_tracker, "_resource_tracker")._pid or 0  # noqa: B009 - it has no public name


@pytest.fixture
def names(tmp_path: Path) -> Names:
    return Names(tmp_path)


# Both kinds


def test_every_call_ends_with_its_result(driver: Driver) -> None:
    tickets = {driver.submit(calls.square, number): number for number in range(200)}
    ended = driver.ended()
    assert {ticket: each.attempted and each.attempted.result for ticket, each in ended.items()} == {
        ticket: number * number for ticket, number in tickets.items()
    }
    assert driver.pool.running == 0


def test_an_error_keeps_its_type_its_words_and_its_place(driver: Driver) -> None:
    error = driver.end_of(calls.fail, "no such page")
    assert repr(error) == "ValueError('no such page')"
    text = "".join(traceback.format_exception(error))
    assert 'calls.py", line' in text
    assert "raise ValueError(message)" in text
    # Nothing of how it came to be called.
    assert "pool.py" not in text
    assert "retrying.py" not in text


def test_no_more_are_made_at_once_than_there_are_workers(driver: Driver, names: Names) -> None:
    for name in range(6):
        driver.submit(calls.meet, names.path, name)
    eventually(lambda: names.begun() == 2)
    assert driver.pool.taken() == []
    assert (driver.pool.running, names.begun()) == (6, 2)
    names.go()
    assert len(driver.ended()) == 6


def test_a_ticket_is_in_flight_until_it_is_taken(driver: Driver) -> None:
    driver.submit(calls.square, 3)
    assert driver.woken.wait(20)
    assert driver.pool.running == 1
    ended = eventually(driver.pool.taken)
    assert [each.attempted.result for each in ended if each.attempted] == [9]
    assert (driver.pool.running, driver.pool.taken(), driver.pool.seconds_left()) == (0, [], None)


def test_a_try_that_hangs_ends_in_time_and_its_place_is_filled(driver: Driver, names: Names) -> None:
    hung = [driver.submit(calls.meet, names.path, name, timeout=0.3) for name in "ab"]
    others = [driver.submit(calls.square, number, timeout=60) for number in range(20)]
    ended = driver.ended()
    for ticket in hung:
        attempted = ended[ticket].attempted
        assert attempted is not None
        assert isinstance(attempted.error, TimeoutError)
        assert str(attempted.error).startswith("no result within 0.3 s; ")
        assert attempted.tries == 1
        assert ended[ticket].seconds >= 0.3
    assert all(each.attempted and each.attempted.error is None for ticket, each in ended.items() if ticket in others)
    # As wide as before.
    for name in "cd":
        driver.submit(calls.meet, names.path, name)
    for name in "cd":
        names.process_of(name)
    names.go()
    driver.ended()


def test_a_try_that_hung_is_tried_again_and_counts(driver: Driver, names: Names) -> None:
    ticket = driver.submit(calls.hang_at_first, names.path, "a", timeout=0.4, policy=Retry(3, first=0.01))
    attempted = driver.ended()[ticket].attempted
    assert attempted is not None
    assert (attempted.result, attempted.error, attempted.tries) == ("a", None, 2)
    names.go()


def test_what_always_hangs_is_tried_so_often_and_no_more(driver: Driver, names: Names) -> None:
    ticket = driver.submit(calls.meet, names.path, "a", timeout=0.1, policy=Retry(3, first=0))
    attempted = driver.ended()[ticket].attempted
    assert attempted is not None
    assert isinstance(attempted.error, TimeoutError)
    assert attempted.tries == 3
    names.go()


def test_a_wait_between_tries_is_no_part_of_the_time_that_a_try_may_take(driver: Driver, names: Names) -> None:
    driver.end_of(calls.square, 1)
    ticket = driver.submit(calls.busy, names.path, "a", 1.0, 1, timeout=0.8, policy=Retry(2, first=0))
    ended = driver.ended()[ticket]
    assert ended.attempted is not None
    assert (ended.attempted.result, ended.attempted.tries) == ("a", 2)
    assert ended.seconds < 1.0


def test_a_try_is_measured_with_the_clock_that_was_given() -> None:
    now = [100.0]
    driver, hang = Driver(Threads, clock=lambda: now[0]), threading.Event()
    driver.submit(hang.wait, timeout=5)
    eventually(lambda: driver.pool.seconds_left() == 5)
    assert driver.pool.taken() == []
    now[0] += 5
    assert driver.pool.seconds_left() == 0
    assert [type(each.attempted.error) for each in driver.pool.taken() if each.attempted] == [TimeoutError]
    hang.set()
    driver.pool.close()


def test_where_all_wait_it_says_for_what_and_until_when(driver: Driver, names: Names) -> None:
    driver.submit(calls.busy, names.path, "a", 500, 1, policy=Retry(2))
    driver.submit(calls.meet, names.path, "b")
    names.process_of("b")
    eventually(lambda: read(names.path / "a.tried"))
    assert driver.pool.waiting() is None
    names.go()
    reason, seconds = eventually(driver.pool.waiting)
    assert reason.startswith("retry 1 of 1 in 50")
    assert reason.endswith("s: 429 Too Many Requests")
    assert 400 < seconds <= 502
    driver.pool.abandon()
    assert driver.pool.waiting() is None


def test_an_interruption_hands_back_what_waits_and_what_has_not_begun_and_lets_a_try_end(
    driver: Driver, names: Names
) -> None:
    waits = driver.submit(calls.busy, names.path, "a", 500, 1, policy=Retry(2))
    tries = driver.submit(calls.meet, names.path, "b", policy=Retry(2))
    not_begun = [driver.submit(calls.meet, names.path, name) for name in "cd"]
    names.process_of("b")
    eventually(lambda: read(names.path / "a.tried"))
    driver.pool.interrupt()
    handed_back: list[Finished] = []
    eventually(lambda: len(taken_into(handed_back, driver)) == 3)
    assert {(each.ticket, each.attempted) for each in handed_back} == {
        (waits, None),
        *((each, None) for each in not_begun),
    }
    assert driver.pool.running == 1
    names.go()
    attempted = driver.ended()[tries].attempted
    assert attempted is not None
    assert attempted.result == "b"


def taken_into(taken: list[Finished], driver: Driver) -> list[Finished]:
    taken += driver.pool.taken()
    return taken


def test_a_try_that_fails_after_an_interruption_is_handed_back_instead_of_tried_again(
    driver: Driver, names: Names
) -> None:
    ticket = driver.submit(meet_and_fail, names.path, policy=Retry(9, first=500, longest=500))
    names.process_of("a")
    driver.pool.interrupt()
    names.go()
    assert driver.ended()[ticket].attempted is None


def meet_and_fail(folder: Path) -> None:
    calls.meet(folder, "a")
    raise Transient("busy", retry_after=500)


def test_an_interruption_that_changes_nothing_wakes_nobody(driver: Driver, names: Names) -> None:
    driver.submit(calls.meet, names.path, "a")
    names.process_of("a")
    driver.pool.interrupt()

    def silent() -> bool:
        driver.woken.clear()
        driver.pool.interrupt()
        return not driver.woken.is_set()

    # Only at first may the begin of the call still be news.
    eventually(silent)
    names.go()
    driver.ended()


def test_a_try_that_takes_too_long_after_an_interruption_is_handed_back(driver: Driver, names: Names) -> None:
    ticket = driver.submit(calls.meet, names.path, "a", timeout=0.5, policy=Retry(9))
    names.process_of("a")
    driver.pool.interrupt()
    assert driver.ended()[ticket].attempted is None
    names.go()


def test_what_is_submitted_after_an_interruption_is_not_concerned(driver: Driver, names: Names) -> None:
    driver.submit(calls.busy, names.path, "a", 500, 1, policy=Retry(2))
    eventually(driver.pool.waiting)
    driver.pool.interrupt()
    assert [each.attempted for each in driver.ended().values()] == [None]
    assert driver.end_of(calls.busy, names.path, "b", 0.0, 1, policy=Retry(2, first=0.01)) == "b"


def test_what_is_abandoned_is_waited_for_no_more_and_says_nothing_later(driver: Driver, names: Names) -> None:
    for name in "abcd":
        driver.submit(calls.meet, names.path, name, timeout=500)
    driver.submit(calls.busy, names.path, "e", 500, 1, policy=Retry(2))
    for name in "ab":
        names.process_of(name)
    driver.pool.abandon()
    assert (driver.pool.running, driver.pool.seconds_left()) == (0, None)
    # There is room for as many again, and what is left behind ends without a word.
    for name in "fg":
        driver.submit(calls.meet, names.path, name)
    for name in "fg":
        names.process_of(name)
    names.go()
    assert {each.attempted and each.attempted.result for each in driver.ended().values()} == {"f", "g"}
    assert names.begun() == 4


def test_a_call_that_would_end_the_process_fails_and_the_worker_goes_on(driver: Driver) -> None:
    error = driver.end_of(calls.leave, 3, policy=Retry(3))
    assert isinstance(error, WorkerLost)
    assert str(error) == "left with SystemExit(3)"
    assert driver.end_of(calls.square, 3) == 9


def test_a_stop_that_is_raised_in_a_call_hands_it_back(driver: Driver) -> None:
    ticket = driver.submit(calls.stop, policy=Retry(3))
    assert driver.ended()[ticket].attempted is None


@pytest.mark.parametrize("kind", [Threads, Processes])
def test_a_pool_without_workers_is_refused(kind: type[Pool]) -> None:
    with pytest.raises(WrongUsage):
        kind(0, print)


# Threads


def test_threads_are_started_as_they_are_needed_and_end_with_the_pool(threads: Driver) -> None:
    before = set(threading.enumerate())
    for number in range(5):
        assert threads.end_of(calls.square, number) == number * number
    (thread,) = set(threading.enumerate()) - before
    threads.pool.close()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_what_a_thread_that_was_left_behind_says_later_counts_no_more(threads: Driver) -> None:
    hang, said = threading.Event(), threading.Event()

    def late() -> str:
        hang.wait()
        said.set()
        return "late"

    assert isinstance(threads.end_of(late, timeout=0.05), TimeoutError)
    hang.set()
    assert said.wait(20)
    assert threads.end_of(calls.square, 2) == 4
    assert threads.pool.taken() == []


# Processes


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("exit", "its worker process ended with exit code 3"),
        ("SIGSEGV", "its worker process was killed by SIGSEGV"),
        ("SIGKILL", "its worker process was killed by SIGKILL (memory may have run out)"),
        ("SIGRTMIN", "its worker process was killed by SIGRTMIN"),
    ],
)
def test_a_worker_that_dies_ends_its_own_call_alone(processes: Driver, names: Names, how: str, words: str) -> None:
    other = processes.submit(calls.meet, names.path, "other")
    names.process_of("other")
    dies = processes.submit(calls.die, how, policy=Retry(3))
    after = [processes.submit(calls.square, number) for number in range(5)]
    taken: list[Finished] = []
    eventually(lambda: len(taken_into(taken, processes)) == 6)
    ended = {each.ticket: each.attempted for each in taken}
    assert ended.keys() == {dies, *after}
    lost = ended.pop(dies)
    assert lost is not None
    assert isinstance(lost.error, WorkerLost)
    assert (str(lost.error), lost.tries) == (words, 1)
    assert all(each and each.error is None for each in ended.values())
    names.go()
    assert processes.ended().keys() == {other}


def test_a_call_whose_worker_died_is_tried_again_where_the_author_says_so(processes: Driver, names: Names) -> None:
    ticket = processes.submit(calls.die_at_first, names.path, policy=LOST)
    attempted = processes.ended()[ticket].attempted
    assert attempted is not None
    assert (attempted.result, attempted.tries) == ("lives", 2)


def test_a_death_is_seen_though_a_forked_child_holds_every_descriptor(processes: Driver, names: Names) -> None:
    assert isinstance(processes.end_of(calls.die_beside_a_child, names.path), WorkerLost)
    names.process_of("child")
    names.go()


def test_idle_workers_that_are_killed_are_replaced(processes: Driver, names: Names) -> None:
    for round_ in range(3):
        for name in "ab":
            processes.submit(calls.meet, names.path, f"{name}{round_}")
        pids = [names.process_of(f"{name}{round_}") for name in "ab"]
        names.go()
        processes.ended()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        (names.path / "go").unlink()
        # At once, also before anybody has noticed: what was given to a dead one is given to another.
    assert processes.end_of(calls.square, 3) == 9


def test_what_cannot_be_sent_is_an_error_of_that_call_with_a_reason(processes: Driver) -> None:
    item = processes.end_of(calls.take, threading.Lock())
    assert (type(item), str(item)) == (
        TypeError,
        "the item cannot be sent to a worker process: cannot pickle '_thread.lock' object",
    )
    result = processes.end_of(calls.lock)
    assert (type(result), str(result)) == (
        TypeError,
        "its result cannot be sent from a worker process: cannot pickle '_thread.lock' object",
    )
    unreadable = processes.end_of(calls.give_unreadable)
    assert (type(unreadable), str(unreadable)) == (
        TypeError,
        "its result came from a worker process and cannot be read: cannot be read again",
    )
    assert isinstance(processes.end_of(calls.take, calls.Unreadable()), ValueError)
    assert processes.end_of(calls.square, 3) == 9


@pytest.mark.parametrize(
    ("fn", "name", "words", "place"),
    [
        (calls.fail_in_two_words, "TwoWords", "two words", "raise TwoWords"),
        (calls.fail_oddly, "Unreachable", "only here", "raise Unreachable"),
    ],
)
def test_an_error_that_cannot_be_sent_keeps_its_name_its_words_and_its_place(
    processes: Driver, fn: Callable[[], None], name: str, words: str, place: str
) -> None:
    error = processes.end_of(fn)
    assert (type(error).__name__, str(error)) == (name, words)
    assert place in "".join(traceback.format_exception(error))
    assert processes.end_of(calls.square, 3) == 9


def test_a_function_that_cannot_be_sent_is_refused_with_what_to_do(processes: Driver) -> None:
    with pytest.raises(WrongUsage, match="cannot be sent to a worker process") as refused:
        processes.submit(lambda: 3)
    assert "top of a module" in refused.value.hint
    assert processes.pool.running == 0


def test_large_items_and_results_pass(processes: Driver) -> None:
    size = 20_000_000
    tickets = [processes.submit(calls.size_of, bytes(size)), processes.submit(calls.make, size)]
    ended = processes.ended()
    assert [each.attempted and each.attempted.error for each in ended.values()] == [None, None]
    made = ended[tickets[1]].attempted
    assert made is not None
    assert made.result == bytes(size)


def test_a_worker_hears_no_signal_of_the_agents_but_a_program_that_it_starts_does(
    processes: Driver, names: Names
) -> None:
    ticket = processes.submit(calls.meet, names.path, "a")
    pid = names.process_of("a")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGCONT):
        os.kill(pid, number)
    names.go()
    attempted = processes.ended()[ticket].attempted
    assert attempted is not None
    assert attempted.result == "a"
    assert processes.end_of(calls.end_a_program) == -signal.SIGTERM


def test_a_worker_stays_in_the_agents_group_and_session(processes: Driver) -> None:
    assert processes.end_of(calls.group) == (os.getpgid(0), os.getsid(0))


def test_a_try_that_hangs_takes_with_it_what_it_has_started(processes: Driver, names: Names) -> None:
    processes.submit(calls.run_beside, names.path, "a", timeout=60)
    worker, started = names.process_of("a"), int(eventually(lambda: read(names.path / "program")))
    assert not gone(started)
    processes.pool.abandon()
    eventually(lambda: gone(worker) and gone(started))


def test_a_try_that_hangs_ends_though_hardly_a_file_can_be_opened(processes: Driver, names: Names) -> None:
    processes.submit(calls.run_beside, names.path, "a", timeout=60)
    worker, started = names.process_of("a"), int(eventually(lambda: read(names.path / "program")))
    # One is left: too few to show that what it has started is the process that is meant.
    with few_files(1):
        processes.pool.abandon()
    eventually(lambda: gone(worker) and gone(started))


def test_a_pool_is_closed_while_its_workers_start_work_or_idle(names: Names) -> None:
    for begun in (0, 1, 2):
        driver = Driver(Processes)
        for name in range(begun):
            driver.submit(calls.meet, names.path, f"{begun}{name}")
        for name in range(begun):
            names.process_of(f"{begun}{name}")
        driver.submit(calls.square, 3)
        driver.pool.close()
        driver.pool.close()
        assert driver.pool.running == 0
    eventually(lambda: all(map(gone, set(children()) - {tracker()})))


# Whole agents: in a home of their own, so that what they leave behind is found and killed


def started(what: str, names: Names) -> "subprocess.Popen[str]":
    return subprocess.Popen(program("pools", what, names.path), stdout=subprocess.PIPE, text=True)


@pytest.mark.leaves_no_process
def test_workers_have_the_functions_of_a_script_and_leave_no_process(home: Path, names: Names) -> None:
    with started("close", names) as agent:
        assert agent.communicate(timeout=30)[0] == "0 1\n"
        assert agent.returncode == 0
    eventually(lambda: not processes_of(home))


@pytest.mark.parametrize("what", ["threads leave", "processes leave"])
@pytest.mark.leaves_no_process
def test_an_agent_leaves_though_its_workers_hang(home: Path, names: Names, what: str) -> None:
    with started(what, names) as agent:
        assert agent.wait(timeout=30) == 5
    eventually(lambda: not processes_of(home))


@pytest.mark.leaves_no_process
def test_workers_die_with_an_agent_that_is_killed(home: Path, names: Names) -> None:
    with started("kill", names) as agent:
        assert agent.wait(timeout=30) == -signal.SIGKILL
    eventually(lambda: not processes_of(home))


@pytest.mark.leaves_no_process
def test_workers_die_with_the_group_of_the_agent(home: Path, names: Names) -> None:
    command = program("pools", "wait", names.path)
    with subprocess.Popen(command, start_new_session=True) as agent:
        for name in "01":
            names.process_of(name)
        os.killpg(agent.pid, signal.SIGKILL)
    eventually(lambda: not processes_of(home))


@pytest.mark.leaves_no_process
def test_workers_come_up_though_their_group_is_told_to_stop_meanwhile(home: Path, names: Names) -> None:
    command = program("pools", "signals wait", names.path)
    with subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True) as agent:
        for name in "01":
            names.process_of(name)
        os.killpg(agent.pid, signal.SIGKILL)
        assert agent.communicate()[1] == ""
    eventually(lambda: not processes_of(home))


DRIVE = """
woken = threading.Event()
pool = Processes(1, woken.set)
pool.submit(1, Call(fn, (3,)))
try:
    while pool.running:
        woken.wait(30)
        woken.clear()
        print(*pool.taken())
except OvernightError as error:
    print(type(error).__name__, error, error.hint)
pool.close()
"""
HEAD = """
import sys, threading
from overnight.agents.workers import Call, Processes, is_worker
from overnight.state.errors import OvernightError

def fn(number):
    return number
"""


def said_by(*command: str) -> str:
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.mark.leaves_no_process
def test_a_script_without_its_guard_can_tell_and_the_pool_says_that_no_worker_comes_up(
    home: Path, tmp_path: Path
) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(f"{HEAD}\nif is_worker():\n    sys.exit(7)\n{DRIVE}")
    said = said_by(str(script))
    assert said.startswith("NotPossibleNow a worker process ended with exit code 7 before it could begin, 3 times")
    assert not is_worker()
    eventually(lambda: not processes_of(home))


@pytest.mark.leaves_no_process
def test_a_function_that_no_worker_can_have_is_said_once_and_not_of_each_item(home: Path) -> None:
    said = said_by("-c", HEAD + DRIVE)
    assert said.startswith("WrongUsage <function fn at ")
    assert "cannot be had in a worker process: AttributeError" in said
    eventually(lambda: not processes_of(home))


@pytest.mark.leaves_no_process
def test_no_worker_comes_up_where_the_system_refuses_and_the_reason_is_said(home: Path) -> None:
    limit = "\nimport resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))\n"
    # The pool's own descriptors fit, those of a worker do not.
    said = said_by("-c", f"{HEAD}\nwoken = threading.Event()\n{DRIVE.replace('pool.submit', limit + 'pool.submit')}")
    assert "Too many open files" in said
    assert said.startswith(NotPossibleNow.__name__)
    eventually(lambda: not processes_of(home))
