"""Where the log of the open run is read: the cursor in it, and around which byte. Pure."""

from typing import NamedTuple

from overnight.tui.page import Page

MARGIN = 40
"""Lines: nearer to the end of what is loaded, what comes behind it is loaded."""


class Reading(NamedTuple):
    """Of one run."""

    run_id: str | None = None
    at: int | None = None
    """The byte where the line of the cursor begins; None = the newest line, whichever that is: it follows."""
    around: int | None = None
    """What is loaded lies around this byte; None = the end."""
    generation: int = 0
    """Of the log that it is about."""


def moved(reading: Reading, page: Page, by: int) -> Reading:
    """The cursor `by` lines on, as far as there are any loaded; on the newest line it follows."""
    count = len(page.lines)
    index = count - 1 if reading.at is None else page.index_of(reading.at)
    if index is None or not count:
        # It is on its way to a part that is not loaded yet.
        return reading
    target = min(max(index + by, 0), count - 1)
    if target == count - 1 and page.is_last:
        return put(reading, None)
    at = page.lines[target].at
    near_edge = (target < MARGIN and not page.is_first) or (count - target <= MARGIN and not page.is_last)
    around = at if near_edge or reading.around is None else reading.around
    return reading._replace(at=at, around=around)


def put(reading: Reading, at: int | None) -> Reading:
    """The cursor on the line with byte `at`; None = it follows."""
    return reading._replace(at=at, around=at)


def told(reading: Reading, page: Page) -> Reading:
    """The log was read: of one that was emptied or replaced no old place means anything."""
    if page.generation == reading.generation:
        return reading
    return put(reading, None)._replace(generation=page.generation)
