"""Deleting runs and what is left of them: gone at once, whole, and nothing of anybody else's."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from overnight.state import lock
from overnight.state.home import Home
from overnight.state.leftovers import DOOMED, LAUNCH_TAKES, is_unlaunched, leftovers_of
from overnight.state.records import Attempt
from overnight.state.removal import remove_folder, sweep
from overnight.state.rundir import RunDir
from tests.builders import a_spec

NOBODY = 65534
LATER = LAUNCH_TAKES + 60


@pytest.fixture
def here(home: Path) -> Home:
    return Home(str(home))


def unlaunched(here: Home) -> RunDir:
    """As a launch leaves it that is killed before the run exists."""
    run = here.new_run("crawl")
    Path(run.env_path).write_text("{}")
    Path(run.file(".spec.json.123-456")).write_text("{}")
    Path(run.lock_path).touch()
    return run


def test_a_launch_that_was_killed_is_swept_once_it_can_be_none(here: Home) -> None:
    run = unlaunched(here)
    assert leftovers_of(here, time.time()) == []
    (found,) = leftovers_of(here, time.time() + LATER)
    assert found.path == run.path
    assert sweep(found)
    assert os.listdir(here.runs_path) == []
    assert not sweep(found), "somebody else did it"


def test_a_removal_that_was_killed_is_swept_at_once(here: Home) -> None:
    run = unlaunched(here)
    run.write(run.spec_path, a_spec())
    os.rename(run.path, os.path.join(here.runs_path, f"{DOOMED}{run.id}"))
    (found,) = leftovers_of(here, time.time())
    assert sweep(found)
    assert os.listdir(here.runs_path) == []


def test_what_somebody_holds_or_has_begun_is_not_swept(here: Home) -> None:
    held = unlaunched(here)
    descriptor = lock.acquire(held.lock_path)
    assert descriptor is not None
    later = time.time() + LATER
    assert leftovers_of(here, later) == []
    os.close(descriptor)
    (found,) = leftovers_of(here, later)
    # Between the look and the act its launcher goes on.
    descriptor = lock.acquire(held.lock_path)
    assert not sweep(found)
    held.write(held.spec_path, a_spec())
    assert descriptor is not None
    os.close(descriptor)
    assert not sweep(found)
    assert os.path.exists(held.spec_path)


@pytest.mark.parametrize("name", ["exit.json", "progress.json", "spec.json.damaged", "artifacts", "output.log"])
def test_a_folder_that_holds_more_than_a_launch_is_no_leftover_though_its_spec_is_missing(
    here: Home, name: str
) -> None:
    run = unlaunched(here)
    Path(run.file(name)).touch()
    assert leftovers_of(here, time.time() + LATER) == []


def test_a_run_whose_spec_is_gone_but_that_has_an_attempt_or_a_request_is_no_leftover(here: Home) -> None:
    run = unlaunched(here)
    run.write(run.attempt_path(1), Attempt(1, 2, 3, "boot", 4.0))
    assert leftovers_of(here, time.time() + LATER) == []
    assert not is_unlaunched({"lock": 0, "control": 1, "attempts": 0})
    assert is_unlaunched({"lock": 0, "control": 0, "attempts": 0})
    assert is_unlaunched({})


def test_whatever_else_lies_among_the_runs_is_left_alone(here: Home) -> None:
    here.prepare()
    Path(here.runs_path, "notes.txt").touch()
    os.mkdir(os.path.join(here.runs_path, ".hidden"))
    os.symlink("/nowhere", os.path.join(here.runs_path, "link"))
    assert leftovers_of(here, time.time() + LATER) == []


def test_a_home_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    assert leftovers_of(Home(str(tmp_path / "none")), time.time()) == []


def as_nobody(work: Callable[[], bool]) -> bool:
    """What a process of an ordinary user gets of `work`."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_folders_that_an_agent_made_read_only_go_too_and_nothing_behind_a_link() -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        outside, runs = Path(place, "outside"), Path(place, "runs")
        for folder in (outside, runs):
            folder.mkdir()
            os.chown(folder, NOBODY, NOBODY)
        outside.chmod(0o500)

        def work() -> bool:
            deep = runs / "run" / "artifacts" / "cache" / "deep"
            deep.mkdir(parents=True)
            (deep / "file").touch()
            # Where it cannot be deleted at first.
            (deep / "link").symlink_to(outside)
            for folder in (deep, deep.parent, deep.parent.parent):
                folder.chmod(0o500)
            shutil.rmtree(runs / "run" / "artifacts", ignore_errors=True)
            return deep.exists() and remove_folder(str(runs / "run"))

        assert as_nobody(work)
        assert os.listdir(runs) == []
        assert outside.stat().st_mode & 0o777 == 0o500


def test_a_folder_that_is_removed_is_never_seen_half_deleted(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "file").touch()
    assert remove_folder(str(run))
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        remove_folder(str(run))
