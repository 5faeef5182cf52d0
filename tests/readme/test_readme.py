"""Every command and code block of the README is executed, in their order, as a reader would."""

import json
import os
import re
import signal
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command import listed, overnight, when, when_ended
from tests.stories.scenes import when_processed

README = (Path(__file__).parents[2] / "README.md").read_text()
CI = (Path(__file__).parents[2] / ".ci" / "run").read_text()
FENCED = re.compile(r"(?:^`(?P<file>[\w.]+)`:\n\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SET_UP = "python3 -m venv"


class Block(NamedTuple):
    """A fenced block; `file` is the name that the line above it gives it."""

    file: str | None
    language: str
    text: str


BLOCKS = [Block(each["file"], each["language"], each["text"]) for each in FENCED.finditer(README)]


def test_the_two_set_up_commands_are_those_that_ci_runs() -> None:
    set_up = [block.text for block in BLOCKS if SET_UP in block.text]
    assert ["overnight demo" in text for text in set_up] == [True, False]
    assert "pytest" in set_up[1]
    assert 'run_readme_block "overnight demo"' in CI
    assert "run_readme_block pytest" in CI


@pytest.mark.timeout(180)
@pytest.mark.leaves_no_process
def test_every_other_block_does_what_it_says(home: Path, tmp_path: Path) -> None:
    for block in BLOCKS:
        if block.file:
            (tmp_path / block.file).write_text(block.text)
    script = "".join(block.text for block in BLOCKS if not block.file and SET_UP not in block.text)
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "item 5" in done.stdout
    assert f"\n{49 * 49}\n" in done.stdout
    left = {each["name"]: each for each in json.loads(overnight("ls", "--json").stdout)}
    assert {name: run["status"] for name, run in left.items()} == {
        "my_agent": "completed",
        "squares": "completed",
        "index": "completed",
        "counts": "completed",
    }
    assert left["counts"]["processed_items"] == 50


@pytest.mark.leaves_no_process
def test_the_shell_agent_pauses_and_goes_on_where_it_was_killed(home: Path, tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if block.file == "counts.sh")
    (tmp_path / "counts.sh").write_text(block.text)
    run = overnight("run", "--retries", "2", "--", "bash", str(tmp_path / "counts.sh"), "40").stdout.strip()
    when_processed(run, 5)
    assert overnight("pause", run).returncode == 0
    paused = when(run, "paused")
    assert paused["processed_items"] < 40
    assert overnight("resume", run).returncode == 0
    when(run, "running")
    when_processed(run, int(paused["processed_items"]) + 2)
    os.kill(listed(run)["pid"], signal.SIGKILL)
    ended = when_ended(run)
    assert (ended["status"], ended["processed_items"], ended["attempt"]) == ("completed", 40, 2)


def test_every_file_that_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (Path(__file__).parents[2] / target).exists(), target
