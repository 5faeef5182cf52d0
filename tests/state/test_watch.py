"""Whoever watches a home hears of every change."""

import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from overnight.state.atomic import replace
from overnight.state.control import ask
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


def test_a_run_that_was_over_and_went_on_to_another_end_is_found_by_the_rescan(here: Home) -> None:
    run = here.new_run("crawl")
    run.write(run.exit_path, Exit(Outcome.INTERRUPTED))
    watcher = Watcher(here, rescan_after=0.1)
    try:
        watcher.is_quiet()
        run.write(run.exit_path, Exit(Outcome.COMPLETED))
        assert watcher.hears_of(run)
        watcher.is_quiet()
    finally:
        watcher.close()
