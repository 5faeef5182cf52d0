"""Which phases of a run are over, under way or ahead, as far as its progress tells. Pure."""

from enum import StrEnum

from overnight.state.records import Phase, Progress

INSIDE = " / "
"""Between the name of a phase and that of one inside of it."""


class Stage(StrEnum):
    """Where a phase stands."""

    DONE = "done"
    AROUND = "around"
    """The one that is at work is inside of it."""
    NOW = "now"
    AHEAD = "ahead"


def stages_of(progress: Progress, *, ended: bool) -> list[Stage]:
    """One for each of its phases. `ended`: nothing is at work any more."""
    at = None if ended else _at_work(progress)
    return [_stage(phase, index, at, progress) for index, phase in enumerate(progress.phases)]


def _at_work(progress: Progress) -> int | None:
    """The innermost phase that is listed: what single items are at is not."""
    around = [index for index, phase in enumerate(progress.phases) if _holds(phase, progress)]
    return max(around, key=lambda index: len(progress.phases[index].name), default=None)


def _holds(phase: Phase, progress: Progress) -> bool:
    current = progress.phase or ""
    return current == phase.name or current.startswith(phase.name + INSIDE)


def _stage(phase: Phase, index: int, at: int | None, progress: Progress) -> Stage:
    if index == at:
        return Stage.NOW
    if at is not None and _holds(phase, progress):
        return Stage.AROUND
    if phase.processed_items or phase.total_items == 0:
        return Stage.DONE
    # One without items says nothing of itself; where it stands tells.
    passed = at is not None and index < at and phase.total_items is None
    return Stage.DONE if passed else Stage.AHEAD
