"""Beginning with many runs at once: a batch of them shares the process that their supervisors are forked from."""

import os
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from overnight.agents.launchers.spawn import AT_ONCE, spawn
from overnight.agents.supervisor.report import FAILED, NOT_YET, STARTED, UNSUPERVISED, hear
from overnight.state.errors import HomeUnusable, OvernightError, WrongUsage
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
    report: int | None = None
    """Where to read how it began, if its turn has come."""


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
            elif isinstance(each, Queued) and each.report is not None:
                os.close(each.report)
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
    held = [each for each in begun if isinstance(each, Held)]
    failed: OSError | None = None
    reports: Iterator[int] = iter(())
    try:
        if held:
            runs, locks = [each.run for each in held], [each.lock for each in held]
            reports = iter(spawn(runs, locks, report=report, admitted=admitted))
    except OSError as error:
        failed = error
    return [_awaited(each, reports, failed) for each in begun]


def _awaited(each: _Begun, reports: Iterator[int], failed: OSError | None) -> _Awaited:
    if isinstance(each, Queued):
        return _Awaited(each.run, each.report)
    if not isinstance(each, Held):
        return _Awaited(each)
    return _Awaited(unwritable(each.run, failed) if failed else each.run, next(reports, None))


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
