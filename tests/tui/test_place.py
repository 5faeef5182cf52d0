"""Where a log is read: the cursor moves in what is loaded, and more is loaded before its end is reached."""

from overnight.tui.page import LogLine, Page
from overnight.tui.place import MARGIN, Reading, moved, put, told

WIDTH = 10


def a_page(first: int, count: int, *, total: int = 1000, generation: int = 0) -> Page:
    """Lines of ten bytes, from number `first` on, of a log of `total`."""
    lines = tuple(LogLine(number * WIDTH, ((f"line {number}", ""),)) for number in range(first, first + count))
    return Page(lines, 0, total * WIDTH, first == 0, first + count == total, generation)


def test_the_cursor_leaves_the_newest_line_and_follows_again_on_it() -> None:
    end = a_page(900, 100)
    up = moved(Reading("a"), end, -1)
    assert up.at == 998 * WIDTH
    assert up.around == up.at, "it stays there though the log grows"
    assert moved(up, end, 1) == Reading("a")
    assert moved(Reading("a"), end, 1) == Reading("a")


def test_near_the_end_of_what_is_loaded_more_is_loaded() -> None:
    page = a_page(500, 200)
    middle = put(Reading("a"), 600 * WIDTH)
    assert moved(middle, page, 1).around == middle.around, "it is not loaded again for each key"
    assert moved(middle, page, -80).around == 520 * WIDTH
    assert moved(middle, page, 80).around == 680 * WIDTH
    assert moved(middle, page, -1000).at == 500 * WIDTH, "as far as there are any"


def test_at_the_beginning_and_the_end_of_the_log_nothing_more_is_loaded() -> None:
    page = a_page(0, 1000)
    middle = put(Reading("a"), 500 * WIDTH)
    assert moved(middle, page, -500) == middle._replace(at=0)
    assert moved(middle, page, 499 - MARGIN).around == middle.around


def test_a_key_before_the_part_is_loaded_leaves_the_cursor_where_it_goes() -> None:
    there = put(Reading("a"), 0)
    assert moved(there, a_page(900, 100), 1) == there
    assert moved(there, Page((), 0, 0, True, True), 1) == there


def test_of_a_log_that_is_another_one_the_end_is_shown() -> None:
    there = put(Reading("a"), 100)
    assert told(there, a_page(0, 10)) == there
    assert told(there, a_page(0, 10, generation=1)) == Reading("a", generation=1)
