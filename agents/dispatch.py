"""Starting what may start of the queue, by whoever comes by: a command, a supervisor that ends or awaits its turn.

Idempotent, and right with any number of callers: looks first without a lock, and again under the lock of the queue
where there is something to do. A run that is to begin is known by its record, written under that lock by the holder of
its own: `starting` holds a slot, `waiting` does not. Killed before that, nothing has happened; killed after it and
before a supervisor has the run, its lock is free and nothing of it works: it is queued as before.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from overnight.agents.launchers.spawn import AT_ONCE, spawn, supervise_all
from overnight.agents.supervisor import book
from overnight.agents.survey import Survey, survey, survey_with
from overnight.state import control, groups, lock, surroundings
from overnight.state.queue import Plan, plan_of
from overnight.state.records import SupervisorState
from overnight.state.rundir import RunDir
from overnight.state.surroundings import Surroundings

PATIENCE = 10.0
"""Seconds to wait for the lock of the queue."""


class Own(NamedTuple):
    """The run of the supervisor that asks: it holds its lock, and starts it itself."""

    run_id: str
    admit: Callable[[], None]
    """Puts on record that it begins. Raises OSError: it does not."""


class Dispatched(NamedTuple):
    """What was done, and what was seen."""

    seen: Survey
    late: bool = False
    """Somebody else has held the lock of the queue all the time: what was to be done may not be."""
    adopted: tuple[str, ...] = ()
    """Runs that went on without a supervisor, and have one now."""
    started: tuple[str, ...] = ()
    admitted: bool = False
    """The run of who asks begins."""
    reports: Mapping[str, int] = {}
    """Of the runs that were awaited and started here: where to read how each began, by id."""
    refused: Mapping[str, OSError] = {}
    """Runs that were to get a supervisor, by id, and why they did not."""


def dispatch(
    home: str, own: Own | None = None, awaited: Collection[str] = (), patience: float = PATIENCE
) -> Dispatched:
    """Do what is to be done now. `awaited`: of these runs the caller wants to hear how they begin.

    `patience`: seconds to wait for the lock. Raises DamagedRecord, for groups.json, and OSError where nobody can look.
    """
    done = _adopted(Dispatched(survey(home, time.time())))
    plan = plan_of(done.seen.queue)
    if plan == Plan():
        return done
    try:
        held = groups.acquire(home, patience)
    except OSError as error:
        return _refused(done, (*plan.start, *plan.watch), error)
    if held is None:
        return done._replace(late=True)
    try:
        return _Acts(done._replace(seen=survey(home, time.time())), own, awaited).do()
    finally:
        os.close(held)


def adopt(home: str) -> Dispatched:
    """Only that in which the queue has no part: where groups.json cannot be read. Raises OSError."""
    return _adopted(Dispatched(survey_with({}, home, time.time())))


def _adopted(done: Dispatched) -> Dispatched:
    """They have held their place all the time: the queue has no part in it."""
    adopted, refused = supervise_all([done.seen.runs[run_id] for run_id in done.seen.orphans])
    return done._replace(adopted=tuple(run.id for run in adopted), refused=refused)


def _refused(done: Dispatched, ids: Iterable[str], error: OSError) -> Dispatched:
    return done._replace(refused={**done.refused, **dict.fromkeys(ids, error)})


class _Acts:
    """For whoever holds the lock of the queue."""

    def __init__(self, done: Dispatched, own: Own | None, awaited: Collection[str]) -> None:
        self._done, self._own, self._awaited = done, own, awaited

    def do(self) -> Dispatched:
        plan = _plan_of_able(self._done.seen)
        for some in _batches(plan.start):
            begin = self._held(some, self._begin)
            self._spawn([each for each in begin if each[0].id in self._awaited], report=True, admitted=True)
            self._spawn([each for each in begin if each[0].id not in self._awaited], admitted=True)
        for some in _batches(plan.watch):
            self._spawn(self._held(some, lambda run: _handed_over(run, SupervisorState.WAITING)))
        return self._done

    def _held(self, ids: Iterable[str], hold: Callable[[RunDir], int | None]) -> list[tuple[RunDir, int]]:
        """The runs that are to get a supervisor, and their locks. One that cannot be helped holds up no other."""
        held = list[tuple[RunDir, int]]()
        for run in (self._done.seen.runs[run_id] for run_id in ids):
            try:
                taken = hold(run)
            except OSError as error:
                self._done = _refused(self._done, [run.id], error)
            else:
                held += [] if taken is None else [(run, taken)]
        return held

    def _begin(self, run: RunDir) -> int | None:
        """Put on record that its slot is taken. Its lock; None = this needs no new supervisor. Raises OSError."""
        if self._own is not None and run.id == self._own.run_id:
            self._own.admit()
            self._done = self._done._replace(admitted=True, started=(*self._done.started, run.id))
            return None
        held = _handed_over(run, SupervisorState.STARTING)
        if held is None and not os.path.exists(run.exit_path):
            # It has a supervisor, asleep until its turn. Until that has come for it, the slot is kept.
            control.ring(run)
        return held

    def _spawn(self, held: list[tuple[RunDir, int]], *, report: bool = False, admitted: bool = False) -> None:
        """With one start of an interpreter for all."""
        if not held:
            return
        runs, locks = [run for run, _ in held], [taken for _, taken in held]
        done, ids = self._done, [run.id for run in runs]
        try:
            reports = spawn(runs, locks, report=report, admitted=admitted)
        except OSError as error:
            self._done = _refused(done, ids, error)
            return
        told = {**done.reports, **dict(zip(ids, reports, strict=False))}
        self._done = done._replace(reports=told, started=(*done.started, *ids) if admitted else done.started)


def _batches(ids: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))


def _plan_of_able(seen: Survey) -> Plan:
    """Without runs that no supervisor could begin with: their place goes to the next."""
    queue = seen.queue
    while True:
        plan = plan_of(queue)
        unable = {run_id for run_id in (*plan.start, *plan.watch) if not _is_able(seen.runs[run_id])}
        if not unable:
            return plan
        queue = queue._replace(waiters=tuple(each for each in queue.waiters if each.id not in unable))


def _is_able(run: RunDir) -> bool:
    try:
        return isinstance(surroundings.found_in(run), Surroundings)
    except OSError:
        return False


def _handed_over(run: RunDir, state: SupervisorState) -> int | None:
    """Put on record what its supervisor is to begin with. Its lock; None = it has a supervisor, or is over by now.

    Raises OSError; the lock is given up then, too.
    """
    held = lock.acquire(run.lock_path)
    if held is None:
        return None
    try:
        over = os.path.exists(run.exit_path)
        if not over:
            book.write_standing(run, state)
    except BaseException:
        os.close(held)
        raise
    if over:
        os.close(held)
        return None
    return held
