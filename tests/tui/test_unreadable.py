"""A run whose files this user may not read: that is said, nothing else is made of it, and it is looked at again."""

import os
from pathlib import Path

import pytest

from overnight.state import verbs
from overnight.state.errors import NotPossibleNow
from overnight.state.status import Status
from tests.command import overnight
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run, asked_of
from tests.tui.test_terminal import INTERFACE

pytestmark = pytest.mark.leaves_no_process
WHATEVER_THE_MODE = "-dac_override,-dac_read_search"
"""What lets root read every file."""
AS_ANYBODY = ["setpriv", f"--bounding-set={WHATEVER_THE_MODE}", "--inh-caps=-all"] if os.geteuid() == 0 else []


def test_a_run_that_cannot_be_read_is_unknown_and_shows_as_it_is_as_soon_as_it_can_be(home: Path) -> None:
    with a_supervised_run(home, "shut") as run:
        Path(run.output_path).write_text("hello\n")
        Path(run.errors_path).write_text('{"item": "shard-07", "type": "KeyError", "message": "no id"}\n')
        closed = [run.lock_path, run.attempt_path(1), run.output_path, run.errors_path]
        for path in closed:
            os.chmod(path, 0)
        with a_terminal([*AS_ANYBODY, "env", "PAGER=cat", *INTERFACE]) as terminal:
            terminal.shows("shut", "UNKNOWN", "cannot be read")
            terminal.type("l")
            terminal.shows("It cannot be read: Permission denied.")
            terminal.type("e")
            terminal.shows("Its errors cannot be read: Permission denied.")
            terminal.type("lo")
            terminal.shows("Its log cannot be read")
            for path in closed:
                os.chmod(path, 0o600)
            # As its agent does, which has gone on all the time.
            run.write(run.progress_path, run.read().progress)
            terminal.shows("● running", "hello")
            terminal.type("e")
            terminal.shows("KeyError", "shard-07")


def test_a_run_whose_folder_is_shut_is_still_listed(home: Path) -> None:
    with a_supervised_run(home, "shut") as run:
        os.chmod(run.path, 0)
        try:
            with a_terminal([*AS_ANYBODY, *INTERFACE]) as terminal:
                terminal.shows(run.id[:8], "UNKNOWN")
        finally:
            os.chmod(run.path, 0o700)


def test_what_is_asked_of_a_run_that_cannot_be_seen_is_said_to_be_on_record(home: Path) -> None:
    with a_supervised_run(home, "shut") as run:
        os.rename(run.lock_path, f"{run.path}/aside")
        os.symlink("lock", run.lock_path)
        done = overnight("cancel", run.id)
        assert (done.returncode, asked_of(run)) == (1, ["cancel"])
        assert "cancel is on record" in done.stderr
        assert "Too many levels of symbolic links" in done.stderr


def test_nothing_that_would_need_its_end_is_done_to_a_run_that_cannot_be_read(home: Path) -> None:
    for check in (verbs.check_remove, verbs.check_retry):
        with pytest.raises(NotPossibleNow, match="it may still work, its files cannot be read"):
            check(Status.UNKNOWN, "shut-1")
    with a_supervised_run(home, "shut") as run:
        os.rename(run.lock_path, f"{run.path}/aside")
        os.symlink("lock", run.lock_path)
        done = overnight("rm", run.id)
        assert (done.returncode, os.path.exists(run.spec_path)) == (1, True)
        assert "overnight doctor" in done.stderr
        os.replace(f"{run.path}/aside", run.lock_path)
