"""Where the log of the open run is read: the cursor in it, and around which byte. Pure."""

from typing import NamedTuple

from overnight.tui.events import Searched
from overnight.tui.page import Page

MARGIN = 40
"""Lines: nearer to the end of what is loaded, what comes behind it is loaded."""


class Search(NamedTuple):
    """A text that is to be found."""

    number: int
    """Another one for each that is asked for."""
    text: str
    way: int
    """1 = forwards, -1 = backwards; both go on round the end."""
    start: int | None
    """Forwards the first line that begins here or later counts, backwards the last before it. None = the end."""


class Reading(NamedTuple):
    """Of one run."""

    run_id: str | None = None
    at: int | None = None
    """The byte where the line of the cursor begins; None = the newest line, whichever that is: it follows."""
    around: int | None = None
    """What is loaded lies around this byte; None = the end."""
    generation: int = 0
    """Of the log that it is about."""
    sought: str = ""
    """What was looked for last: it stands out."""
    search: Search | None = None
    """What is being looked for now."""
    searches: int = 0
    """How many there were."""
    share: float = 0.0
    """How far the one that goes on has come, 0 to 1."""
    missed: bool = False
    """Whether the last one came to nothing."""


def line_at(reading: Reading, page: Page) -> int | None:
    """The byte where the line under the cursor begins; None = there is none, or it is not loaded yet."""
    index = len(page.lines) - 1 if reading.at is None else page.index_of(reading.at)
    return page.lines[index].at if page.lines and index is not None else None


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


def sought(reading: Reading, text: str) -> Reading:
    """Look for it from the cursor's line on; from the newest line it is the newest one that counts. "" = forget it."""
    reading = stopped(reading)._replace(sought=text)
    if not text:
        return reading
    return _searching(reading, *((-1, None) if reading.at is None else (1, reading.at)))


def found_next(reading: Reading, way: int) -> Reading:
    """Look for the same, in the lines behind the cursor's or in those before it."""
    if not reading.sought:
        return reading
    behind = None if reading.at is None else reading.at + 1
    return _searching(reading, way, behind if way > 0 else reading.at)


def _searching(reading: Reading, way: int, start: int | None) -> Reading:
    number = reading.searches + 1
    wanted = Search(number, reading.sought, way, start)
    return reading._replace(search=wanted, searches=number, share=0.0, missed=False)


def stopped(reading: Reading) -> Reading:
    """Nothing is being looked for any more."""
    return reading._replace(search=None, missed=False)


def searched(reading: Reading, event: Searched) -> Reading:
    """It has come so far, or to its end. What is not looked for any more changes nothing."""
    if reading.search is None or (event.run_id, event.number) != (reading.run_id, reading.search.number):
        return reading
    if event.at is not None:
        return put(stopped(reading), event.at)
    return stopped(reading)._replace(missed=True) if event.over else reading._replace(share=event.share)
