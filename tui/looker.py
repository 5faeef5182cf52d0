"""Reads the files of the run that is open, beside its records: for the pane that is seen, and nothing else."""

import os
from collections.abc import Callable
from typing import Generic, TypeVar

from overnight.state.errors import HomeUnusable
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.kept import Kept
from overnight.state.newest import newest_of
from overnight.state.records import Attempt, Event, ItemError, Spec
from overnight.state.rundir import LASTING, RunDir, changed_at, stamp_of
from overnight.tui.clean import clean
from overnight.tui.detail import Detail, Tab
from overnight.tui.door import clean_attempt, clean_records, clean_spec
from overnight.tui.elsewhere import Elsewhere
from overnight.tui.errorgroups import ErrorGroup, Kind, groups_of, reported_group
from overnight.tui.event_words import clean_event
from overnight.tui.evidence import death_of
from overnight.tui.forerunner import forerunner_of, other_variables
from overnight.tui.keptfile import in_hand_of, kept_of
from overnight.tui.logfile import LogFile
from overnight.tui.meter import Meter, agent_of, worker_of
from overnight.tui.sight import Sight
from overnight.tui.stacksfile import stacks_of
from overnight.tui.tail import Tail

T = TypeVar("T")

MOST_ATTEMPTS = 50
"""The newest attempts are told one by one."""


class Looker:
    """Reads them, and those again that have changed."""

    def __init__(self) -> None:
        self._run = RunDir("")
        self._told: Detail | None = None
        self._forget()
        self._elsewhere = Elsewhere()

    def _forget(self) -> None:
        """Another run is open."""
        self._tail, self._log, self._meter = Tail(self._run.output_path), LogFile(self._run.output_path), Meter()
        self._history = Remembered[tuple[Event, ...]]()
        self._errors = Remembered[tuple[tuple[ErrorGroup, ...], bool, str]]()
        self._attempts = Remembered[tuple[Attempt, ...]]()
        self._kept = Remembered[Kept]()
        self._before = Remembered[Spec | None]()
        self._variables = Remembered[tuple[str, ...]]()

    def look(self, home: Home, sight: Sight) -> Detail | None:
        """What there is to show; None = nothing changed since the last time, or no run is open."""
        if sight.run_id is None:
            return None
        if self._run.path != (run := home.run(sight.run_id)).path:
            self._run = run
            self._forget()
        self._tail.read()
        common = Detail(
            sight.run_id,
            log=self._tail.lines,
            printed_at=changed_at(run.output_path),
            checkpoint_at=changed_at(run.checkpoint_log_path),
        )
        try:
            detail = self._detail(home, sight, common)
        except (OSError, HomeUnusable):
            # Nobody can know now: it is looked at again.
            return None
        if detail == self._told:
            return None
        self._told = detail
        return detail

    def _detail(self, home: Home, sight: Sight, common: Detail) -> Detail:
        match sight.tab:
            case Tab.PROGRESS:
                return self._progress(common)
            case Tab.LOGS:
                page = self._log.page(sight.around)
                return common._replace(page=page, log_problem=self._log.problem)
            case Tab.ERRORS:
                return self._failures(home, common)
            case Tab.HISTORY:
                return common._replace(history=self._happened(), attempts=self._attempts_made())
            case Tab.CONFIG:
                return self._launched(home, common)

    def _progress(self, common: Detail) -> Detail:
        run = self._run
        kept = self._kept.of(stamp_of(run.checkpoint_path), lambda: kept_of(run))
        detail = common._replace(in_hand=in_hand_of(run), kept=kept)
        attempt = run.attempt(_last_attempt(run))
        if isinstance(attempt, Attempt):
            records = run.read()
            resources = self._meter.read(attempt, agent_of(records), worker_of(records))
            if resources is not None:
                return detail._replace(resources=resources, history=self._happened())
        # Nothing works: what there is to tell is how that came.
        return self._failed(detail)._replace(death=death_of(self._happened()))

    def _failures(self, home: Home, common: Detail) -> Detail:
        detail = self._failed(common)
        self._elsewhere.look(home)
        return detail._replace(
            elsewhere=self._others_with([each.kind for each in detail.errors]),
            death=death_of(self._happened()),
            stacks=stacks_of(self._run),
        )

    def _others_with(self, kinds: list[Kind]) -> dict[Kind, tuple[str, ...]]:
        found = self._elsewhere.runs_with(kinds, but=self._run.id)
        return {kind: tuple(map(clean, runs)) for kind, runs in found.items()}

    def _launched(self, home: Home, common: Detail) -> Detail:
        run = self._run
        before = self._before.of(changed_at(home.runs_path), lambda: forerunner_of(home, run))
        others = self._variables.of(stamp_of(run.env_path), lambda: other_variables(run))
        return common._replace(before=clean_spec(before) if before else None, other_variables=others)

    def _happened(self) -> tuple[Event, ...]:
        run = self._run
        changes = (size_of(run.history_path), changed_at(run.control_path), size_of(run.origins_path))
        return self._history.of(changes, lambda: tuple(map(clean_event, history_of(run))))

    def _failed(self, detail: Detail) -> Detail:
        """With the newest item errors in groups."""
        run = self._run
        changes = (size_of(run.errors_path), os.access(run.errors_path, os.R_OK), stamp_of(run.progress_path))
        errors, is_whole, problem = self._errors.of(changes, lambda: _errors_of(run))
        return detail._replace(errors=errors, errors_are_whole=is_whole, errors_problem=problem)

    def _attempts_made(self) -> tuple[Attempt, ...]:
        run, last = self._run, _last_attempt(self._run)
        changes = (last, stamp_of(run.attempt_path(last)))
        return self._attempts.of(changes, lambda: _attempts_of(run, last))


class Remembered(Generic[T]):
    """What was read, until something tells that it has changed."""

    def __init__(self) -> None:
        self._found: tuple[object, T] | None = None

    def of(self, changes: object, read: Callable[[], T]) -> T:
        """`changes`: differs where it is to be read again."""
        if self._found is None or self._found[0] != changes:
            self._found = changes, read()
        return self._found[1]


def _errors_of(run: RunDir) -> tuple[tuple[ErrorGroup, ...], bool, str]:
    """The newest in groups, whether these are all, and why they cannot be read."""
    if os.path.exists(run.errors_path):
        newest = newest_of(ItemError, run.errors_path)
        return groups_of(newest.records), newest.is_whole, newest.problem
    progress = clean_records(run.read()).progress
    return (reported_group(progress.errors, progress.error_count) if progress else ()), True, ""


def _last_attempt(run: RunDir) -> int:
    """0 = there was none, or nobody is let in to see it."""
    try:
        return run.last_attempt_number()
    except OSError as error:
        if error.errno not in LASTING:
            raise
        return 0


def _attempts_of(run: RunDir, last: int) -> tuple[Attempt, ...]:
    found = (run.attempt(number) for number in range(max(1, last - MOST_ATTEMPTS + 1), last + 1))
    return tuple(clean_attempt(each) for each in found if isinstance(each, Attempt))


def size_of(path: str) -> int:
    """-1 = there is no file."""
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
