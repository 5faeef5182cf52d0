"""What is wrong is said in one line with what to do next; the exit code says of which kind it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from overnight.tui.cli import refusal_of
from overnight.tui.verbs import VERBS
from tests.cli.records import STARTED, an_ended_run
from tests.command import OVERNIGHT, launched, overnight
from tests.packaging.tree import ROOT

pytestmark = pytest.mark.usefixtures("home")

OF_NO_RUN = {"run", "map", "demo", "ls", "events", "prune", "doctor", "check", "completion", "group"}
"""Verbs that take no run, or none at all."""


def refused(code: int, *arguments: str) -> str:
    """The one line that is said when this is refused with `code`."""
    done = overnight(*arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("overnight: ")
    assert "Traceback" not in line
    return line


def runs(home: Path) -> list[str]:
    folder = home / "runs"
    return os.listdir(folder) if folder.exists() else []


def test_a_command_that_does_not_exist(home: Path) -> None:
    assert "no-such-program" in refused(2, "run", "--", "no-such-program", "-x")
    assert runs(home) == []


def test_a_command_that_cannot_be_executed(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert str(script) in refused(2, "run", "--", str(script))
    assert str(tmp_path) in refused(2, "run", "--", str(tmp_path))
    assert runs(home) == []


def test_a_folder_to_work_in_that_does_not_exist(home: Path) -> None:
    assert "/no/such/folder" in refused(2, "run", "--cwd", "/no/such/folder", "--", "true")
    assert runs(home) == []


@pytest.mark.parametrize("name", ["", "a b", "../up", "-x", ".hidden", "a/b", "\x1b[2J", "x" * 65, "[/x]"])
def test_a_name_with_odd_characters(home: Path, name: str) -> None:
    line = refused(2, "run", f"--name={name}", "--", "true")
    assert "--name" in line
    assert "\x1b" not in line
    assert runs(home) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--delay", "soon"],
        ["--at", "noon"],
        ["--at", "25:00"],
        ["--at", "2020-01-01"],
        ["--priority", "high"],
        ["--delay=1h", "--at=12:00"],
        ["--nam", "x"],
        ["--retries", "-1"],
        ["--retries", "many"],
        ["--stall", "nan"],
        ["--restart", "sometimes"],
        ["--on-stall", "shout"],
        ["--env", "NOVALUE"],
        ["--label", "=x"],
        ["--group", "a b"],
        ["--timeout", "1"],
    ],
)
def test_an_option_that_there_is_not_or_that_makes_no_sense(home: Path, arguments: list[str]) -> None:
    line = refused(2, "run", *arguments, "--", "true")
    assert arguments[0].partition("=")[0] in line
    assert "--help" in line
    assert runs(home) == []


def test_a_command_without_the_dashes_that_set_it_off(home: Path) -> None:
    assert "overnight run -- sleep 5" in refused(2, "run", "sleep", "5")
    assert "overnight run" in refused(2, "run")
    assert "overnight run" in refused(2, "run", "--name", "x", "--")
    assert runs(home) == []


@pytest.mark.parametrize("verb", sorted(set(VERBS) - OF_NO_RUN))
def test_no_run_at_all(verb: str) -> None:
    assert "--all" in refused(2, verb)


@pytest.mark.parametrize("verb", sorted(set(VERBS) - OF_NO_RUN))
def test_a_run_that_there_is_not(verb: str) -> None:
    assert "'nobody'" in refused(3, verb, "nobody")


@pytest.mark.parametrize("verb", sorted(set(VERBS) - OF_NO_RUN))
def test_a_word_that_is_no_file_name(verb: str) -> None:
    for word in ("", "../..", "/", "a\nb", "\x1b[2J"):
        assert "no run" in refused(3, verb, word)


@pytest.mark.leaves_no_process
def test_a_name_that_several_live_runs_bear() -> None:
    first, second = (launched("--name", "twin", "--", "sleep", "600") for _ in range(2))
    line = refused(2, "pause", "twin")
    assert first in line
    assert second in line
    assert overnight("kill", "--all").returncode == 0
    assert overnight("wait", first, second).returncode == 1


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel", "kill", "retry"])
def test_what_makes_no_sense_for_a_run_that_has_completed(home: Path, verb: str) -> None:
    run = an_ended_run(home)
    assert run.id in refused(1, verb, run.id)
    assert Path(run.exit_path).exists()


@pytest.mark.leaves_no_process
def test_a_live_run_is_not_removed() -> None:
    run = launched("--", "sleep", "600")
    assert "overnight cancel" in refused(1, "rm", run)
    assert overnight("kill", run).returncode == 0
    assert overnight("wait", run).returncode == 1


def test_a_state_directory_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "file" / "home"))
    for arguments in (["run", "--", "true"], ["ls"], ["show", "x"], ["demo"], []):
        line = refused(1, *arguments)
        assert str(tmp_path / "file") in line
        assert "OVERNIGHT_HOME" in line


ENTRIES: list[list[str]] = [
    ["run", "--", "true"],
    ["ls"],
    ["show", "x"],
    ["demo"],
    ["events", "-f"],
    ["prune"],
    ["doctor"],
    [],
]
"""Ways to begin with a home."""


@pytest.mark.parametrize("place", ["", "runs"])
def test_a_link_in_the_place_of_the_state_directory(home: Path, tmp_path: Path, place: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if not place:
        home.rmdir()
    (home / place if place else home).symlink_to(elsewhere)
    for arguments in ENTRIES:
        line = refused(1, *arguments)
        assert f"{home / place}: a symbolic link" in line
        assert "OVERNIGHT_HOME" in line
    assert os.listdir(elsewhere) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
@pytest.mark.parametrize("place", ["", "runs"])
def test_a_state_directory_of_another_user(home: Path, place: str) -> None:
    (home / "runs").mkdir()
    os.chown(home / place, 65534, 65534)
    for arguments in ENTRIES:
        line = refused(1, *arguments)
        assert f"{home / place}: belongs to nobody, and you are root" in line
        assert "OVERNIGHT_HOME" in line
    assert os.listdir(home / "runs") == []


def test_a_state_directory_behind_a_link_further_up_is_fine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("OVERNIGHT_HOME", str(tmp_path / "link" / "home"))
    assert overnight("ls").returncode == 0


def test_a_verb_that_there_is_not() -> None:
    assert "overnight pause" in refused(2, "pasue", "x")
    assert "--help" in refused(2, "dance")
    assert "--help" in refused(2, "--dance")


def test_a_platform_that_is_not_linux() -> None:
    program = "import sys; sys.platform = 'darwin'; from overnight.tui.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "needs Linux" in line
    assert "darwin" in line


def test_this_platform_is_one() -> None:
    assert refusal_of(sys.platform) is None


def test_the_help_lists_every_verb_and_every_verb_has_help() -> None:
    shown = overnight("--help").stdout
    files = {path.stem for path in (ROOT / "tui" / "commands").glob("*.py")} - {"__init__"}
    assert files == set(VERBS)
    for verb in VERBS:
        assert f"  {verb} " in shown
        helped = overnight(verb, "--help")
        assert helped.returncode == 0
        assert f"usage: overnight {verb}" in helped.stdout


def test_the_version_is_the_packages() -> None:
    assert overnight("--version").stdout == "overnight 0.1.0\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_does_no_harm(home: Path, closed: str) -> None:
    an_ended_run(home)
    done = subprocess.run(["bash", "-c", f"{OVERNIGHT} ls {closed}"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_locale_that_knows_few_characters_gets_what_it_knows(home: Path) -> None:
    an_ended_run(home, "日本")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = overnight("ls", env=environment)
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("", "1"),
        ("echo {}",),
        ("-j", "0", "echo {}", "1"),
        ("--tries", "x", "echo {}", "1"),
        ("--from", "/no/such/file", "echo {}"),
        ("--from", "/dev/null", "echo {}", "1"),
    ],
)
def test_a_map_that_makes_no_sense(home: Path, arguments: tuple[str, ...]) -> None:
    refused(2, "map", *arguments)
    assert runs(home) == []


def test_which_run_of_several_of_one_name_is_removed_is_said(home: Path) -> None:
    older = an_ended_run(home, "crawl", created_at=STARTED)
    newer = an_ended_run(home, "crawl", created_at=STARTED + 9)
    done = overnight("rm", "crawl")
    assert done.stderr == f"2 runs are called crawl: {newer.id} is meant, the others stay.\nremoved {newer.id}\n"
    assert overnight("rm", older.id).stderr == f"removed {older.id}\n"
