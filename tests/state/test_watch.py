"""Whoever watches a home hears of every change."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.agents.supervisor.book import set_exit_aside
from overnight.state.atomic import replace
from overnight.state.codec import encode
from overnight.state.control import ask
from overnight.state.ended import ENDED_AT_ONCE, Ended
from overnight.state.home import Home
from overnight.state.records import Exit, Outcome, Verb
from overnight.state.rundir import RunDir
from overnight.state.watch import changes
from tests.builders import a_spec


class Watcher:
    """Runs `changes` in a thread, as the interface does, and keeps what it said."""

    def __init__(self, home: Home, rescan_after: float) -> None:
        self.live: set[str] = set()
        self._told: queue.Queue[frozenset[str]] = queue.Queue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=(home, rescan_after))
        self._thread.start()

    def _follow(self, home: Home, rescan_after: float) -> None:
        for batch in changes(home, lambda: frozenset(self.live), self._stop, rescan_after=rescan_after):
            self._told.put(batch.changed)

    def hears_of(self, run: RunDir) -> bool:
        while run.id not in self._told.get(timeout=20):
            pass
        return True

    def is_quiet(self) -> None:
        """Forget what was said so far: until one poll interval passes without a word."""
        while True:
            try:
                self._told.get(timeout=1.0)
            except queue.Empty:
                return

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def here(home: Path) -> Home:
    return Home(str(home))


@pytest.fixture
def watcher(here: Home) -> Iterator[Watcher]:
    here.prepare()
    # Rescans are off: what a test hears, it hears because it was seen.
    watcher = Watcher(here, rescan_after=1e9)
    yield watcher
    watcher.close()


def test_a_run_that_appears_is_told_of(here: Home, watcher: Watcher) -> None:
    watcher.is_quiet()
    assert watcher.hears_of(here.new_run("crawl"))


def test_a_replaced_record_and_a_request_are_told_of(here: Home, watcher: Watcher) -> None:
    run = here.new_run("crawl")
    watcher.live.add(run.id)
    watcher.is_quiet()
    replace(run.progress_path, b"{}")
    assert watcher.hears_of(run)
    watcher.is_quiet()
    ask(run, Verb.PAUSE)
    assert watcher.hears_of(run)


def test_a_file_in_a_place_of_the_agents_choosing_is_told_of(here: Home, watcher: Watcher, tmp_path: Path) -> None:
    run = here.new_run("crawl")
    run.write(run.spec_path, a_spec(id=run.id, cwd=str(tmp_path), progress_file="mine.json"))
    watcher.live.add(run.id)
    watcher.is_quiet()
    (tmp_path / "mine.json").write_text("{}")
    assert watcher.hears_of(run)


def test_a_run_that_is_removed_is_told_of(here: Home, watcher: Watcher) -> None:
    run = here.new_run("crawl")
    watcher.is_quiet()
    for folder in (run.control_path, run.attempts_path, run.path):
        os.rmdir(folder)
    assert watcher.hears_of(run)


def test_what_nobody_told_of_is_found_by_the_rescan(here: Home) -> None:
    watcher = Watcher(here, rescan_after=0.1)
    try:
        run = here.new_run("crawl")
        watcher.live.add(run.id)
        for _ in range(3):
            assert watcher.hears_of(run)
    finally:
        watcher.close()


def test_where_nobody_tells_of_runs_that_are_over_they_are_looked_at(here: Home) -> None:
    runs = [here.new_run("crawl") for _ in range(3)]
    for run in runs:
        run.write(run.exit_path, Exit(Outcome.FAILED))
    ended = Ended(here)
    assert ended.went_on(()) == set()
    runs[0].write(runs[0].exit_path, Exit(Outcome.COMPLETED))
    assert ended.went_on(()) == {runs[0].id}
    assert ended.went_on(()) == set()
    new = here.new_run("embed")
    assert ended.went_on(()) == {new.id}
    for folder in (new.control_path, new.attempts_path, new.path):
        os.rmdir(folder)
    assert ended.went_on(()) == {new.id}
    assert ended.went_on(()) == set()


def test_of_many_runs_that_are_over_one_that_goes_on_is_found_at_the_next_look(here: Home) -> None:
    runs = [here.new_run("crawl") for _ in range(ENDED_AT_ONCE + 20)]
    for run in runs:
        Path(run.exit_path).write_bytes(encode(Exit(Outcome.FAILED)))
    ended = Ended(here)
    for run in runs[::40]:
        set_exit_aside(run)
        assert run.id in ended.went_on(())


LIMITED = """
import sys, threading
from overnight.state.home import Home
from overnight.state.watch import changes
home, run_id = Home(sys.argv[1]), sys.argv[2]
stop = threading.Event()
for batch in changes(home, lambda: {run_id}, stop, rescan_after=1e9):
    print(*batch.changed, flush=True)
    if not sys.stdin.readline():
        stop.set()
"""


@pytest.mark.parametrize("limit", ["max_inotify_instances=0", "max_inotify_watches=0", "max_inotify_watches=1"])
def test_where_the_kernel_refuses_to_watch_changes_are_told_of_all_the_same(here: Home, limit: str) -> None:
    run = here.new_run("crawl")
    name, _, most = limit.partition("=")
    limited = f'echo {most} > /proc/sys/user/{name} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", limited, "sh"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("no user namespaces here")
    with subprocess.Popen(
        [*command, sys.executable, "-c", LIMITED, here.path, run.id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdin is not None
        assert watching.stdout is not None
        # The first holds every run, the second what is watched from now on.
        for number in range(4):
            assert watching.stdout.readline() == f"{run.id}\n"
            watching.stdin.write("\n")
            watching.stdin.flush()
            if number > 0:
                replace(run.progress_path, b"{}")
        watching.stdin.close()
        watching.stdout.read()
    assert watching.returncode == 0


def test_a_run_that_was_over_and_goes_on_is_told_of_at_once(here: Home, watcher: Watcher) -> None:
    runs = [here.new_run("crawl") for _ in range(3)]
    for run in runs:
        run.write(run.exit_path, Exit(Outcome.FAILED, 1))
    watcher.is_quiet()
    set_exit_aside(runs[1])
    assert watcher.hears_of(runs[1])
    watcher.is_quiet()
