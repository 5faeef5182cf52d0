"""Which source an attempt ran is on record where it changed, and the history tells what changed in it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.origin import LARGEST, MOST
from overnight.state.history import history_of
from overnight.state.rundir import RunDir

NOTES = """
import sys
from overnight.agents.origin import note_origin
from overnight.state.rundir import RunDir
note_origin(RunDir(sys.argv[1]), int(sys.argv[2]))
"""


class Author:
    """Somebody's agent, and the run that its attempts belong to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.run = folder / "project", RunDir(str(folder / "agent-000001"))
        for path in (self.folder, Path(self.run.control_path)):
            path.mkdir(parents=True)
        self.attempts = 0

    def write(self, name: str, text: str = "") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *arguments: str, path: str = "") -> "subprocess.CompletedProcess[str]":
        """One attempt, `python ARGUMENTS… RUN ATTEMPT` in the folder."""
        self.attempts += 1
        return subprocess.run(
            [sys.executable, *arguments, self.run.path, str(self.attempts)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def attempt(self, *arguments: str, path: str = "") -> None:
        done = self.start(*arguments, path=path)
        assert done.returncode == 0, done.stderr

    def lines(self) -> list[dict[str, Any]]:
        path = Path(self.run.origins_path)
        return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    def files(self) -> set[str]:
        """Of the newest line."""
        return set(self.lines()[-1]["files"])

    def changes(self) -> list[tuple[int | None, dict[str, Any]]]:
        return [(each.attempt, dict(each.detail)) for each in history_of(self.run) if each.event == "source_changed"]


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path)


def test_the_first_source_is_on_record_and_an_unchanged_one_not_again(author: Author) -> None:
    author.write("a.py", NOTES)
    for _ in range(3):
        author.attempt("a.py")
    (line,) = author.lines()
    assert line["attempt"] == 1
    assert set(line) == {"at", "attempt", "digest", "files"}
    assert set(line["files"]) == {"a.py"}
    assert author.changes() == []


def test_a_change_is_told_with_its_attempt_and_its_files(author: Author) -> None:
    author.write("a.py", f"import lib.deep, old{NOTES}")
    author.write("lib/__init__.py")
    author.write("lib/deep.py", "depth = 1")
    author.write("old.py")
    author.attempt("a.py")
    author.write("lib/deep.py", "depth = 2")
    author.attempt("a.py")
    author.attempt("a.py")
    author.write("new.py")
    author.write("a.py", f"import lib.deep, new{NOTES}")
    author.attempt("a.py")
    assert author.changes() == [
        (2, {"changed": ["lib/deep.py"], "added": [], "removed": []}),
        (4, {"changed": ["a.py"], "added": ["new.py"], "removed": ["old.py"]}),
    ]


@pytest.mark.parametrize(("module", "script"), [("app.work", "app/work.py"), ("app", "app/__main__.py")])
def test_of_a_module_all_count_that_lie_beside_its_package(author: Author, module: str, script: str) -> None:
    author.write("app/__init__.py")
    author.write("app/sub/__init__.py")
    author.write(script, f"import app.sub, beside{NOTES}")
    author.write("beside.py")
    author.attempt("-m", module)
    assert author.files() == {script, "app/__init__.py", "app/sub/__init__.py", "beside.py"}


def test_what_others_have_written_does_not_count(author: Author) -> None:
    installed = ".venv/lib/python3.11/site-packages"
    author.write(f"{installed}/third.py")
    author.write("own.py")
    author.write("unused.py")
    author.write("a.py", f"import json, own, third{NOTES}")
    author.attempt("a.py", path=str(author.folder / installed))
    assert author.files() == {"a.py", "own.py"}


def test_of_an_installed_agent_its_own_package_counts(author: Author) -> None:
    author.write("site-packages/app/__init__.py")
    author.write("site-packages/app/work.py", f"import third{NOTES}")
    author.write("site-packages/third.py")
    author.attempt("-m", "app.work", path=str(author.folder / "site-packages"))
    assert author.files() == {"__init__.py", "work.py"}


def test_a_script_that_is_a_link_lies_where_it_leads(author: Author) -> None:
    author.write("real/a.py", f"import own{NOTES}")
    author.write("real/own.py")
    (author.folder / "link.py").symlink_to("real/a.py")
    author.attempt("link.py")
    assert author.files() == {"a.py", "own.py"}


def test_a_process_without_a_file_has_no_source(author: Author) -> None:
    author.attempt("-c", NOTES)
    assert author.lines() == []


def test_a_module_whose_file_is_gone_is_left_out_and_one_not_yet_used_is_not_loaded(author: Author) -> None:
    author.write("gone.py")
    author.write("lazy.py", "raise SystemExit('loaded')")
    lazily = """
import gone, importlib.util, os, sys
os.unlink(gone.__file__)
spec = importlib.util.find_spec("lazy")
spec.loader = importlib.util.LazyLoader(spec.loader)
sys.modules["lazy"] = module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
"""
    author.write("a.py", lazily + NOTES)
    author.attempt("a.py")
    assert author.files() == {"a.py", "lazy.py"}


def test_the_number_of_files_and_what_is_read_of_one_are_bounded(author: Author) -> None:
    for number in range(MOST + 20):
        author.write(f"m{number:04}.py")
    names = ", ".join(f"m{number:04}" for number in range(MOST + 20))
    author.write("z.py", f"import {names}{NOTES}\n#" + "x" * LARGEST)
    author.attempt("z.py")
    assert len(author.files()) == MOST
    assert "z.py" in author.files()
    with (author.folder / "z.py").open("a") as script:
        script.write("x")
    author.attempt("z.py")
    assert author.changes() == [(2, {"changed": ["z.py"], "added": [], "removed": []})]


def test_garbage_in_the_record_hides_no_change_and_stops_nobody(author: Author) -> None:
    author.write("a.py", NOTES)
    author.attempt("a.py")
    garbage = (
        b'\xff\xfe\n[]\n{"at": 3}\n\n{"at":"2026-01-01T00:00:00+00:00","attempt":1,"digest":"x","files":[]}\n{"torn'
    )
    with open(author.run.origins_path, "ab") as file:
        file.write(garbage)
    author.attempt("a.py")
    author.write("a.py", f"{NOTES}#")
    author.attempt("a.py")
    author.attempt("a.py")
    assert [attempt for attempt, _ in author.changes()] == [3]


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_something_else_in_the_place_of_the_record_is_left_alone(author: Author, make: Any) -> None:
    author.write("a.py", NOTES)
    make(author.run.origins_path)
    author.attempt("a.py")
    assert author.changes() == []


def test_without_room_the_caller_hears_of_it(author: Author) -> None:
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    author.write("a.py", limited + NOTES)
    done = author.start("a.py")
    assert "OSError: [Errno 27]" in done.stderr
    assert author.lines() == []
