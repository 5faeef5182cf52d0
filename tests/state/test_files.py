"""The run directory on a real disk: replaced whole, locked by one, numbered without gaps, read at any moment."""

import fcntl
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import platformdirs
import pytest

from overnight.state import codec, lock, process
from overnight.state.atomic import append_line, replace
from overnight.state.chronicle import append
from overnight.state.control import ask, sweep
from overnight.state.errors import AmbiguousName, HomeUnusable, NoSuchRun, WrongUsage
from overnight.state.find import find
from overnight.state.history import history_of
from overnight.state.home import Home, default_home
from overnight.state.names import check_name, name_from
from overnight.state.newest import newest_of
from overnight.state.records import (
    Attempt,
    Damaged,
    Event,
    Exit,
    ItemError,
    Outcome,
    Progress,
    Records,
    SupervisorRecord,
    SupervisorState,
    Verb,
)
from overnight.state.rundir import RunDir, read_record
from overnight.state.status import Status, status_of
from tests.builders import T0, a_spec
from tests.waiting import eventually


@pytest.fixture
def run(home: Path) -> RunDir:
    return Home(str(home)).new_run("crawl")


def test_a_reader_sees_the_old_bytes_or_the_new(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    replace(path, b"a" * 100_000)
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            for letter in b"ab":
                replace(path, bytes([letter]) * 100_000)

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        for _ in range(300):
            seen = Path(path).read_bytes()
            assert len(seen) == 100_000
            assert len(set(seen)) == 1
    finally:
        stop.set()
        writer.join()


def test_a_write_that_fails_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    replace(str(path), b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            replace(str(path), b"n" * 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, was)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["record.json"]


def test_records_are_readable_by_their_owner_alone(run: RunDir) -> None:
    run.write(run.spec_path, a_spec())
    assert os.stat(run.spec_path).st_mode & 0o777 == 0o600
    assert os.stat(run.path).st_mode & 0o777 == 0o700


def test_one_holder_has_the_lock_and_asking_takes_nothing(run: RunDir) -> None:
    assert not lock.is_held(run.lock_path)
    held = lock.acquire(run.lock_path)
    assert held is not None
    assert lock.is_held(run.lock_path)
    assert lock.acquire(run.lock_path) is None
    os.close(held)
    assert not lock.is_held(run.lock_path)


def test_a_lock_goes_with_its_descriptor_to_another_process(run: RunDir) -> None:
    held = lock.acquire(run.lock_path)
    assert held is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[held]):
        os.close(held)
        assert lock.is_held(run.lock_path)
    eventually(lambda: not lock.is_held(run.lock_path))


def test_the_lock_is_an_open_file_description_lock(run: RunDir) -> None:
    # A lock of the process kind would be lost as soon as any descriptor of the file is closed.
    held = lock.acquire(run.lock_path)
    assert held is not None
    os.close(os.open(run.lock_path, os.O_RDONLY))
    assert lock.is_held(run.lock_path)
    assert fcntl.fcntl(held, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    os.close(held)


def test_a_recycled_pid_is_never_signalled() -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        known = process.identity_of(bystander.pid)
        assert known is not None
        assert not process.send(known._replace(start_time=known.start_time + 1), signal.SIGKILL)
        assert not process.send(known._replace(boot_id="another"), signal.SIGKILL)
        assert bystander.poll() is None
        assert process.send(known, signal.SIGKILL)
        assert bystander.wait() == -signal.SIGKILL
        assert not process.send(known, signal.SIGKILL)


def test_a_zombie_is_gone_and_a_stopped_process_is_stopped() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        known = process.identity_of(child.pid)
        assert known is not None
        child.send_signal(signal.SIGSTOP)
        eventually(lambda: process.state_of(known.pid, known.start_time) == "T")
        child.kill()
        eventually(lambda: process.state_of(known.pid, known.start_time) is None)
        assert process.identity_of(child.pid) is None


def test_nobody_is_judged_dead_or_signalled_because_no_more_files_can_be_opened() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        known = process.identity_of(child.pid)
        assert known is not None
        with no_more_files():
            assert process.state_of(known.pid, known.start_time) == process.UNKNOWN
            for ask_after in (process.identity_of, process.parent_of):
                with pytest.raises(OSError, match="Too many open files"):
                    ask_after(known.pid)
        # One is left: it shows the process, and not that it is the one that is meant.
        with no_more_files(but=1), pytest.raises(OSError, match="Too many open files"):
            process.send(known, signal.SIGKILL)
        assert child.poll() is None
        child.kill()


def test_nothing_counts_as_empty_because_no_more_files_can_be_opened(run: RunDir) -> None:
    run.write(run.attempt_path(2), Attempt(2, 1, 1, "boot", T0))
    run.write(run.file("exit.1.json"), Exit(Outcome.FAILED, attempts=1))
    ask(run, Verb.PAUSE)
    asked: list[Callable[[], object]] = [
        run.last_attempt_number, run.exits_aside, run.judged_attempts, run.request_numbers, lambda: run.is_kept(2),
    ]  # fmt: skip
    for ask_for in asked:
        with no_more_files(), pytest.raises(OSError, match="Too many open files"):
            ask_for()
    assert (run.last_attempt_number(), run.judged_attempts(), run.request_numbers()) == (2, 1, [1])
    shutil.rmtree(run.attempts_path)
    assert run.last_attempt_number() == 0


def test_a_folder_that_lets_nobody_in_is_damage_and_no_run_without_attempts(run: RunDir) -> None:
    run.write(run.spec_path, a_spec(id=run.id))
    for folder in (run.attempts_path, run.control_path):
        shutil.rmtree(folder)
        os.symlink(folder, folder)
    records = run.read()
    assert {each.path for each in records.damaged} == {f"{run.attempts_path}/", f"{run.control_path}/"}
    assert all(each.intact for each in records.damaged)
    assert status_of(records, T0) is Status.UNKNOWN, "what cannot be seen is not gone"
    os.unlink(run.attempts_path)
    os.symlink(run.lock_path, run.lock_path)
    records = run.read()
    assert run.lock_path in {each.path for each in records.damaged}
    assert status_of(records, T0) is Status.UNKNOWN


@contextmanager
def no_more_files(but: int = 0) -> Iterator[None]:
    """Inside, this process can open no more than so many."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    unused = (number for number in range(1 << 20) if not os.path.lexists(f"/proc/self/fd/{number}"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (next(islice(unused, but, None)), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_numbers_of_requests_are_claimed_once_by_many_operators(run: RunDir) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        asked = pool.map(_ask_many, [run.path] * 4)
    numbers = [number for each in asked for number in each]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    requests, damaged = run.requests()
    assert [each.number for each in requests] == sorted(numbers)
    assert not damaged
    assert not [name for name in os.listdir(run.control_path) if name.startswith(".")]


def _ask_many(path: str) -> list[int]:
    return [ask(RunDir(path), verb).number for verb in (Verb.PAUSE, Verb.RESUME) * 5]


def test_the_doorbell_rings_exactly_the_supervisor_on_record(run: RunDir) -> None:
    code = "import signal; signal.signal(signal.SIGURG, lambda *_: print('rung', flush=True)); print('up', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}\nwhile True: signal.pause()"], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        known = process.identity_of(supervisor.pid)
        assert known is not None
        run.write(run.supervisor_path, SupervisorRecord(*known, "host", SupervisorState.RUNNING))
        ask(run, Verb.PAUSE)
        assert supervisor.stdout.readline() == "rung\n"
        supervisor.kill()


def test_a_request_that_cannot_be_written_is_said_in_one_line(run: RunDir) -> None:
    os.rmdir(run.control_path)
    Path(run.control_path).write_text("a file in its place")
    with pytest.raises(HomeUnusable, match="Not a directory"):
        ask(run, Verb.PAUSE)


def test_everything_about_a_run_is_read_at_once_and_damage_is_listed(run: RunDir) -> None:
    run.write(run.spec_path, a_spec(id=run.id))
    Path(run.progress_path).write_text('{"processed_items": 3}')
    Path(run.supervisor_path).write_text("{")
    Path(run.errors_path).write_bytes(codec.encode(ItemError(item="x")) * 2)
    records = run.read()
    assert isinstance(records, Records)
    assert records.spec is not None
    assert records.progress == Progress(processed_items=3)
    assert records.errors == 2
    assert [each.path for each in records.damaged] == [run.supervisor_path]


def test_a_file_cut_short_by_a_plain_write_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    for _ in range(50):
        path.write_text("")
        whole = threading.Timer(0.0005, lambda: path.write_text('{"processed_items": 3}'))
        whole.start()
        if read_record(Progress, str(path)) == Progress(processed_items=3):
            break
        whole.join()
    else:
        raise AssertionError("never read whole")
    whole.join()


def test_a_fifo_or_a_folder_in_a_records_place_is_damage_and_does_not_hang(run: RunDir) -> None:
    os.mkfifo(run.progress_path)
    os.mkdir(run.heartbeat_path)
    records = run.read()
    assert {each.path for each in records.damaged} == {run.progress_path, run.heartbeat_path}


def test_appending_to_a_fifo_fails_and_does_not_wait_for_a_reader(run: RunDir) -> None:
    os.mkfifo(run.history_path)
    with pytest.raises(OSError, match="No such device"):
        append_line(run.history_path, b"{}\n")


def test_an_agents_files_may_lie_elsewhere(run: RunDir, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"processed_items": 9}')
    run.write(run.spec_path, a_spec(id=run.id, cwd=str(tmp_path), progress_file="mine.json"))
    assert run.read().progress == Progress(processed_items=9)


def test_a_word_means_an_id_then_the_live_run_of_that_name_then_the_newest(home: Path) -> None:
    here = Home(str(home))
    runs = [here.new_run("crawl") for _ in range(3)]
    for age, run in enumerate(runs):
        run.write(run.spec_path, a_spec(id=run.id, created_at=1000.0 - age))
        run.write(run.exit_path, Exit(Outcome.COMPLETED))
    assert find(here, runs[2].id).id == runs[2].id
    assert find(here, "crawl").id == runs[0].id
    os.unlink(runs[2].exit_path)
    assert find(here, "crawl").id == runs[2].id
    os.unlink(runs[1].exit_path)
    with pytest.raises(AmbiguousName, match=runs[1].id):
        find(here, "crawl")
    with pytest.raises(NoSuchRun):
        find(here, "crow")


@pytest.mark.parametrize("name", ["", ".", "..", "-x", ".hidden", "a/b", "a b", "a\nb", "a\x1b[2J", "x" * 65])
def test_a_name_with_odd_characters_is_refused_with_one_that_would_do(name: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        check_name(name)
    check_name(refused.value.hint.rsplit(" ", 1)[1])


def test_a_name_in_any_script_is_fine() -> None:
    check_name("über-crawl_2.0")
    assert name_from("wör ker!.py") == "wör-ker-.py"


def test_the_home_is_where_platformdirs_would_put_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OVERNIGHT_HOME", raising=False)
    for state_home in (None, str(tmp_path)):
        if state_home:
            monkeypatch.setenv("XDG_STATE_HOME", state_home)
        else:
            monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        assert default_home().path == str(platformdirs.user_state_path("overnight"))


def test_a_home_below_a_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeUnusable) as refused:
        Home(str(tmp_path / "file" / "home")).new_run("x")
    assert "OVERNIGHT_HOME" in refused.value.hint


def test_history_merges_launch_requests_and_events_by_time(run: RunDir) -> None:
    run.write(run.spec_path, a_spec(id=run.id, created_at=100.0))
    append(run, Event(101.0, "started", 1))
    ask(run, Verb.PAUSE, by="ann@host")
    append(run, Event(4e9, "ended", 1))
    append_line(run.history_path, b'{"torn')
    events = history_of(run)
    assert [each.event for each in events] == ["created", "started", "requested", "ended"]
    assert events[2].by == "ann@host"
    assert events[2].detail["verb"] == "pause"


def test_a_torn_last_line_of_errors_does_not_hide_the_others(run: RunDir) -> None:
    Path(run.errors_path).write_bytes(codec.encode(ItemError(item="x")) + b'{"item": "y')
    assert newest_of(ItemError, run.errors_path).records == (ItemError(item="x"),)


def test_an_unreadable_record_is_damage_with_the_systems_words(run: RunDir) -> None:
    os.symlink(run.exit_path, run.exit_path)
    read = run.exit()
    assert isinstance(read, Damaged)
    assert json.dumps(read.problem)


def test_drafts_of_killed_operators_are_swept_and_none_of_one_who_may_live(run: RunDir) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    mine, theirs, just_written = (
        Path(run.control_path, f".request.{pid}-{number}")
        for pid, number in ((os.getpid(), 1), (gone.pid, 2), (gone.pid, 3))
    )
    for draft in (mine, theirs, just_written):
        draft.touch()
    for old in (mine, theirs):
        os.utime(old, (0, 0))
    ask(run, Verb.PAUSE)
    sweep(run)
    assert sorted(os.listdir(run.control_path)) == sorted((mine.name, just_written.name, "000001.json"))
