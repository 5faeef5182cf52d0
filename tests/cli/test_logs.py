"""`overnight logs`: the newest lines by offset, raw into a pipe, harmless on a terminal, followed to the end."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.tui.commands import logs
from tests.cli.records import an_ended_run, with_output
from tests.command import OVERNIGHT, launched, overnight
from tests.conftest import processes_of
from tests.terminal import a_terminal
from tests.waiting import eventually

HOSTILE = b"\x1b]0;owned\x07one\x1b[2J\r\ntwo \xc2\x9b31m[/x]\n"


@given(st.lists(st.sampled_from([b"a", b"bc\n", b"\n", b"def"])).map(b"".join), st.integers(0, 6), st.integers(1, 9))
def test_the_newest_lines_start_where_they_start_however_the_log_is_cut_into_chunks(
    output: bytes, lines: int, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, open(os.memfd_create("log"), "r+b") as file:
        patch.setattr(logs, "CHUNK", chunk)
        file.write(output)
        file.flush()
        start = logs.start_of(file.fileno(), len(output), lines)
    newest = output.splitlines(keepends=True)[-lines:] if lines else []
    assert output[start:] == b"".join(newest)


def test_a_log_whose_head_was_cut_away_starts_at_its_first_whole_line(home: Path) -> None:
    run = an_ended_run(home)
    with open(run.output_path, "wb") as file:
        file.seek(1 << 20)
        file.write(b"of a torn line\nfirst\nsecond\n")
    assert overnight("logs", "--all-lines", run.id).stdout == "first\nsecond\n"


def test_as_many_lines_as_are_asked_for(home: Path) -> None:
    run = with_output(an_ended_run(home), b"".join(b"line %d\n" % number for number in range(3000)))
    assert overnight("logs", run.id).stdout.splitlines() == [f"line {number}" for number in range(2000, 3000)]
    assert overnight("logs", "-n", "2", run.id).stdout == "line 2998\nline 2999\n"
    assert overnight("logs", "-n", "0", run.id).stdout == ""
    assert len(overnight("logs", "--all-lines", run.id).stdout.splitlines()) == 3000


def test_into_a_pipe_a_log_goes_byte_for_byte(home: Path) -> None:
    run = with_output(an_ended_run(home), HOSTILE + b"\xff no line end")
    done = subprocess.run([OVERNIGHT, "logs", run.id], stdout=subprocess.PIPE, check=True)
    assert done.stdout == HOSTILE + b"\xff no line end"


def test_to_a_terminal_a_log_goes_without_escape_codes(home: Path) -> None:
    run = with_output(an_ended_run(home), HOSTILE)
    with a_terminal([OVERNIGHT, "logs", run.id]) as terminal:
        terminal.shows("one", "two", "[/x]")
        assert terminal.ends() == 0
        assert terminal.raw == b"one\r\ntwo [/x]\r\n"


def test_several_logs_say_whose_they_are(home: Path) -> None:
    first, second = (with_output(an_ended_run(home, name), b"hello\n") for name in ("one", "two"))
    assert overnight("logs", "one", "two").stdout == f"==> {first.id} <==\nhello\n==> {second.id} <==\nhello\n"


def test_a_run_without_output_shows_none(home: Path) -> None:
    done = overnight("logs", an_ended_run(home).id)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.leaves_no_process
def test_following_a_run_shows_all_it_prints_and_ends_with_it(home: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    run = launched("--", "sh", "-c", f"echo first; until [ -e {go} ]; do sleep 0.02; done; echo last; printf end")
    with subprocess.Popen([OVERNIGHT, "logs", "-f", run], stdout=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == b"first\n"
        go.touch()
        assert follower.stdout.read() == b"last\nend"
        assert follower.wait(20) == 0


@pytest.mark.leaves_no_process
def test_following_goes_on_when_one_of_many_is_removed(home: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    gone, run = (
        launched("--", "sh", "-c", f"echo {word}; until [ -e {go} ]; do sleep 0.02; done; echo last")
        for word in ("here", "first")
    )
    followed = [OVERNIGHT, "logs", "-f", gone, run]
    with subprocess.Popen(followed, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        shown = [follower.stdout.readline() for _ in range(4)]
        assert shown[1::2] == [b"here\n", b"first\n"]
        shutil.rmtree(home / "runs" / gone)
        assert follower.stderr.readline() == f"{gone} was removed\n".encode()
        go.touch()
        assert follower.stdout.read() == b"last\n"
        assert follower.wait(20) == 3
    eventually(lambda: not processes_of(home), message="the supervisor of the removed run has seen that it is gone")


@pytest.mark.leaves_no_process
def test_ctrl_c_ends_the_following_and_not_the_run(home: Path) -> None:
    run = launched("--", "sh", "-c", "echo first; exec sleep 600")
    with a_terminal([OVERNIGHT, "logs", "-f", run]) as terminal:
        terminal.shows("first")
        terminal.type("\x03")
        assert terminal.ends() == 130
        assert "Runs go on" in terminal.text()
    assert overnight("wait", run, "--timeout", "0").returncode == 4
    assert overnight("kill", run).returncode == 0
    assert overnight("wait", run).returncode == 1


def test_a_followed_log_that_its_agent_empties_goes_on_with_what_is_new(tmp_path: Path) -> None:
    from overnight.state.rundir import RunDir

    run = with_output(RunDir(str(tmp_path)), b"old old old\n")
    log = logs.Log(run, None)
    assert b"".join(log.read()) == b"old old old\n"
    with_output(run, b"new\n")
    assert b"".join(log.read()) == b"new\n"
