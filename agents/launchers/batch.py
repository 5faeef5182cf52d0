"""Beginning with many runs at once: a batch of them shares the process that their supervisors are forked from."""

import os
import resource
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from overnight.agents.launchers.spawn import AT_ONCE, Spawning, start
from overnight.agents.orphans import unsupervised
from overnight.agents.supervisor.report import FAILED, NOT_YET, STARTED, UNSUPERVISED, hear
from overnight.state.errors import HomeUnusable, OvernightError, WrongUsage
from overnight.state.home import Home
from overnight.state.rundir import RunDir

T = TypeVar("T")

DESCRIPTORS = 8
"""That are opened for one of them at most."""


class Held(NamedTuple):
    """A run whose lock is ours, so that its supervisor can be started."""

    run: RunDir
    lock: int


class Queued(NamedTuple):
    """A run that starts when its turn comes, whoever starts it then."""

    run: RunDir


Begun = RunDir | OvernightError | None
"""The run, whose command runs or will; why it does not; None = there was nothing to start."""
_Begun = Held | Queued | OvernightError | None


def begin_all(
    things: Iterable[T], begin: Callable[[T], Held | Queued | None], *, report: bool = True, admitted: bool = True
) -> list[Begun]:
    """Have each thing made a run that nobody supervises, and start its supervisor. What one raises hurts no other.

    Returns, with `report`, when every command runs that does not wait for its turn. One answer for each, in their
    order. `admitted`: they may begin; else each waits for its turn, where nothing of it is under way.
    """
    answers: list[Begun] = []
    before, left = _NOTHING, iter(things)
    while True:
        room = _room()
        if room < AT_ONCE and before.begun:
            # What those before hold open is needed for the next ones.
            answers += before.answers()
            before, room = _NOTHING, _room()
        try:
            batch = list(islice(left, max(1, room)))
            started = _start(_begin(batch, begin), report=report, admitted=admitted)
        finally:
            # Only now: while these were written down and began, those went on. And whatever happened: nobody else
            # waits for them.
            answers += before.answers()
        if not batch:
            return answers
        before = started


def begin_one(
    thing: T, begin: Callable[[T], Held | Queued | None], *, report: bool = True, admitted: bool = True
) -> RunDir | None:
    """The same with one. None = there was nothing to start. Raises OvernightError."""
    (answer,) = begin_all([thing], begin, report=report, admitted=admitted)
    if isinstance(answer, OvernightError):
        raise answer
    return answer


def queued(run: RunDir, lock: int) -> Queued:
    """Give up the lock: whoever comes by starts it when it may. It may be now."""
    os.close(lock)
    return Queued(run)


def unwritable(run: RunDir, error: OSError) -> HomeUnusable:
    return HomeUnusable(
        f"{error.filename or run.path}: {error.strerror}", hint="Nothing was started. Free some space, then try again."
    )


def _room() -> int:
    """For how many runs of a batch files can be opened now."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = most - len(os.listdir("/proc/self/fd"))
    return min(AT_ONCE, free // DESCRIPTORS)


def _begin(batch: Sequence[T], begin: Callable[[T], Held | Queued | None]) -> list[_Begun]:
    begun: list[_Begun] = []
    try:
        for thing in batch:
            try:
                begun.append(begin(thing))
            except OvernightError as error:
                begun.append(error)
    except BaseException:
        for each in begun:
            if isinstance(each, Held):
                os.close(each.lock)
        raise
    return begun


_Reports = Mapping[str, int | OvernightError] | OvernightError | OSError
"""By the run's id, where to read how it began, or why it did not; or why none of them did."""


class _Started(NamedTuple):
    """A batch that is on its way."""

    begun: Sequence[_Begun]
    spawning: Spawning | OSError | None
    """Of those that are held; None = there are none."""
    dispatched: _Reports
    """Of those that are queued."""

    def answers(self) -> list[Begun]:
        """One for each of them. Waits until all are known."""
        spawned = self._spawned()
        return [
            _answer(each.run, spawned if isinstance(each, Held) else self.dispatched)
            if isinstance(each, Held | Queued)
            else each
            for each in self.begun
        ]

    def _spawned(self) -> _Reports:
        if not isinstance(self.spawning, Spawning):
            return self.spawning or {}
        try:
            reports = self.spawning.wait()
        except OSError as error:
            return error
        return dict(zip((each.run.id for each in self.begun if isinstance(each, Held)), reports, strict=False))


_NOTHING = _Started((), None, {})


def _start(begun: Sequence[_Begun], *, report: bool, admitted: bool) -> _Started:
    spawning = _spawning([each for each in begun if isinstance(each, Held)], report=report, admitted=admitted)
    return _Started(begun, spawning, _dispatched([each.run for each in begun if isinstance(each, Queued)]))


def _spawning(held: Sequence[Held], *, report: bool, admitted: bool) -> Spawning | OSError | None:
    if not held:
        return None
    try:
        return start([each.run for each in held], [each.lock for each in held], report=report, admitted=admitted)
    except OSError as error:
        return error


def _dispatched(queued: Sequence[RunDir]) -> _Reports:
    """Start those whose turn it is already."""
    if not queued:
        return {}
    from overnight.agents.dispatch import dispatch  # not at the top: most runs wait for nothing

    try:
        done = dispatch(queued[0].home, awaited={run.id for run in queued})
        return {**done.reports, **{each: unsupervised({each: error}) for each, error in done.refused.items()}}
    except OvernightError as error:
        return error
    except OSError as error:
        return Home(queued[0].home).unusable(error)


def _answer(run: RunDir, reports: _Reports) -> Begun:
    if isinstance(reports, OSError):
        return unwritable(run, reports)
    if isinstance(reports, OvernightError):
        return reports
    report = reports.get(run.id)
    return _told(run, report) if isinstance(report, int) else report or run


def _told(run: RunDir, report: int) -> Begun:
    """What its supervisor says about the start. Waits for it."""
    word, reason = hear(report)
    if word in {STARTED, NOT_YET}:
        return run
    if word == FAILED:
        return WrongUsage(
            f"{run.id}: {reason}",
            hint=f"`overnight show {run.id}` has the details; `overnight rm {run.id}` removes it.",
        )
    if word == UNSUPERVISED:
        return OvernightError(
            f"{run.id}: no supervisor could be started: {reason}",
            hint=f"End some processes, then `overnight resume {run.id}`.",
        )
    return OvernightError(
        f"{run.id}: its supervisor was killed before it started anything",
        hint=f"`overnight resume {run.id}` starts it again; {run.supervisor_log_path} may say more.",
    )
