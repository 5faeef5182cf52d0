"""Reads the files of the run that is open, beside its records: for the pane that is seen, and nothing else."""

import os
from typing import NamedTuple

from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.newest import newest_of
from overnight.state.records import ItemError
from overnight.state.rundir import RunDir, changed_at
from overnight.tui.detail import Detail, ErrorGroup, Tab, clean_event, groups_of, reported_group
from overnight.tui.door import clean_records
from overnight.tui.evidence import death_of
from overnight.tui.logfile import LogFile
from overnight.tui.place import Search
from overnight.tui.stacksfile import stacks_of
from overnight.tui.tail import Tail


class Sight(NamedTuple):
    """What the interface looks at now: only that is read beside the records."""

    run_id: str | None = None
    tab: Tab = Tab.PROGRESS
    listed: frozenset[str] = frozenset()
    """Ids of the rows on the screen."""
    around: int | None = None
    """The byte of the log around which it is looked at; None = its end."""
    search: Search | None = None
    """What shall be found in the log."""


class Looker:
    """Reads the files of the run that is open, and those again that have changed."""

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._tail, self._log = Tail(""), LogFile("")

    def look(self, home: Home, sight: Sight) -> Detail | None:
        """What there is to show; None = nothing changed since the last time, or no run is open."""
        if sight.run_id is None:
            return None
        run = home.run(sight.run_id)
        if self._tail.path != run.output_path:
            self._tail, self._log = Tail(run.output_path), LogFile(run.output_path)
        self._tail.read()
        page = self._log.page(sight.around) if sight.tab is Tab.LOGS else None
        checkpoint_at = changed_at(run.checkpoint_log_path)
        seen = (sight.run_id, sight.tab, self._tail.size, page, checkpoint_at, *_changes_of(run, sight.tab))
        if seen == self._seen:
            return None
        self._seen = seen
        told = tuple(map(clean_event, history_of(run))) if sight.tab in {Tab.HISTORY, Tab.ERRORS} else ()
        errors, errors_are_whole = _errors_of(run) if sight.tab is Tab.ERRORS else ((), True)
        return Detail(
            run_id=sight.run_id,
            log=self._tail.lines,
            page=page,
            errors=errors,
            errors_are_whole=errors_are_whole,
            history=told if sight.tab is Tab.HISTORY else (),
            death=death_of(told),
            stacks=stacks_of(run) if sight.tab is Tab.ERRORS else None,
            checkpoint_at=checkpoint_at,
        )


def _changes_of(run: RunDir, tab: Tab) -> tuple[object, ...]:
    """What tells that a pane's files changed."""
    if tab is Tab.ERRORS:
        return (
            size_of(run.errors_path),
            changed_at(run.progress_path),
            size_of(run.history_path),
            size_of(run.stacks_path),
        )
    if tab is Tab.HISTORY:
        return (size_of(run.history_path), changed_at(run.control_path), size_of(run.origins_path))
    return ()


def _errors_of(run: RunDir) -> tuple[tuple[ErrorGroup, ...], bool]:
    """The newest ones in groups, and whether these are all."""
    if os.path.exists(run.errors_path):
        newest = newest_of(ItemError, run.errors_path)
        return groups_of(newest.records), newest.is_whole
    progress = clean_records(run.read()).progress
    return (reported_group(progress.errors, progress.error_count) if progress else ()), True


def size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
