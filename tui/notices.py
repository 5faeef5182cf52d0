"""What the terminal is told beside the picture: a bell, its title, its progress. Decides the codes, and writes none."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from overnight.state.status import Status
from overnight.tui.clean import clean
from overnight.tui.header import state_counts
from overnight.tui.model import Fleet

ALARMING = frozenset({Status.FAILED, Status.INTERRUPTED, Status.LOST, Status.STALLED})
BELL = "\a"
KEEP_TITLE, GIVE_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"
NO_PROGRESS = "\x1b]9;4;0\x1b\\"


class Notice(StrEnum):
    """A way in which the terminal is told."""

    BELL = "bell"
    """When a run ends badly or stalls."""
    TITLE = "title"
    """Its title has the counts."""
    PROGRESS = "progress"
    """It shows how far all that lives is, together."""


class Told(NamedTuple):
    """What the terminal was told last; None = nothing yet."""

    title: str | None = None
    progress: str | None = None


def opening(wanted: Iterable[Notice]) -> str:
    """Before anything else is told."""
    return KEEP_TITLE if Notice.TITLE in wanted else ""


def closing(wanted: Iterable[Notice]) -> str:
    """The terminal as it was."""
    title, progress = Notice.TITLE in wanted, Notice.PROGRESS in wanted
    return (NO_PROGRESS if progress else "") + (GIVE_TITLE_BACK if title else "")


def news(wanted: Iterable[Notice], before: Fleet, fleet: Fleet, told: Told) -> tuple[str, Told]:
    """The codes that say what is not said yet, and what is said with them; nothing before the runs were read."""
    if not fleet.loaded:
        return "", told
    codes = BELL if Notice.BELL in wanted and has_gone_wrong(before, fleet) else ""
    if Notice.TITLE in wanted and (title := title_of(fleet)) != told.title:
        codes, told = f"{codes}\x1b]2;{title}\x1b\\", told._replace(title=title)
    if Notice.PROGRESS in wanted and (progress := progress_of(fleet)) != told.progress:
        codes, told = codes + progress, told._replace(progress=progress)
    return codes, told


def has_gone_wrong(before: Fleet, fleet: Fleet) -> bool:
    """Whether a run is in a bad way that was in none when it was seen before, or is new."""
    return before.loaded and any(
        status in ALARMING and before.statuses.get(run_id) not in ALARMING for run_id, status in fleet.statuses.items()
    )


def title_of(fleet: Fleet) -> str:
    """The machine, and how many runs are in which state."""
    counted = ", ".join(f"{count} {word}" for _, count, word in state_counts(fleet))
    return clean(f"overnight {fleet.host}: {counted or 'no runs'}")


def progress_of(fleet: Fleet) -> str:
    percent = fleet.overall.percent if fleet.overall is not None else None
    return NO_PROGRESS if percent is None else f"\x1b]9;4;1;{int(percent)}\x1b\\"
