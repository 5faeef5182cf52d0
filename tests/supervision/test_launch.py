"""From a command line to a process with an outcome on record."""

import os
import stat
import sys
from pathlib import Path

import pytest

from overnight.agents.launchers.local import Order, launch
from overnight.agents.launchers.order import name_of
from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.records import Outcome, Spec
from tests.supervision.launched import agent, attempt, ended, events, output, sh, status_field, supervisor
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def test_a_command_that_succeeds_is_completed(home: Path) -> None:
    run = sh(home, "exit 0")
    over = ended(run)
    assert (over.outcome, over.code, over.signal, over.attempts) == (Outcome.COMPLETED, 0, None, 1)
    assert over.started_at is not None
    assert over.ended_at is not None
    assert [each for each in events(run) if each in {"created", "started", "ended"}] == ["created", "started", "ended"]


@pytest.mark.parametrize("code", [1, 2, 126, 127, 255])
def test_any_other_exit_code_is_a_failure(home: Path, code: int) -> None:
    over = ended(sh(home, f"exit {code}"))
    assert (over.outcome, over.code, over.reason) == (Outcome.FAILED, code, f"exit code {code}")


def test_a_signal_that_ends_it_is_a_failure_by_name(home: Path) -> None:
    over = ended(sh(home, "kill -SEGV $$"))
    assert (over.outcome, over.code, over.signal) == (Outcome.FAILED, None, "SIGSEGV")


def test_launch_returns_when_the_command_runs(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    found = attempt(run)
    assert os.readlink(f"/proc/{found.pid}/exe") != os.readlink(f"/proc/{supervisor(run).pid}/exe")
    os.kill(found.pid, 9)
    ended(run)


def test_the_output_of_both_streams_is_in_one_private_file(home: Path) -> None:
    run = sh(home, "echo out; echo err >&2")
    ended(run)
    assert output(run) == "out\nerr\n"
    assert stat.S_IMODE(os.stat(run.output_path).st_mode) == 0o600


def test_the_attempt_record_holds_what_it_used(home: Path) -> None:
    run = sh(home, "exit 3")
    ended(run)
    found = attempt(run)
    assert found.code == 3
    assert found.ended_at is not None
    assert found.ended_at >= found.started_at
    assert found.max_rss is not None
    assert found.max_rss > 100_000
    assert found.cpu_seconds is not None
    assert sorted(os.listdir(run.attempts_path)) == ["0001.json"]


def test_an_agent_learns_which_run_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERNIGHT_PARENT_RUN", "another")
    monkeypatch.setenv("SEEN", "from the launch")
    run = sh(home, "env; pwd; umask", cwd=str(home), environment={"ADDED": "by the order"})
    ended(run)
    lines = output(run).splitlines()
    assert f"OVERNIGHT_RUN_DIR={run.path}" in lines
    assert f"OVERNIGHT_RUN_ID={run.id}" in lines
    assert f"OVERNIGHT_HOME={home}" in lines
    assert {"OVERNIGHT_ATTEMPT=1", "PYTHONUNBUFFERED=1", "SEEN=from the launch", "ADDED=by the order"} <= set(lines)
    assert not any(line.startswith("OVERNIGHT_PARENT_RUN") for line in lines)
    assert str(home) in lines


def test_umask_and_limits_are_those_of_the_launch(home: Path) -> None:
    before = os.umask(0o027)
    try:
        run = sh(home, "umask; ulimit -n")
    finally:
        os.umask(before)
    import resource

    ended(run)
    assert output(run).split() == ["0027", str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])]


def test_an_agent_has_a_session_of_its_own_and_every_signal_at_its_default(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    pid = attempt(run).pid
    eventually(lambda: os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "sleep")
    assert os.getsid(pid) == pid == os.getpgid(pid)
    for which in ("SigIgn", "SigBlk", "SigCgt"):
        assert int(status_field(pid, which), 16) == 0, which
    assert os.readlink(f"/proc/{pid}/fd/0") == os.devnull
    os.kill(pid, 9)
    ended(run)


def test_neither_agent_nor_keeper_holds_the_lock(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    pid = attempt(run).pid
    keeper = int(status_field(pid, "PPid"))
    for each in (pid, keeper):
        assert run.lock_path not in held_by(each)
    # Its loader opens libraries for a moment.
    eventually(lambda: set(os.listdir(f"/proc/{pid}/fd")) == {"0", "1", "2"})
    os.kill(pid, 9)
    ended(run)


def held_by(pid: int) -> list[str]:
    """What the process has open."""
    held = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            held.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except FileNotFoundError:
            # A library that its loader had open.
            continue
    return held


def test_a_supervisor_holds_nothing_of_its_caller(home: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    run = sh(home, "exec sleep 60")
    os.close(writer)
    assert os.read(reader, 1) == b"", "the pipe's end is reached while the run goes on"
    os.close(reader)
    found = supervisor(run)
    assert os.getsid(found.pid) != os.getsid(0)
    assert [os.readlink(f"/proc/{found.pid}/fd/{fd}") for fd in (0, 1, 2)] == [os.devnull] * 3
    assert int(status_field(found.pid, "PPid")) != os.getpid(), "it becomes nobody's zombie"
    os.kill(attempt(run).pid, 9)
    ended(run)


def test_a_supervisor_survives_a_hangup(home: Path) -> None:
    run = sh(home, "exec sleep 60")
    os.kill(supervisor(run).pid, 1)
    os.kill(attempt(run).pid, 9)
    assert ended(run).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(()), "no command"),
        (Order(("no-such-command-anywhere",)), "command not found: no-such-command-anywhere"),
        (Order(("./missing",)), "command not found: "),
        (Order(("/etc/passwd",)), "not executable: /etc/passwd"),
        (Order(("/etc",)), "not executable: /etc"),
        (Order(("true",), cwd="/no/such/folder"), "no such folder: /no/such/folder"),
        (Order(("true",), start_at=1e12), "would start after the year 9998"),
        (Order(("true",), name="a/b"), "cannot be a run's name"),
        (Order(("true",), retries=-1), "--retries -1"),
        (Order(("true",), stop_grace=float("nan")), "--stop-grace nan"),
        (Order(("true",), on_stall="explode"), "--on-stall explode"),
    ],
)
def test_what_cannot_be_launched_is_refused_before_anything_is_made(home: Path, order: Order, words: str) -> None:
    with pytest.raises(WrongUsage, match=words) as refused:
        launch(Home(str(home)), order)
    assert refused.value.exit_code == 2
    assert Home(str(home)).ids() == []


def test_what_fails_to_execute_is_an_error_now_and_a_failed_run(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    with pytest.raises(WrongUsage, match="No such file"):
        launch(Home(str(home)), Order((str(script),), retries=3))
    (run,) = Home(str(home)).runs()
    over = ended(run)
    assert over.outcome is Outcome.FAILED
    assert over.reason is not None
    assert str(script) in over.reason
    assert over.attempts == 1, "a command that cannot be executed is not tried again"
    assert attempt(run).exec_error is not None


def test_the_environment_is_in_a_private_file_of_its_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    run = sh(home, "exec sleep 60")
    holding = [name for name in os.listdir(run.path) if os.path.isfile(run.file(name)) and _holds(run.file(name))]
    assert holding == ["env.json"]
    assert stat.S_IMODE(os.stat(run.env_path).st_mode) == 0o600
    assert b"s3cret" not in Path(f"/proc/{supervisor(run).pid}/environ").read_bytes()
    os.kill(attempt(run).pid, 9)
    ended(run)


def _holds(path: str) -> bool:
    return b"s3cret" in Path(path).read_bytes()


def test_an_agent_that_speaks_the_protocol_is_completed_with_its_counts(home: Path) -> None:
    run = agent(home, "beat('pause', 'stop'); progress(status='completed', processed_items=3, total_items=3)")
    assert ended(run).outcome is Outcome.COMPLETED
    assert isinstance(run.spec(), Spec)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("python", "a.py"), "a"),
        (("python3", "-u", "jobs/crawl.py", "--fast"), "crawl"),
        (("python", "-m", "tools.crawl"), "crawl"),
        (("sh", "-c", "echo a.b"), "sh"),
        (("./make things.sh",), "make-things"),
        (("sleep", "10"), "sleep"),
        ((sys.executable, "x y.py"), "x-y"),
    ],
)
def test_a_run_is_named_after_what_it_does(command: tuple[str, ...], name: str) -> None:
    assert name_of(command) == name
