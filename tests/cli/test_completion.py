"""`overnight completion`: what a shell is told, by the shells themselves where they are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from overnight.tui.verbs import VERBS
from tests.cli.records import an_ended_run
from tests.command import OVERNIGHT, overnight
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("home")


def completed(*words: str) -> list[str]:
    done = overnight("completion", "bash", "--", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_first_word_is_a_verb_or_an_option() -> None:
    assert completed("") == sorted(VERBS)
    assert completed("pa") == ["pause"]
    assert completed("--as") == ["--ascii"]
    assert completed("pasue", "") == []


def test_a_verb_has_the_options_and_values_of_its_parser() -> None:
    assert completed("run", "--re") == ["--restart", "--retries"]
    assert completed("run", "--restart", "") == ["always", "never", "on-failure"]
    assert completed("run", "--name", "") == []
    assert completed("completion", "") == ["bash", "fish", "zsh"]
    assert "--json" in completed("ls", "--all", "--")


def test_without_a_shell_it_is_the_shell_alone_that_is_missing() -> None:
    done = overnight("completion")
    assert (done.returncode, done.stdout) == (2, "")
    assert "required: shell. `overnight completion --help`" in done.stderr


def test_runs_are_completed_by_id_and_name_and_groups_where_one_is_named(home: Path) -> None:
    run, other = an_ended_run(home, group="night"), an_ended_run(home, "two-words")
    assert completed("show", "") == sorted(["crawl", run.id, "two-words", other.id])
    assert completed("logs", "-f", "two") == ["two-words", other.id]
    assert completed("ls", "--group", "") == ["default", "night"]
    # What is launched is another program's business.
    assert completed("run", "--", "cr") == []


def test_what_a_shell_would_not_take_as_it_stands_is_not_offered(home: Path) -> None:
    an_ended_run(home, group="night; rm -rf x")
    assert completed("ls", "--group", "") == []


def test_behind_a_job_file_stand_the_runs_that_it_declares(tmp_path: Path) -> None:
    file = tmp_path / "jobs.toml"
    file.write_text('[run.train]\ncommand = 3\n[run.eval]\ncommand = "true"\n')
    assert completed("run", str(file), "train", "") == ["eval", "train"]
    assert completed("run", str(file), "--dry") == ["--dry-run"]
    assert completed("run", str(tmp_path / "none.toml"), "") == []


def test_a_home_that_is_refused_completes_nothing_and_says_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(home)
    environment = {**os.environ, "OVERNIGHT_HOME": str(tmp_path / "link")}
    done = overnight("completion", "bash", "--", "show", "", env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_bash_takes_it(home: Path) -> None:
    run = an_ended_run(home)
    script = f"""
        PATH={Path(OVERNIGHT).parent}:$PATH
        eval "$(overnight completion bash)"
        complete -p overnight
        COMP_WORDS=(overnight show cr) COMP_CWORD=2
        _overnight
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["complete -o default -F _overnight overnight", "crawl", run.id]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_it(home: Path, tmp_path: Path) -> None:
    from tests.terminal import a_terminal

    an_ended_run(home)
    (tmp_path / ".zshrc").write_text(
        f"PATH={Path(OVERNIGHT).parent}:$PATH\nautoload -Uz compinit; compinit -u -D\n"
        "eval \"$(overnight completion zsh)\"\nPS1='ready> '\n"
    )
    with a_terminal(["zsh", "-i"], ZDOTDIR=str(tmp_path)) as terminal:
        terminal.shows("ready>")
        terminal.type("overnight run --restart al\t")
        terminal.shows("--restart always")


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_takes_it(home: Path) -> None:
    run = an_ended_run(home)
    environment = {**os.environ, "PATH": f"{Path(OVERNIGHT).parent}:{os.environ['PATH']}"}
    script = 'overnight completion fish | source; complete -C "overnight show cr"'
    command = ["fish", "--no-config", "-c", script]

    def told() -> list[str]:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment).stdout.splitlines()

    eventually(lambda: told() == ["crawl", run.id])
