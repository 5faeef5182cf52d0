"""Every command and code block of the README is executed, in their order, as a reader would."""

import json
import os
import signal
from pathlib import Path

import pytest

from overnight.tui.config import Config
from overnight.tui.config_reading import IDS, OF_THE_FILE, config_of
from overnight.tui.listing import COLUMNS
from overnight.tui.notices import Notice
from overnight.tui.themes import THEMES
from tests.command import listed, overnight, when, when_ended
from tests.readme.blocks import ROOT, Page, run_commands
from tests.stories.scenes import when_processed

README = Page("README.md")
CI = (ROOT / ".ci" / "run").read_text()
SET_UP = "python3 -m venv"


def test_the_two_set_up_commands_are_those_that_ci_runs() -> None:
    set_up = [block.text for block in README.blocks if SET_UP in block.text]
    assert ["overnight demo" in text for text in set_up] == [True, False]
    assert "pytest" in set_up[1]
    assert 'run_readme_block "overnight demo"' in CI
    assert "run_readme_block pytest" in CI


@pytest.mark.timeout(180)
@pytest.mark.leaves_no_process
def test_every_other_block_does_what_it_says(home: Path, tmp_path: Path) -> None:
    README.write_files(tmp_path)
    said = run_commands((block for block in README.blocks if SET_UP not in block.text), tmp_path, 170)
    assert "item 5" in said
    assert f"\n{49 * 49}\n" in said
    left = {each["name"]: each for each in json.loads(overnight("ls", "--json").stdout)}
    assert {name: run["status"] for name, run in left.items()} == {
        "my_agent": "completed",
        "squares": "completed",
        "index": "completed",
        "counts": "completed",
        "train-1": "completed",
        "train-2": "completed",
        "train-3": "completed",
        "report": "completed",
        "backup": "cancelled",
        "fetch": "completed",
        "count": "completed",
        "summary": "completed",
    }
    assert left["counts"]["processed_items"] == 50


@pytest.mark.leaves_no_process
def test_the_shell_agent_pauses_and_goes_on_where_it_was_killed(home: Path, tmp_path: Path) -> None:
    README.write_files(tmp_path)
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


def test_the_configuration_file_says_what_the_interface_takes() -> None:
    (written,) = (block.text for block in README.blocks if block.file == "config.toml")
    config = config_of(written)
    assert isinstance(config, Config)
    assert config.columns == ("state", "name", "percent", "eta", "errors")
    keys = {key.id: key.keys for key in config.keys.keys}
    assert (keys["pause"], keys["cancel"], keys["kill"], keys["move.down"]) == ("P", "ctrl+x,delete", "", "t,down")
    for name in (*THEMES, *COLUMNS, *Notice, *OF_THE_FILE, *IDS):
        assert name == "keys" or f"`{name}`" in README.text, name


def test_every_file_that_the_readme_links_to_is_there() -> None:
    assert not README.broken_links()
