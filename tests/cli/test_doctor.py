"""`overnight doctor`: finds what is wrong, touches nothing unless it is told to, and what it repairs is right after."""

import json
import os
import resource
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents import cures
from overnight.state import codec, lock
from overnight.state.diagnosis import diagnose
from overnight.state.examination import examine, examine_run
from overnight.state.findings import Kind
from overnight.state.home import Home
from overnight.state.leftovers import DOOMED, LAUNCH_TAKES
from overnight.state.records import Exit, Outcome
from overnight.state.status import ENDED, status_of
from overnight.tui.detail import Detail
from overnight.tui.door import clean_records
from overnight.tui.glyphs import UNICODE
from overnight.tui.panes.frame import Frame
from overnight.tui.panes.remarks import remarks
from overnight.tui.view import row_of
from tests.cli.records import an_ended_run
from tests.command import launched, listed, overnight, when
from tests.small_disk import fill, small_disk_at
from tests.supervision.launched import (
    agent,
    attempt,
    ended,
    events,
    is_alive,
    keeper_of,
    kill,
    kill_and_wait,
    kill_supervisor,
    output,
    sh,
    state,
    supervisor,
)
from tests.tui.driven import a_supervised_run
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

SECRET = "hunter2-and-more"


def doctor(*arguments: str, code: int) -> list[str]:
    done = overnight("doctor", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout.splitlines()


def found(*arguments: str) -> list[dict[str, Any]]:
    every: list[dict[str, Any]] = json.loads(overnight("doctor", "--json", *arguments).stdout)
    return every


def tree(folder: Path) -> dict[str, bytes | None]:
    """Every file below it with what it holds."""
    paths = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in paths}


def test_where_all_is_well_nothing_is_found(home: Path) -> None:
    assert doctor(code=0) == []
    assert os.listdir(home) == []
    an_ended_run(home)
    run = launched("--", "sleep", "600")
    assert doctor(code=0) == doctor("--repair", code=0) == []
    assert found() == []
    assert overnight("kill", run, "--timeout", "30").returncode == 0
    assert doctor(code=0) == []


def test_what_was_looked_at_is_said_and_which_runs_need_somebody(home: Path) -> None:
    an_ended_run(home)
    assert "Nothing is wrong with" in overnight("doctor").stderr
    for name in ("one", "two"):
        an_ended_run(home, name, Outcome.FAILED)
    stalled = launched("--stall", "1", "--", "sleep", "600")
    when(stalled, "stalled")
    said = overnight("doctor")
    assert said.returncode == 0, "what an agent does is not its concern"
    assert f"Nothing is wrong with {home}, the records of its 4 runs, the queue and this machine." in said.stderr
    assert "Runs that need somebody: 1 stalled, 2 failed. `overnight ls` shows them" in said.stderr
    assert overnight("kill", stalled, "--timeout", "30").returncode == 0


def test_a_queued_run_that_can_never_begin_is_named(home: Path) -> None:
    failed = an_ended_run(home, "first", Outcome.FAILED)
    last = launched("--after", failed.id, "--", "true")
    (told,) = doctor(code=1)
    assert told.startswith(f"queue     {last}: it can never begin: it comes after {failed.id}, which failed. ")
    assert f"`overnight retry {failed.id}`" in told
    assert overnight("cancel", last, "--timeout", "30").returncode == 0
    assert doctor(code=0) == []


def test_a_home_that_is_not_there_yet_is_not_made(home: Path) -> None:
    home.rmdir()
    assert doctor(code=0) == []
    assert not home.exists()


def test_without_being_told_it_changes_nothing(home: Path) -> None:
    orphan = sh(home, "exec sleep 600")
    kill_supervisor(orphan)
    run = an_ended_run(home)
    Path(run.progress_path).write_text("junk")
    os.chmod(run.spec_path, 0o644)
    (home / "runs" / f"{DOOMED}x").mkdir()
    before = tree(home)
    assert sorted(line.split()[0] for line in doctor(code=1)) == ["damaged", "leftover", "mode", "orphan"]
    assert {each["kind"] for each in found()} == {"orphan", "mode", "damaged", "leftover"}
    assert all(each["repairable"] and not each["repaired"] for each in found())
    assert tree(home) == before
    assert not orphan.is_supervised()
    assert overnight("kill", orphan.id, "--timeout", "30").returncode == 0


def test_an_orphan_gets_a_supervisor_and_its_agent_goes_on(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    alive = attempt(run)
    kill_supervisor(run)
    (line,) = doctor(code=1)
    assert line.startswith(f"orphan    {run.id}: it goes on, and has no supervisor.")
    (line,) = doctor("--repair", code=0)
    assert f"Repaired: pid {supervisor(run).pid} supervises it now." in line
    assert is_alive(alive)
    assert attempt(run) == alive
    assert "adopted" in events(run)
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_an_agent_that_finished_without_a_supervisor_gets_its_outcome_and_is_not_run_again(home: Path) -> None:
    ran, go = home.parent / "ran", home.parent / "go"
    run = sh(home, f"echo ran >> {ran}; until [ -e {go} ]; do sleep 0.02; done; exit 3", retries=0)
    eventually(ran.exists)
    kill_supervisor(run)
    go.touch()
    eventually(lambda: attempt(run).ended_at)
    doctor("--repair", code=0)
    assert (ended(run).outcome, ended(run).code) == (Outcome.FAILED, 3)
    assert ran.read_text() == "ran\n"


def test_what_is_lost_is_told_and_left_to_an_operator(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    keeper = keeper_of(run)
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(attempt(run).pid)
    (line,) = doctor("--repair", code=1)
    assert line.startswith(f"lost      {run.id}: ")
    assert f"`overnight resume {run.id}`" in line
    assert listed(run.id)["status"] == "lost"


def test_a_stopped_supervisor_goes_on_and_obeys(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    kill(supervisor(run).pid, signal.SIGSTOP)
    eventually(lambda: state(supervisor(run).pid) == "T")
    (line,) = doctor(code=1)
    assert f"lock      {run.id}: its supervisor, pid {supervisor(run).pid}, is stopped by a signal" in line
    assert "Repaired: it goes on." in doctor("--repair", code=0)[0]
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_an_adoption_that_fails_is_told_and_the_run_goes_on_without(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    kill_supervisor(run)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Enough to look at everything; a supervisor, which inherits that, is handed a lock and can open too few beside it.
    done = overnight("doctor", "--repair", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, most)))
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"Not repaired: {run.id} could not be given a supervisor." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert is_alive(attempt(run))
    assert "Repaired: pid " in doctor("--repair", code=0)[0]
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_a_lock_that_a_stranger_holds_is_told_with_the_stranger(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    kill_supervisor(run)
    held = lock.acquire(run.lock_path)
    assert held is not None
    (line,) = doctor("--repair", code=1)
    assert f"its lock is held by pid {os.getpid()} (" in line
    os.close(held)
    doctor("--repair", code=0)
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_modes_are_tightened_and_nothing_of_the_agents_own_is_touched(home: Path) -> None:
    run = an_ended_run(home)
    os.mkdir(run.artifacts_path)
    theirs = Path(run.artifacts_path, "index.html")
    theirs.touch()
    for path, mode in ((str(theirs), 0o644), (run.progress_path, 0o644), (run.artifacts_path, 0o755)):
        os.chmod(path, mode)
    assert doctor(code=0) == []
    ours = [str(home), str(home / "runs"), run.path, run.control_path, run.attempts_path, run.spec_path, run.exit_path]
    for path in ours:
        os.chmod(path, 0o777)
    doctor(code=1)
    doctor("--repair", code=0)
    assert [os.stat(path).st_mode & 0o777 for path in ours] == [0o700] * 5 + [0o600] * 2
    assert theirs.stat().st_mode & 0o777 == 0o644


def test_a_link_in_the_place_of_a_record_leads_nowhere(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("theirs")
    outside.chmod(0o644)
    run = an_ended_run(home)
    os.unlink(run.exit_path)
    os.symlink(outside, run.file("output.log"))
    overnight("doctor", "--repair")
    assert (outside.read_text(), outside.stat().st_mode & 0o777) == ("theirs", 0o644)


def test_a_link_that_has_taken_the_place_of_a_record_since_leads_nowhere_either(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.touch(mode=0o644)
    run = an_ended_run(home)
    os.chmod(run.spec_path, 0o644)
    (finding,) = diagnose(examine(Home(str(home))))
    os.unlink(run.spec_path)
    os.symlink(outside, run.spec_path)
    cures.apply(Home(str(home)), finding)
    assert outside.stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_what_belongs_to_somebody_else_is_told_with_the_command_that_gives_it_back(home: Path) -> None:
    run = an_ended_run(home)
    os.chown(run.spec_path, 65534, 65534)
    (line,) = doctor("--repair", code=1)
    assert f"{run.spec_path} belongs to nobody. `sudo chown -R root {run.spec_path}` gives it back." in line


def test_leftovers_are_deleted(home: Path) -> None:
    doomed = home / "runs" / f"{DOOMED}x"
    doomed.mkdir(parents=True, mode=0o700)
    (home / "runs").chmod(0o700)
    launch = Home(str(home)).new_run("launch")
    Path(launch.env_path).write_text(SECRET)
    long_ago = time.time() - LAUNCH_TAKES - 60
    os.utime(launch.path, (long_ago, long_ago))
    assert {each["paths"][0] for each in found()} == {str(doomed), launch.path}
    doctor("--repair", code=0)
    assert os.listdir(home / "runs") == []


JUNK = b'{"half": "a rec'


@pytest.mark.parametrize(
    "name", ["progress.json", "heartbeat.json", "supervisor.json", "env.json", "control/000001.json"]
)
def test_a_record_of_an_ended_run_that_cannot_be_read_is_set_aside(home: Path, name: str) -> None:
    run = an_ended_run(home)
    Path(run.file(name)).write_bytes(JUNK)
    os.chmod(run.file(name), 0o600)
    (finding,) = found("--repair")
    assert (finding["kind"], finding["paths"]) == ("damaged", [run.file(name)])
    assert finding["repaired"] == f"it is {os.path.basename(name)}.damaged now"
    assert not os.path.exists(run.file(name))
    assert Path(run.file(f"{name}.damaged")).read_bytes() == JUNK
    assert listed(run.id)["status"] == "completed"
    assert doctor(code=0) == []


def test_a_run_that_was_killed_stays_so_though_its_outcome_cannot_be_read(home: Path) -> None:
    """Judged anew by its attempt it would be started again: its policy says so."""
    ran = home.parent / "ran"
    run = sh(home, f"echo ran >> {ran}; exec sleep 600", retries=5)
    eventually(ran.exists)
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0
    before = ended(run)
    Path(run.exit_path).write_bytes(JUNK)
    assert "`overnight doctor`" in overnight("why", run.id).stdout
    (line,) = doctor("--repair", code=0)
    assert "what it said was found in the history: cancelled" in line
    after = ended(run)
    assert after.ended_at == pytest.approx(before.ended_at, abs=1)
    assert (after.outcome, after.reason, after.attempts, after.signal) == (
        before.outcome,
        before.reason,
        before.attempts,
        before.signal,
    )
    assert Path(f"{run.exit_path}.damaged").read_bytes() == JUNK
    assert ran.read_text() == "ran\n"


def test_an_outcome_that_is_nowhere_else_is_taken_from_the_attempt_again(home: Path) -> None:
    run = sh(home, "exit 4")
    ended(run)
    Path(run.exit_path).write_bytes(JUNK)
    os.unlink(run.history_path)
    assert [each["kind"] for each in found("--repair")] == ["damaged", "orphan"]
    assert (ended(run).outcome, ended(run).code) == (Outcome.FAILED, 4)
    assert doctor(code=0) == []


def test_a_run_that_was_started_again_since_does_not_get_the_end_of_before(home: Path) -> None:
    run = sh(home, "exit 4")
    ended(run)
    Path(run.history_path).write_text(
        '{"at":"2026-11-23T01:00:00+00:00","event":"ended","attempt":1,"detail":{"outcome":"completed"}}\n'
        '{"at":"2026-11-23T02:00:00+00:00","event":"started","attempt":2}\n'
    )
    Path(run.exit_path).write_bytes(JUNK)
    doctor("--repair", code=0)
    assert (ended(run).outcome, ended(run).code) == (Outcome.FAILED, 4)


@pytest.mark.parametrize("name", ["spec.json", "attempts/0001.json"])
def test_a_run_is_never_begun_again_nor_swept_because_a_record_of_it_cannot_be_read(home: Path, name: str) -> None:
    ran = home.parent / "ran"
    run = sh(home, f"echo ran >> {ran}; exec sleep 600")
    eventually(ran.exists)
    keeper = keeper_of(run)
    pid = attempt(run).pid
    kill_supervisor(run)
    kill_and_wait(keeper)
    kill_and_wait(pid)
    Path(run.file(name)).write_bytes(JUNK)
    (line,) = [each for each in doctor("--repair", code=1) if each.startswith("damaged")]
    assert "Repaired" not in line
    for verb in (["prune", "--older", "0"], ["ls"], ["doctor", "--repair"]):
        overnight(*verb)
    assert Path(run.file(name)).read_bytes() == JUNK
    assert Path(run.output_path).exists()
    assert ran.read_text() == "ran\n"


def test_what_a_newer_overnight_wrote_is_left_alone(home: Path) -> None:
    run = an_ended_run(home)
    newer = b'{"version": 2, "outcome": {"kind": "completed"}}'
    Path(run.exit_path).write_bytes(newer)
    (line,) = [each for each in doctor("--repair", code=1) if each.startswith("damaged")]
    assert "newer overnight" in line
    assert Path(run.exit_path).read_bytes() == newer


def test_the_files_of_an_agent_that_lives_are_left_to_it(home: Path) -> None:
    run = agent(home, 'open(RUN + "/progress.json", "w").write("junk"); print("up"); forever()')
    eventually(lambda: "up" in output(run))
    eventually(lambda: [each["kind"] for each in found()] == ["damaged"])
    (line,) = doctor("--repair", code=1)
    assert "Its agent writes it so" in line
    assert Path(run.progress_path).read_text() == "junk"
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_what_an_agent_writes_wrong_is_said_by_list_card_pane_and_doctor(home: Path) -> None:
    with a_supervised_run(home, "wrong") as run:
        Path(run.progress_path).write_text('{"processed_items": 50, "total_items": -1e308, "attempt": 1}')
        (line,) = [each for each in doctor(code=1) if "not valid" in each]
        assert "its agent writes into progress.json what is not valid: total_items: negative: -1e+308" in line
        assert f"`overnight check {run.path}`" in line
        assert "report is wrong" in overnight("ls").stdout
        assert "wrong      progress.json: total_items: negative: -1e+308" in overnight("show", run.id).stdout
        row = row_of(clean_records(run.read()), time.time())
        pane = remarks(row, Detail(run.id), Frame(80, 24, UNICODE))
        assert "progress.json: total_items: negative: -1e+308" in "".join(each.text for each in pane)


def test_a_full_disk_is_told_of_and_nothing_is_lost_on_it(home: Path) -> None:
    with small_disk_at(home) as disk:
        run = an_ended_run(home)
        Path(run.progress_path).write_bytes(JUNK)
        ballast = fill(disk)
        lines = doctor("--repair", code=1)
        assert any("cannot be written: No space left on device" in line for line in lines)
        kept = [path for path in Path(run.path).iterdir() if path.name.startswith("progress.json")]
        assert [path.read_bytes() for path in kept] == [JUNK]
        ballast.unlink()
        doctor("--repair", code=0)


def test_a_run_that_lives_and_has_lost_what_an_adoption_needs_is_told_of(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    os.unlink(run.env_path)
    (line,) = doctor("--repair", code=1)
    assert f"{run.id}: it has no env.json." in line
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0
    assert doctor(code=0) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_run_that_somebody_else_launched_is_looked_at_and_no_launch_that_was_cut_off() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = an_ended_run(Path(folder))
        for path in (folder, os.path.dirname(run.path)):
            os.chown(path, NOBODY, NOBODY)
        pid = os.fork()
        if pid == 0:
            try:
                os.setegid(NOBODY)
                os.seteuid(NOBODY)
                facts = examine_run(run)
                os._exit(0 if facts is not None and [each.owner for each in facts.entries] == ["root"] else 2)
            finally:
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_no_value_of_an_environment_is_ever_shown(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.env_path).write_text(f'{{"environment": ["{SECRET}"]')
    os.chmod(run.env_path, 0o600)
    for arguments in ([], ["--json"], ["--repair", "--json"]):
        done = overnight("doctor", *arguments)
        assert "env.json" in done.stdout
        assert SECRET not in done.stdout + done.stderr


def test_what_somebody_wrote_into_a_record_reaches_no_terminal_as_an_escape_code(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.exit_path).write_bytes(b'{"outcome": "\\u001b]0;owned\\u0007\\n"}')
    (line,) = doctor(code=1)
    assert "\x1b" not in line


def test_an_agent_is_adopted_though_no_other_attempt_could_be_started(home: Path) -> None:
    run = sh(home, "exec sleep 600")
    kill_supervisor(run)
    # Whole as JSON, and nothing that an attempt can take limits from.
    os.chmod(run.env_path, 0o600)
    Path(run.env_path).write_text('{"environment": {}, "limits": 3}')
    adopted, damaged = doctor("--repair", code=1)
    assert "Repaired:" in adopted
    assert f"its limits are none. No attempt can begin with it: `overnight cancel {run.id}`" in damaged
    kill(attempt(run).pid)
    assert ended(run).signal == "SIGKILL"


NOBODY = 65534
RECORDS = ("progress.json", "heartbeat.json", "supervisor.json", "exit.json", "env.json", "history.jsonl")
REQUESTS = ("control/000001.json", "control/000002.json")
JUNKS = st.one_of(st.binary(max_size=40), st.just(b"[" * 1500), st.just(b"{}"), st.just(b'{"version":1}\n'))


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from([*RECORDS, *REQUESTS]), JUNKS, min_size=1))
def test_whatever_the_records_of_an_ended_run_hold_it_is_put_right_and_every_byte_is_kept(
    junk: dict[str, bytes],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o700)
        home, run = Home(folder), an_ended_run(Path(folder))
        for name, data in junk.items():
            Path(run.file(name)).write_bytes(data)
        for _ in range(2):
            for finding in diagnose(examine(home)):
                # Without its outcome it would be adopted here, by a process that outlives the test.
                if finding.cure is not None and finding.kind is not Kind.ORPHAN:
                    cures.apply(home, finding)
        left = [each for each in diagnose(examine(home)) if each.kind is not Kind.ORPHAN]
        if "exit.json" in junk:
            # It does not count as ended now: what an adoption needs is not taken from it.
            left = [each for each in left if each.paths != (run.env_path,)]
        else:
            assert status_of(run.read(), time.time()) in ENDED
        assert left == []
        kept = [path.read_bytes() for path in Path(run.path).rglob("*") if path.is_file()]
        assert all(data in kept for data in junk.values())


@pytest.mark.parametrize("detail", ['{"outcome": []}', '{"outcome": "odd"}', "{}", '{"outcome": null}'])
def test_an_end_that_says_nothing_is_no_outcome(home: Path, detail: str) -> None:
    run = an_ended_run(home)
    Path(run.history_path).write_text(
        f'{{"at":"2026-11-23T01:00:00+00:00","event":"ended","attempt":1,"detail":{detail}}}\n'
    )
    Path(run.exit_path).write_bytes(JUNK)
    (finding,) = [each for each in diagnose(examine(Home(str(home)))) if each.paths == (run.exit_path,)]
    assert cures.apply(Home(str(home)), finding) == "it is exit.json.damaged now"
    assert not os.path.exists(run.exit_path)


def test_a_cure_that_is_not_needed_any_more_does_nothing(home: Path) -> None:
    run = an_ended_run(home)
    Path(run.progress_path).write_bytes(JUNK)
    Path(run.exit_path).write_bytes(JUNK)
    findings = diagnose(examine(Home(str(home))))
    whole = codec.encode(Exit(Outcome.COMPLETED))
    Path(run.exit_path).write_bytes(whole)
    Path(run.progress_path).unlink()
    for finding in findings:
        if finding.kind is Kind.DAMAGED:
            assert cures.apply(Home(str(home)), finding) is None
    assert Path(run.exit_path).read_bytes() == whole
    assert not Path(f"{run.exit_path}.damaged").exists()


def test_what_goes_on_of_a_run_that_is_over_is_found_and_ended(home: Path) -> None:
    run = sh(home, "setsid sleep 600 & echo $!")
    assert ended(run).outcome is Outcome.COMPLETED
    (line,) = doctor(code=1)
    pid = int(output(run))
    assert line.startswith(f"process   {run.id}: it has completed, and a process of it goes on: {pid} sleep 600.")
    assert state(pid) == "S"
    assert f"; it left pid {pid} " in overnight("why", run.id).stdout
    (line,) = doctor("--repair", code=0)
    assert line.endswith(f"Repaired: {pid} sleep 600 got SIGTERM, and ended.")
    eventually(lambda: state(pid) in {None, "Z"})
    assert doctor(code=0) == []


def test_an_agent_whose_run_was_deleted_is_found_and_ended_and_not_started_again(home: Path) -> None:
    run = sh(home, "exec sleep 600", retries=3)
    agent_pid, supervisor_pid = attempt(run).pid, supervisor(run).pid
    shutil.rmtree(run.path)
    (line,) = doctor(code=1)
    gone = "its folder was deleted, and a process of it goes on"
    assert line.startswith(f"process   {run.id}: {gone}: {agent_pid} sleep 600.")
    assert state(agent_pid) == "S"
    (line,) = doctor("--repair", code=0)
    assert line.endswith(f"Repaired: {agent_pid} sleep 600 got SIGTERM, and ended.")
    eventually(lambda: {state(agent_pid), state(supervisor_pid)} <= {None, "Z"})
    assert doctor(code=0) == []
    assert not os.path.exists(run.path)


def test_a_supervisor_whose_run_was_deleted_between_two_attempts_ends(home: Path) -> None:
    run = sh(home, "exit 1", retries=99)
    eventually(lambda: events(run).count("retrying") > 3)
    pid = supervisor(run).pid
    # At once: it may be writing at this moment.
    os.rename(run.path, home.parent / "deleted")
    eventually(lambda: state(pid) in {None, "Z"})


def test_what_goes_on_of_a_run_that_goes_on_is_let_alone(home: Path) -> None:
    run = sh(home, "setsid sleep 600 & echo $!; exec sleep 600")
    pid = int(eventually(lambda: output(run).strip()))
    assert doctor("--repair", code=0) == []
    assert state(pid) == "S"
    kill_and_wait(pid)
    assert overnight("kill", run.id, "--timeout", "30").returncode == 0


def test_what_does_not_end_is_said_and_not_killed(home: Path) -> None:
    run = sh(home, "setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 600' &")
    ended(run)
    pid = int(eventually(lambda: output(run).strip()))
    (line,) = doctor("--repair", code=1)
    assert f"Not repaired: {run.id}: pid {pid} got SIGTERM and goes on. `kill -KILL {pid}` ends it by force." in line
    assert state(pid) == "S"
    kill_and_wait(pid)
