"""`overnight check`: of real agents' files, and of a folder in which an author tries one out."""

import json
from pathlib import Path

import pytest

from tests.command import launched, listed, overnight, when_ended
from tests.stories.scenes import agent

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.leaves_no_process]


def test_an_agent_of_ours_speaks_the_protocol() -> None:
    run = launched("--", *agent("hoard"))
    when_ended(run)
    done = overnight("check", listed(run)["directory"])
    assert (done.returncode, done.stderr) == (0, "It speaks the protocol.\n")
    assert "right    progress.json   processed_items" in done.stdout
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"right"}


def test_what_an_agent_says_wrong_is_said_with_its_field_and_value(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"procesed_items": 4, "status": "wrking", "note\\u001b[2J": 1}')
    (tmp_path / "heartbeat.json").write_text("{")
    done = overnight("check", str(tmp_path))
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    lines = [line.split(maxsplit=3) for line in done.stdout.splitlines()]
    assert ["ignored", "progress.json", "procesed_items", "is processed_items meant?"] in lines
    assert [
        "wrong",
        "progress.json",
        "status",
        "'wrking' is not one of idle, running, paused, completed, failed, cancelled, interrupted",
    ] in lines
    assert "wrong    heartbeat.json" in done.stdout
    assert "2 of " in done.stderr
    plain = json.loads(overnight("check", "--json", str(tmp_path)).stdout)
    assert {"file": "progress.json", "field": "status", "verdict": "wrong"}.items() <= plain[1].items()


def test_numbers_that_nobody_can_mean_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"processed_items": 1, "total_items": 1e308, "attempt": -1}')
    (tmp_path / "heartbeat.json").write_text('{"attempt": 0, "pid": -4}')
    done = overnight("check", str(tmp_path))
    wrong = {tuple(line.split()[1:3]) for line in done.stdout.splitlines() if line.startswith("wrong")}
    files = {"progress.json": ("total_items", "attempt"), "heartbeat.json": ("attempt", "pid")}
    assert wrong == {(file, field) for file, fields in files.items() for field in fields}


def test_files_in_a_place_of_the_agents_choosing_are_read_there(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"processed_items": 1, "status": "completed"}')
    run = launched("--progress-file", "mine.json", "--cwd", str(tmp_path), "--", "true")
    when_ended(run)
    done = overnight("check", listed(run)["directory"])
    assert done.returncode == 0
    assert "missing  heartbeat.json" in done.stdout


def test_a_folder_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = overnight("check", str(tmp_path / "nothing"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    (tmp_path / "progress.json").mkdir()
    done = overnight("check", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
