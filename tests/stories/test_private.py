"""What a run keeps is its user's alone: whatever the umask, and wherever a secret could come out."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.tui.verbs import VERBS
from tests.cli.records import an_ended_run
from tests.command import OVERNIGHT, launched, overnight, when, when_ended
from tests.conftest import processes_of
from tests.stories.scenes import agent, agent_pid
from tests.terminal import a_terminal
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

SECRET = "hunter2-and-more"
GIVEN = "correct-horse-battery"


def below(folder: Path) -> Iterator[Path]:
    return (path for path in [folder, *folder.rglob("*")] if not path.is_symlink())


def wrong_modes(folder: Path) -> dict[str, str]:
    """What is not 0700 or 0600 below a folder."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in below(folder)}
    return {str(path): f"{mode:04o}" for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)}


@pytest.mark.parametrize("umask", [0, 0o022, 0o177])
def test_every_folder_is_0700_and_every_file_0600_whatever_the_umask(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    home = tmp_path / "state" / "of" / "mine"
    monkeypatch.setenv("OVERNIGHT_HOME", str(home))
    run = launched("--name", "hoard", "--", *agent("hoard"), umask=umask)
    assert when_ended(run)["failed_items"] == 1
    assert overnight("retry", "--errors", run, umask=umask).returncode == 0
    eventually((home / "runs" / run / "attempts" / "0002.json").exists)
    when_ended(run)
    other = launched("--", "sh", "-c", "echo said; exec sleep 600", umask=umask)
    for verb in ("pause", "resume", "kill"):
        assert overnight(verb, other, "--timeout", "30", umask=umask).returncode == 0
    names = {path.name for path in below(home)}
    assert names >= {"exit.1.json", "env.json", "out.txt", "whole.txt", "checkpoint.log", "errors.jsonl", "stacks.txt"}
    assert names >= {"heartbeat.json", "progress.json", "000002.json", "0002.json", "output.log", "lock"}
    assert wrong_modes(tmp_path / "state") == {}
    assert overnight("doctor").returncode == 0


def test_the_agents_own_umask_is_that_of_its_launch(home: Path) -> None:
    run = launched("--cwd", str(home), "--", "sh", "-c", "umask; touch own", umask=0o027)
    when_ended(run)
    assert (home / "runs" / run / "output.log").read_text() == "0027\n"
    assert stat.S_IMODE((home / "own").stat().st_mode) == 0o640


@pytest.mark.parametrize("place", ["", "runs", "run"])
def test_folders_that_others_may_get_at_are_told_until_doctor_has_closed_them(home: Path, place: str) -> None:
    run = an_ended_run(home)
    path = run.path if place == "run" else str(home / place)
    os.chmod(path, 0o755)
    line = f"Others may get at {path} (mode 0755): `overnight doctor --repair` closes it.\n"
    for verb in ("show", "history", "errors", "wait"):
        done = overnight(verb, run.id)
        assert (done.returncode, done.stderr.count(line)) == (0, 1), done.stderr
    assert (line in overnight().stderr) is (place != "run")
    assert overnight("doctor", "--repair").returncode == 0
    assert "Others may" not in overnight("show", run.id).stderr
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700


def test_a_launch_into_a_home_that_others_may_get_at_says_so_once(home: Path) -> None:
    home.chmod(0o750)
    done = overnight("run", "--wait", "--", "true")
    assert done.returncode == 0
    assert done.stderr.count("Others may get at") == 1


def test_an_agent_that_is_started_by_hand_says_so_too(home: Path) -> None:
    home.chmod(0o750)
    done = subprocess.run(agent("hoard"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith(f"Others may get at {home} (mode 0750)")


def test_the_interface_says_so_too(home: Path) -> None:
    home.chmod(0o750)
    with a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("Others may get at", "doctor")
        terminal.type("q")
        assert terminal.ends() == 0


# -- the environment of a launch


def test_the_environment_goes_when_no_attempt_can_follow_and_stays_as_long_as_one_can(home: Path) -> None:
    def kept(run_id: str) -> bool:
        # The supervisor removes it just after the outcome is there, and before it lets go of the run.
        eventually(lambda: not Home(str(home)).run(run_id).is_supervised())
        return (home / "runs" / run_id / "env.json").exists()

    completed = launched("--", "true")
    failed = launched("--", "false")
    with_errors = launched("--env", f"TOKEN={GIVEN}", "--", *agent("hoard"))
    assert [when_ended(each)["status"] for each in (completed, failed, with_errors)] == [
        "completed",
        "failed",
        "completed",
    ]
    assert (kept(completed), kept(failed), kept(with_errors)) == (False, True, True)
    assert overnight("rm", failed).returncode == 0
    assert overnight("retry", "--errors", with_errors).returncode == 0
    eventually((home / "runs" / with_errors / "attempts" / "0002.json").exists)
    when_ended(with_errors)
    assert GIVEN in (home / "runs" / with_errors / "env.json").read_text(), "an item of it still fails"


def test_an_environment_that_a_killed_supervisor_left_is_found_and_deleted(home: Path) -> None:
    run, failed = an_ended_run(home), an_ended_run(home, "failed", Outcome.FAILED)
    for each in (run, failed):
        Path(each.env_path).write_text('{"environment": {}}')
        os.chmod(each.env_path, 0o600)
    done = overnight("doctor")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        f"leftover  {run.id}: it has completed, and the environment of its launch is still kept. Nobody needs it."
    ]
    assert overnight("doctor", "--repair").returncode == 0
    assert not os.path.exists(run.env_path)
    assert os.path.exists(failed.env_path)


# -- a secret


def test_a_secret_of_the_environment_comes_out_nowhere(home: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "API_TOKEN": SECRET}
    said: dict[str, str] = {}

    def drive(verb: str, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        done = overnight(verb, *arguments, env=environment)
        said[f"{verb} {' '.join(arguments)}".replace(GIVEN, "…")] = done.stdout + done.stderr
        assert done.returncode in codes, done.stderr
        return done.stdout.strip()

    given = ("--env", f"PASSWORD={GIVEN}", "--label", "a=b")
    run = drive("run", *given, "--retries", "1", "--name", "hoard", "--", *agent("hoard", "wait"))
    when(run, "running")
    assert both_in(Path(f"/proc/{agent_pid(run)}/environ").read_bytes().decode()), "the agent has both"
    for pid, command in processes_of(home).items():
        if pid != agent_pid(run):
            assert not either_in(Path(f"/proc/{pid}/environ").read_bytes().decode() + command), command
    for verb in ("pause", "resume"):
        drive(verb, run, "--timeout", "30")
    for verb in ("ls", "show", "errors", "history", "events"):
        drive(verb, run)
        drive(verb, "--json", run)
    for verb in ("why", "logs"):
        drive(verb, run)
    with a_terminal([OVERNIGHT], 120, 40, API_TOKEN=SECRET) as terminal:
        terminal.shows("hoard", "running")
        for key, words in (("5", "command"), ("4", "started"), ("3", "it is odd"), ("2", ""), ("1", "")):
            terminal.type(key)
            terminal.shows(words)
        terminal.type("q")
        assert terminal.ends() == 0
        said["the interface"] = terminal.raw.decode(errors="replace")
    drive("restart", run, "--timeout", "30")
    drive("check", str(home / "runs" / run), codes=(0, 1))
    drive("cancel", run, "--timeout", "30")
    drive("retry", run, "--timeout", "30")
    drive("kill", run, "--timeout", "30")
    drive("retry", "--errors", run, "--timeout", "30")
    drive("kill", run, "--timeout", "30")
    drive("wait", run, codes=(1,))
    failing = drive("run", "--wait", *given, "--", "sh", "-c", "exit 3", codes=(1,))
    drive("map", "--wait", *given, "true {}", "a", "b")
    drive("run", *given, "--", "no-such-command", codes=(2,))
    drive("run", *given, "--", str(tmp_path), codes=(2,))
    for wrong in (GIVEN, f"={GIVEN}"):
        drive("run", "--env", wrong, "--", "true", codes=(2,))
    (home / "runs" / failing / "env.json").write_text(f'{{"environment": ["{GIVEN}"]}}')
    drive("retry", failing, codes=(2,))
    drive("doctor", codes=(1,))
    drive("doctor", "--json", codes=(1,))
    assert {path for path in below(home) if path.is_file() and either_in(path.read_text(errors="replace"))} <= {
        *(home / "runs").glob("*/env.json")
    }
    drive("doctor", "--repair", codes=(0, 1))
    drive("prune", "--older", "1d", "--dry-run")
    drive("rm", "--all")
    drive("demo", "--help")
    drive("group", "default", "--slots", "3")
    drive("group", "--json")
    drive("completion", "bash", "--", "show", "")
    assert {name.split()[0] for name in said} >= set(VERBS)
    assert [name for name, text in said.items() if either_in(text)] == []


def either_in(text: str) -> bool:
    return SECRET in text or GIVEN in text


def both_in(text: str) -> bool:
    return SECRET in text and GIVEN in text
