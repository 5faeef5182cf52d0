"""A disk that is full, records that are damaged or taken, agents that hang: no agent is hurt, and nothing is lost."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers import local
from overnight.agents.launchers.launcher import Launcher
from overnight.agents.launchers.local import Order, launch
from overnight.agents.supervisor.ledger import Ledger
from overnight.state import control
from overnight.state.errors import HomeUnusable
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Exit, Outcome, Verb
from overnight.state.rundir import RunDir
from overnight.state.status import Status, status_of
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    events,
    is_alive,
    kill_supervisor,
    output,
    sh,
    state,
    status_field,
    supervisor,
)
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def fill_disk_of(pid: int, *, full: bool = True) -> None:
    """Let no file of this process grow: what a full disk does to it, and to what it forks."""
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0 if full else most, most))


def test_a_full_disk_hurts_no_agent_and_loses_no_outcome(home: Path) -> None:
    go = home.parent / "go"
    # Not a shell that starts things: stopped between vfork and exec, its child would hold it in state D.
    run = agent(home, f"while not os.path.exists({str(go)!r}): time.sleep(0.02)\nsys.exit(3)")
    found = supervisor(run)
    fill_disk_of(found.pid)
    operate.pause(run)
    eventually(lambda: state(attempt(run).pid) == "T", message="it is obeyed all the same")
    operate.resume(run)
    eventually(lambda: state(attempt(run).pid) != "T")
    go.touch()
    eventually(lambda: attempt(run).code == 3, message="the keeper writes what it had reserved the bytes for")
    assert run.is_supervised(), "the outcome is kept until it can be written"
    assert not os.path.exists(run.exit_path)
    fill_disk_of(found.pid, full=False)
    over = ended(run)
    assert (over.outcome, over.code) == (Outcome.FAILED, 3)
    assert "cannot write" in Path(run.supervisor_log_path).read_text()


def test_an_attempt_that_cannot_be_put_on_record_does_not_run(home: Path) -> None:
    run = sh(home, "echo $OVERNIGHT_ATTEMPT; test $OVERNIGHT_ATTEMPT = 2 || exec sleep 60", retries=1)
    eventually(lambda: output(run) == "1\n")
    found = supervisor(run)
    fill_disk_of(found.pid)
    os.kill(attempt(run).pid, signal.SIGKILL)
    eventually(lambda: not is_alive(attempt(run)) and attempt(run).ended_at)
    eventually(lambda: was_tried(run), message="a keeper has come and gone")
    assert run.last_attempt_number() == 1
    assert output(run) == "1\n"
    fill_disk_of(found.pid, full=False)
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    assert output(run) == "1\n2\n"


def was_tried(run: RunDir) -> bool:
    """Whether the supervisor sleeps until its next try, with no keeper left: its children are gone."""
    children = Path(f"/proc/{supervisor(run).pid}/task/{supervisor(run).pid}/children").read_text()
    return not children.strip()


def test_a_record_that_is_stuck_holds_up_no_other(home: Path) -> None:
    run = Home(str(home)).new_run("stuck")
    os.mkdir(run.history_path)
    ledger = Ledger(run)
    ledger.note("started", 1)
    ledger.end(Exit(Outcome.COMPLETED, attempts=1))
    assert ledger.ended
    assert isinstance(run.exit(), Exit)
    os.rmdir(run.history_path)
    ledger.flush()
    assert [event.event for event in history_of(run)] == ["started", "ended"], "said later, in order"
    assert "cannot write" in Path(run.supervisor_log_path).read_text()


def test_a_torn_line_of_the_history_spoils_no_other(home: Path) -> None:
    run = Home(str(home)).new_run("torn")
    ledger = Ledger(run)
    ledger.note("started", 1)
    Path(run.file("elsewhere")).write_text('{"at":"2026-11-')
    os.rename(run.history_path, run.file("kept"))
    os.mkdir(run.history_path)
    ledger.note("died", 1)
    os.rmdir(run.history_path)
    Path(run.history_path).write_bytes(Path(run.file("kept")).read_bytes() + b'{"at":"2026-11-')
    ledger.flush()
    assert [event.event for event in history_of(run)] == ["started", "died"]


def test_an_attempt_whose_log_is_no_file_does_not_wait_for_a_reader(home: Path) -> None:
    run = sh(home, "exec sleep 60", retries=1)
    eventually(lambda: os.path.exists(run.output_path))
    os.unlink(run.output_path)
    os.mkfifo(run.output_path)
    os.kill(attempt(run).pid, signal.SIGKILL)
    eventually(lambda: run.output_path in (supervisor(run).reason or ""), message="it says what is in the way")
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_what_keepers_of_earlier_versions_had_reserved_is_swept_with_the_rest(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    attempt(run)
    # Of one that was known by its pid alone, which is nobody's by now or another process's.
    Path(run.attempts_path, f".0001.json.end.{os.getpid()}").write_bytes(b" " * 1024)
    operate.kill(run)
    ended(run)
    assert os.listdir(run.attempts_path) == ["0001.json"]


def test_two_keepers_never_run_the_same_attempt(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    racing = textwrap.dedent(
        """
        import os, sys
        from overnight.agents.supervisor import keeper
        from overnight.agents.supervisor.execution import Beginning
        from overnight.state.rundir import RunDir
        run = RunDir(sys.argv[1])
        spec = run.spec()._replace(command=("sh", "-c", "echo twice"))
        kept = keeper.start(Beginning(run, spec, 1), os.open(os.devnull, os.O_RDONLY))
        with open(kept.report, "rb") as report:
            print(report.read().split()[0].decode())
        os.waitpid(kept.pid, 0)
        """
    )
    done = subprocess.run([sys.executable, "-c", racing, run.path], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "taken\n"
    assert output(run) == ""
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert attempt(run).signal == "SIGKILL", "the record of the first is complete"


def test_a_damaged_record_of_an_attempt_ends_the_run_without_a_guess(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    found = attempt(run)
    kill_supervisor(run)
    os.kill(found.pid, signal.SIGKILL)
    eventually(lambda: attempt(run).ended_at)
    Path(run.attempt_path(1)).write_text("{")
    operate.resume(run)
    eventually(lambda: run.last_attempt_number() == 2)
    assert run.judged_attempts() == 1
    operate.kill(run)
    assert ended(run).outcome is Outcome.CANCELLED


def test_a_hanging_agent_is_marked_and_asked_for_its_stacks(home: Path) -> None:
    run = agent(
        home,
        """
        signal.signal(signal.SIGUSR1, lambda *_: print("stacks", flush=True))
        beat("stacks"); progress()
        forever()
        """,
        stall=0.1,
    )
    eventually(lambda: "stalled" in events(run))
    eventually(lambda: output(run) == "stacks\nstacks\n", message="twice")
    assert is_alive(attempt(run)), "it is only marked"
    assert events(run).count("stalled") == 1
    operate.kill(run)
    ended(run)


def test_a_stall_is_over_when_the_agent_gets_on_and_not_before(home: Path) -> None:
    run = agent(
        home,
        """
        done = 0
        while True:
            progress(processed_items=done)
            until = f"{RUN}/artifacts/{done}"
            while not os.path.exists(until):
                beat()
                time.sleep(0.05)
            done += 1
        """,
        stall=0.6,
    )
    os.makedirs(f"{run.path}/artifacts", exist_ok=True)
    eventually(lambda: told(run) == ["stalled"])
    eventually(lambda: status_of(run.read(), time.time()) is Status.STALLED)
    Path(run.path, "artifacts", "0").touch()
    eventually(lambda: told(run) == ["stalled", "recovered", "stalled"])
    operate.kill(run)
    ended(run)


def test_that_an_agent_went_on_after_it_was_stopped_is_on_record(home: Path) -> None:
    run = agent(home, "progress(); forever()")
    eventually(lambda: run.read().progress)
    assert supervisor(run).went_on_at is None
    operate.pause(run)
    eventually(lambda: status_of(run.read(), time.time()) is Status.FROZEN)
    operate.resume(run)
    eventually(lambda: supervisor(run).went_on_at)
    found = attempt(run)
    os.kill(found.pid, signal.SIGSTOP)
    eventually(lambda: state(found.pid) == "T")
    be_looked_at(run)
    before = time.time()
    os.kill(found.pid, signal.SIGCONT)
    eventually(lambda: state(found.pid) != "T")
    be_looked_at(run)
    eventually(lambda: (supervisor(run).went_on_at or 0) >= before - 0.001, message="also where somebody else did that")
    operate.kill(run)
    ended(run)


def be_looked_at(run: RunDir) -> None:
    """By its supervisor, at everything."""
    asked = control.ask(run, Verb.STACKS, attempt=1)
    assert operate.wait_obeyed(run, asked, timeout=20)


def told(run: RunDir) -> list[str]:
    return [each for each in events(run) if each in {"stalled", "recovered"}]


def test_a_hanging_agent_is_started_again_where_its_spec_says_so(home: Path) -> None:
    run = sh(home, "test $OVERNIGHT_ATTEMPT = 2 || exec sleep 60", stall=0.1, on_stall="restart")
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    (retrying,) = (event for event in history_of(run) if event.event == "retrying")
    assert retrying.detail["reason"] == "stalled"


def test_a_run_that_cannot_be_written_down_is_not_started(home: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(HomeUnusable):
            launch(Home(str(home)), Order(("true",)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert Home(str(home)).ids() == []


def test_the_local_launcher_is_one() -> None:
    launcher: Launcher = local
    assert launcher.launch is launch


JUNK = {
    "half of a character": 'b\'{"status": "running", "message": "\\xe2\\x82\'',
    "random bytes": "os.urandom(5000)",
    "nothing": "b''",
    "another kind": "b'[1, 2, 3]'",
    "deep": "b'[' * 200_000",
    "numbers past all bounds": "b'{\"processed_items\": 1e999, \"total_items\": -' + b'9' * 5000 + b'}'",
}


@pytest.mark.parametrize("written", JUNK.values(), ids=JUNK.keys())
def test_an_agent_that_writes_junk_is_steered_all_the_same(home: Path, written: str) -> None:
    body = f"""
    for name in ("progress.json", "heartbeat.json"):
        with open(f"{{RUN}}/{{name}}", "wb") as file:
            file.write({written})
    print("ready", flush=True)
    forever()
    """
    run = agent(home, body)
    eventually(lambda: output(run) == "ready\n")
    operate.pause(run)
    eventually(lambda: state(attempt(run).pid) == "T")
    operate.resume(run)
    eventually(lambda: state(attempt(run).pid) != "T")
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED
    assert not os.path.exists(run.supervisor_log_path), "nothing for it to complain about"


def test_an_agent_that_writes_a_hundred_megabytes_for_progress_costs_its_supervisor_nothing(home: Path) -> None:
    body = """
    for name in ("progress.json", "heartbeat.json"):
        # Whole at once: of one that grows a look at the right moment may read what is not yet too much.
        with open(f"{RUN}/.{name}", "wb") as file:
            for _ in range(100):
                file.write(b"9" * (1 << 20))
        os.rename(f"{RUN}/.{name}", f"{RUN}/{name}")
    print("ready", flush=True)
    forever()
    """
    run = agent(home, body)
    before = most_memory(supervisor(run).pid)
    eventually(lambda: output(run) == "ready\n")
    operate.pause(run)
    eventually(lambda: state(attempt(run).pid) == "T")
    assert most_memory(supervisor(run).pid) < before + 4096, "none of it is read"
    operate.resume(run)
    operate.cancel(run)
    assert ended(run).outcome is Outcome.CANCELLED


def most_memory(pid: int) -> int:
    """The most that was ever resident, in KiB."""
    return int(status_field(pid, "VmHWM").split()[0])


def test_what_ignores_a_stop_is_restarted_by_force_and_what_it_forked_into_its_group_ends_with_it(home: Path) -> None:
    script = "trap '' TERM; echo $OVERNIGHT_ATTEMPT; (while :; do sleep 0.02; done) & while :; do sleep 0.02; done"
    run = sh(home, script, stop_grace=0.3)
    eventually(lambda: output(run) == "1\n")
    operate.restart(run)
    eventually(lambda: output(run) == "1\n2\n")
    assert attempt(run, 1).signal == "SIGKILL"
    retrying = next(event for event in history_of(run) if event.event == "retrying")
    assert retrying.detail["reason"] == "ended by SIGKILL after restart was asked"
    assert "left" not in retrying.detail
    operate.kill(run)
    ended(run)
