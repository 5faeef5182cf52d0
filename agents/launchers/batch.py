"""Beginning with many runs at once: a batch of them shares the process that their supervisors are forked from."""

import os
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from overnight.agents.launchers.spawn import AT_ONCE, spawn
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
    before: list[_Awaited] = []
    for batch in _batches(things):
        begun = _begin(batch, begin)
        # Only now: while these were written down, those went on.
        answers += [each.answer() for each in before]
        before = _start(begun, report=report, admitted=admitted)
    return answers + [each.answer() for each in before]


def begin_one(
    thing: T, begin: Callable[[T], Held | Queued | None], *, report: bool = True, admitted: bool = True
) -> RunDir | None:
    """The same with one. None = there was nothing to start. Raises OvernightError."""
    (answer,) = begin_all([thing], begin, report=report, admitted=admitted)
    if isinstance(answer, OvernightError):
        raise answer
    return answer


def unwritable(run: RunDir, error: OSError) -> HomeUnusable:
    return HomeUnusable(
        f"{error.filename or run.path}: {error.strerror}", hint="Nothing was started. Free some space, then try again."
    )


def _batches(things: Iterable[T]) -> Iterator[list[T]]:
    left = iter(things)
    while batch := list(islice(left, _room())):
        yield batch


def _room() -> int:
    """For how many runs of a batch files can be opened now: at least one is tried."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = most - len(os.listdir("/proc/self/fd"))
    return max(1, min(AT_ONCE, free // DESCRIPTORS))


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


class _Awaited(NamedTuple):
    """What is known of one, and where the rest is told."""

    known: Begun
    report: int | None = None

    def answer(self) -> Begun:
        if self.report is None or not isinstance(self.known, RunDir):
            return self.known
        return _told(self.known, self.report)


def _start(begun: Sequence[_Begun], *, report: bool, admitted: bool) -> list[_Awaited]:
    spawned = _spawned([each for each in begun if isinstance(each, Held)], report=report, admitted=admitted)
    dispatched = _dispatched([each.run for each in begun if isinstance(each, Queued)])
    return [
        _awaited(each.run, spawned if isinstance(each, Held) else dispatched)
        if isinstance(each, Held | Queued)
        else _Awaited(each)
        for each in begun
    ]


_Reports = Mapping[str, int | OvernightError] | OvernightError | OSError
"""By the run's id, where to read how it began, or why it did not; or why none of them did."""


def _spawned(held: Sequence[Held], *, report: bool, admitted: bool) -> _Reports:
    if not held:
        return {}
    runs, locks = [each.run for each in held], [each.lock for each in held]
    try:
        reports = spawn(runs, locks, report=report, admitted=admitted)
    except OSError as error:
        return error
    return dict(zip((run.id for run in runs), reports, strict=False))


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


def _awaited(run: RunDir, reports: _Reports) -> _Awaited:
    if isinstance(reports, OSError):
        return _Awaited(unwritable(run, reports))
    if isinstance(reports, OvernightError):
        return _Awaited(reports)
    report = reports.get(run.id)
    return _Awaited(report) if isinstance(report, OvernightError) else _Awaited(run, report)


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
