"""`overnight run FILE.toml`: all that a file declares is launched, or what is wrong with it is told and nothing is."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.command import PYTHON, overnight

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def written(folder: Path, text: str) -> str:
    """The path of a job file with this text."""
    path = folder / "jobs.toml"
    path.write_text(text)
    return str(path)


def runs(home: Path) -> list[str]:
    return os.listdir(home / "runs") if (home / "runs").exists() else []


def spec(home: Path, run_id: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((home / "runs" / run_id / "spec.json").read_text())
    return found


def refused(*arguments: str) -> list[str]:
    """The lines that are said when this is wrong usage; nothing was asked to be said on stdout."""
    done = overnight("run", *arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def output(home: Path, run_id: str) -> str:
    return (home / "runs" / run_id / "output.log").read_text()


def test_all_runs_are_launched_as_declared(home: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    path = written(
        tmp_path,
        """\
        [run.told]
        command = "pwd; echo $WORD $HERE"
        cwd = "work"
        env = { WORD = "two words" }
        labels = { team = "vision" }
        group = "gpu"
        retries = 2
        stop_grace = "1m"
        [run.listed]
        command = ["pwd"]
        """,
    )
    done = overnight("run", path, "--wait", env={**os.environ, "HERE": "here"}, cwd="/")
    assert done.returncode == 0, done.stderr
    told, listed = done.stdout.split()
    assert (told.rpartition("-")[0], listed.rpartition("-")[0]) == ("told", "listed")
    assert output(home, told) == f"{tmp_path}/work\ntwo words here\n"
    assert output(home, listed) == f"{tmp_path}\n"
    found = spec(home, told)
    assert (found["group"], found["labels"], found["retries"]) == ("gpu", {"team": "vision"}, 2)
    assert (found["stop_grace"], found["restart"]) == (60, "on-failure")


def test_the_runs_that_are_named_and_nothing_else(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, "".join(f'[run.{name}]\ncommand = "true"\n' for name in "abc"))
    done = overnight("run", "--wait", path, "c", "a", "c")
    assert done.returncode == 0, done.stderr
    assert [each.rpartition("-")[0] for each in done.stdout.split()] == ["a", "c"]
    assert sorted(runs(home)) == sorted(done.stdout.split())


def test_launched_again_it_makes_new_runs(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.a]\ncommand = "true"\n')
    first, second = (overnight("run", path, "--watch").stdout.strip() for _ in range(2))
    assert first != second
    assert sorted(runs(home)) == sorted([first, second])


def test_the_exit_code_of_waiting_is_that_of_the_worst(tmp_path: Path) -> None:
    path = written(tmp_path, '[run.good]\ncommand = "true"\n[run.bad]\ncommand = "exit 3"\n')
    done = overnight("run", path, "--wait")
    assert done.returncode == 1
    assert "exit code 3" in done.stderr
    assert len(done.stdout.split()) == 2


def test_one_that_fails_to_start_is_told_and_the_others_go_on(home: Path, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    path = written(tmp_path, '[run.odd]\ncommand = ["./odd"]\n[run.good]\ncommand = "true"\n')
    done = overnight("run", path)
    assert done.returncode == 1
    (good,) = done.stdout.split()
    assert good.startswith("good-")
    assert "overnight: odd-" in done.stderr
    assert overnight("wait", good).returncode == 0


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_launched(home: Path, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
[run.good]
command = "true"
[run.lost]
command = ["no-such-program"]
cwd = "."
[run.away]
command = "true"
cwd = "no/such/folder"
nice = 40
on_stall = "shout"
memory_limit = "1K"
[run.late]
command = "true"
comand = "true"
retries = "many"
""",
    )
    said = refused(path)
    assert said == [
        f"{path}:4: run.lost: command not found: no-such-program. Check the spelling and PATH, or give its path.",
        f"{path}:8: run.away: no such folder: {tmp_path}/no/such/folder. Name one that exists with cwd.",
        f"{path}:9: run.away: nice 40: must be a number from 0 to 19",
        f"{path}:10: run.away: on_stall shout: not one of mark, restart",
        f"{path}:11: run.away: memory_limit 1K: must be 1M at least. A size such as 512M or 2G.",
        f'{path}:14: run.late: unknown key "comand" (did you mean "command"?)',
        f"{path}:15: run.late.retries: must be a whole number, 0 or more",
    ]
    assert runs(home) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[run.a]\ncommand = 'true\n", ":2: not TOML: "),
        (b"[run.a]\ncommand = 'tr\xffue'\n", ":2: not TOML: not UTF-8"),
        (b"", ": declares no run"),
        (b'[run.a]\ncommand = "\\u001b[2J"\n"\\u001b[2J\\n" = 1', ":3: run.a: unknown key"),
    ],
)
def test_a_file_that_is_no_job_file(home: Path, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "jobs.toml"
    path.write_bytes(content)
    (line,) = refused(str(path))
    assert line.startswith(f"{path}{said}")
    assert "\x1b" not in line
    assert runs(home) == []


def test_a_file_that_is_too_large(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, "#" * (5 << 20))
    assert refused(path) == [f"{path}: larger than 4M: no job file"]
    assert runs(home) == []


def test_a_file_that_cannot_be_read(home: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    for name, why in (("missing.toml", "No such file"), ("folder.toml", "Is a directory")):
        (line,) = refused(str(tmp_path / name))
        assert line.startswith(f"overnight: {tmp_path / name}: {why}")
    assert runs(home) == []


def test_a_name_that_is_not_in_the_file(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.train]\ncommand = "true"\n')
    assert refused(path, "train", "trian") == [f'{path}: no run "trian" (did you mean "train"?)']
    assert runs(home) == []


def test_what_is_said_of_one_command_is_refused_beside_a_file_by_name(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.a]\ncommand = "true"\n[run.b]\ncommand = "true"\n')
    (line,) = refused("--name", "x", path, "a", "--env", "A=s3cret", "--nice=0")
    assert "--name, --env, --nice cannot be given with a file" in line.replace("--nice, --env", "--env, --nice")
    assert "s3cret" not in line
    (line,) = refused("--watch", path)
    assert "--watch follows one run, and these are 2" in line
    (line,) = refused(path, "--frob")
    assert "--frob" in line
    (line,) = refused("--dry-run", "--", "true")
    assert "--dry-run is for a job file" in line
    assert runs(home) == []


def test_behind_the_dashes_there_is_a_command_whatever_its_name(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "jobs.toml"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    done = overnight("run", "--wait", "--", str(path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jobs-")


def test_a_dry_run_says_what_would_be_launched_and_launches_nothing(home: Path, tmp_path: Path) -> None:
    path = written(tmp_path, '[run.b]\ncommand = "sleep 5"\n[run.a]\ncommand = ["true", "x y"]\ngroup = "gpu"\n')
    done = overnight("run", path, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "NAME  GROUP    AFTER  COMMAND",
        "b     default  -      sh -c 'sleep 5'",
        "a     gpu      -      true 'x y'",
    ]
    assert runs(home) == []


def test_one_command_does_not_pay_for_files() -> None:
    program = "import sys, overnight.tui.commands.run; print(*sys.modules)"
    loaded = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tomllib", "difflib", "graphlib", "overnight.tui.job_launch"} & set(loaded)


def test_a_launch_does_not_pay_for_what_takes_up_ended_runs_or_limits_groups() -> None:
    program = "import sys, overnight.tui.job_launch; print(*sys.modules)"
    loaded = subprocess.run([PYTHON, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    theirs = {"revival", "settle", "outcome", "book", "grouping", "operate", "dispatch", "survey", "difflib"}
    assert not [name for name in loaded if name.rpartition(".")[2] in theirs]
