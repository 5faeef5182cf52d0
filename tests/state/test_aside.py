"""What is set aside is kept, byte for byte, and nothing is overwritten by it."""

import os
from pathlib import Path

import pytest

from overnight.state.aside import keep_copy, set_aside
from overnight.state.rundir import RunDir


def test_each_that_is_set_aside_gets_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "exit.json"
    for number in range(3):
        path.write_text(str(number))
        set_aside(str(path))
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "exit.json.damaged": "0",
        "exit.json.damaged2": "1",
        "exit.json.damaged3": "2",
    }


def test_a_kept_copy_leaves_the_file_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "exit.json"
    path.write_text("x")
    assert Path(keep_copy(str(path))).read_text() == path.read_text() == "x"


def test_what_is_not_there_cannot_be_set_aside(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        set_aside(str(tmp_path / "exit.json"))
    assert os.listdir(tmp_path) == []


def test_without_hard_links_it_is_copied_and_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted", source)

    # As FAT and exFAT answer, of which there is none at hand.
    monkeypatch.setattr(os, "link", refuses)
    path = tmp_path / "exit.json"
    for number in range(2):
        path.write_bytes(bytes([number]) * 200_000)
        set_aside(str(path))
    assert not path.exists()
    assert (tmp_path / "exit.json.damaged").read_bytes() == b"\0" * 200_000
    assert (tmp_path / "exit.json.damaged2").read_bytes() == b"\1" * 200_000
    with pytest.raises(FileNotFoundError):
        set_aside(str(path))


def test_no_reader_takes_what_was_set_aside(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    os.mkdir(run.control_path)
    os.mkdir(run.attempts_path)
    for path in (run.request_path(1), run.attempt_path(1), run.exit_path, run.supervisor_path):
        Path(path).write_text("junk")
    assert len(run.read().damaged) == 4
    for path in (run.request_path(1), run.attempt_path(1), run.exit_path, run.supervisor_path):
        set_aside(path)
    assert run.read().damaged == ()
    assert run.last_attempt_number() == 0
    assert run.request_numbers() == []
