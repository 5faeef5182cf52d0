"""Many runs begun at once: each is as detached, as clean and as much its own as one that was begun alone."""

import os
import resource
import signal
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers import spawn
from overnight.agents.launchers.local import Order, launch_all, revive_all
from overnight.agents.orphans import adopt_orphans
from overnight.state.errors import HomeUnusable, NotPossibleNow, OvernightError, WrongUsage
from overnight.state.home import Home
from overnight.state.records import Exit, Outcome, SupervisorRecord
from overnight.state.rundir import RunDir
from tests.supervision.launched import attempt, ended, keeper_of, kill_supervisor, output, status_field, supervisor
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

MANY = 5


def sleeping(home: Path, count: int = MANY) -> list[RunDir]:
    launched = launch_all(Home(str(home)), [Order(("sleep", "600"))] * count)
    runs = [each for each in launched if isinstance(each, RunDir)]
    assert len(runs) == count, launched
    return runs


def kill_all(runs: list[RunDir]) -> None:
    for run in runs:
        operate.kill(run)
    for run in runs:
        assert ended(run).outcome is Outcome.CANCELLED


@pytest.fixture
def runs(home: Path) -> Iterator[list[RunDir]]:
    """Many that sleep."""
    runs = sleeping(home)
    yield runs
    kill_all(runs)


def test_every_command_runs_when_they_are_launched(runs: list[RunDir]) -> None:
    for run in runs:
        assert Path(f"/proc/{attempt(run).pid}/cmdline").read_bytes() == b"sleep\x00600\x00"
        assert run.is_supervised()


def test_each_supervisor_has_a_session_of_its_own_and_is_nobodys_child(runs: list[RunDir]) -> None:
    pids = [supervisor(run).pid for run in runs]
    assert len(set(pids)) == MANY
    for pid in pids:
        assert os.getsid(pid) == pid
        parent = int(status_field(pid, "PPid"))
        assert parent != os.getpid()
        assert parent not in pids
        assert "supervisor" not in Path(f"/proc/{parent}/cmdline").read_text()


def test_each_holds_its_own_lock_and_nothing_else_of_the_launch(runs: list[RunDir]) -> None:
    for run in runs:
        held = [os.readlink(path) for path in Path(f"/proc/{supervisor(run).pid}/fd").iterdir()]
        assert [each for each in held if each.endswith("/lock")] == [run.lock_path]
        assert held.count(os.devnull) == 3
        # Its bell: nobody listens to a report any more.
        assert len([each for each in held if each.startswith("pipe:")]) == 2
        kept = [os.readlink(path) for path in Path(f"/proc/{keeper_of(run)}/fd").iterdir()]
        assert kept == [os.devnull] * 3


def test_each_shows_its_own_run_as_its_command(runs: list[RunDir]) -> None:
    paths = {run.path.encode() for run in runs}
    for run in runs:
        words = Path(f"/proc/{supervisor(run).pid}/cmdline").read_bytes().split(b"\0")
        assert paths.intersection(words) == {run.path.encode()}
        assert words[words.index(run.path.encode()) - 1] == b"1", "all that stood before the paths stands there"


def test_no_value_of_the_callers_environment_is_in_a_supervisor(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1234")
    runs = sleeping(home, 2)
    for run in runs:
        variables = Path(f"/proc/{supervisor(run).pid}/environ").read_bytes().split(b"\0")
        assert {each.partition(b"=")[0] for each in variables if each} == {b"PATH", b"OVERNIGHT_HOME"}
        assert b"SECRET=1234" in Path(f"/proc/{attempt(run).pid}/environ").read_bytes().split(b"\0")
    kill_all(runs)


def test_each_hears_the_doorbell_and_outlives_a_hang_up(runs: list[RunDir]) -> None:
    for run in runs:
        os.kill(supervisor(run).pid, signal.SIGHUP)
        operate.pause(run)
    for run in runs:
        eventually(lambda run=run: supervisor(run).frozen)  # type: ignore[misc]
        operate.resume(run)
        eventually(lambda run=run: not supervisor(run).frozen)  # type: ignore[misc]


def test_one_that_cannot_be_launched_is_told_and_hurts_no_other(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nowhere/at/all\n")
    broken.chmod(0o700)
    orders = [Order((command,)) for command in ("true", "nowhere-at-all", str(broken), "true")]
    first, missing, unexecutable, last = launch_all(Home(str(home)), orders)
    assert isinstance(missing, WrongUsage)
    assert "command not found: nowhere-at-all" in str(missing)
    assert isinstance(unexecutable, WrongUsage)
    assert "could not be executed" in str(unexecutable)
    for run in (first, last):
        assert isinstance(run, RunDir)
        assert ended(run).outcome is Outcome.COMPLETED
    assert len(Home(str(home)).ids()) == 3, "of the one that was never possible there is no run"


def test_the_answers_come_in_the_order_of_the_orders(home: Path) -> None:
    """More than one batch of them."""
    count = spawn.AT_ONCE + 2
    launched = launch_all(Home(str(home)), (Order(("echo", str(number))) for number in range(count)))
    for number, run in enumerate(launched):
        assert isinstance(run, RunDir)
        eventually(lambda run=run: isinstance(run.exit(), Exit))  # type: ignore[misc]
        assert output(run) == f"{number}\n"
    eventually(lambda: not any(run.is_supervised() for run in launched if isinstance(run, RunDir)))


def test_the_next_ones_are_written_down_while_the_first_are_still_forked(home: Path) -> None:
    before, seen = children(), list[set[int]]()

    def orders() -> Iterator[Order]:
        for _ in range(spawn.AT_ONCE):
            yield Order(("true",))
        seen.append(children() - before)
        yield Order(("true",))

    launched = launch_all(Home(str(home)), orders())
    (forking,) = seen
    assert len(forking) == 1, "nobody has waited for it by then"
    assert children() <= before, "and it is nobody's zombie"
    for run in launched:
        assert isinstance(run, RunDir)
        assert ended(run).outcome is Outcome.COMPLETED
    eventually(lambda: not any(run.is_supervised() for run in launched if isinstance(run, RunDir)))


def test_a_launch_that_is_broken_off_leaves_no_zombie_and_nothing_open(home: Path) -> None:
    before, opened = children(), len(os.listdir("/proc/self/fd"))

    def orders() -> Iterator[Order]:
        for _ in range(spawn.AT_ONCE):
            yield Order(("true",))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch_all(Home(str(home)), orders())
    assert children() <= before
    assert len(os.listdir("/proc/self/fd")) == opened
    runs = list(Home(str(home)).runs())
    assert [ended(run).outcome for run in runs] == [Outcome.COMPLETED] * spawn.AT_ONCE
    eventually(lambda: not any(run.is_supervised() for run in runs))


def children() -> set[int]:
    """Of this process, those that have ended and were not waited for, too."""
    return {int(each) for path in Path("/proc/self/task").glob("*/children") for each in path.read_text().split()}


def test_few_open_files_make_smaller_batches(home: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Those that are open now may have any number below this.
    few = max(map(int, os.listdir("/proc/self/fd"))) + 24
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        runs = sleeping(home, few // 6)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    kill_all(runs)


def test_where_no_process_can_be_started_each_is_told_and_nothing_is_left_locked(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    refused = launch_all(Home(str(home)), [Order(("true",))] * 2)
    assert [type(each) for each in refused] == [HomeUnusable, HomeUnusable]
    assert not any(run.is_supervised() for run in Home(str(home)).runs())


def test_many_that_lost_their_supervisor_are_adopted_together(runs: list[RunDir], home: Path) -> None:
    agents = [attempt(run).pid for run in runs]
    for run in runs:
        kill_supervisor(run)
    assert sorted(chain(*adopt_orphans(Home(str(home))))) == sorted(run.id for run in runs)
    for run, pid in zip(runs, agents, strict=True):
        eventually(lambda run=run, pid=pid: is_supervised_over(run, pid))  # type: ignore[misc]
    assert adopt_orphans(Home(str(home))) == ((), ())


def is_supervised_over(run: RunDir, pid: int) -> bool:
    record = run.supervisor()
    return isinstance(record, SupervisorRecord) and record.agent is not None and record.agent.pid == pid


def test_many_that_have_ended_go_on_together(home: Path) -> None:
    orders = [Order(("sh", "-c", f"test $OVERNIGHT_ATTEMPT = {number}")) for number in (1, 2, 2)]
    runs = [each for each in launch_all(Home(str(home)), orders) if isinstance(each, RunDir)]
    for run in runs:
        ended(run)
    completed, *others = revive_all(runs)
    assert isinstance(completed, NotPossibleNow)
    assert not any(isinstance(each, OvernightError) for each in others)
    assert [ended(run).outcome for run in runs] == [Outcome.COMPLETED] * 3
    assert [ended(run).attempts for run in runs] == [1, 2, 2]
