"""What nobody asked for leaves a slow line to the keys."""

import os
import select
import sys
import time
from pathlib import Path

import pytest

from overnight.state.records import Progress
from overnight.tui.pace import ASK, PATIENCE, SHARE, WORTH_ASKING, Pace
from tests.terminal import a_terminal
from tests.tui.driven import a_supervised_run
from tests.waiting import eventually

PICTURE = "x" * WORTH_ASKING
PROGRAM = (
    "import sys; from overnight.state.home import default_home as home; "
    "from overnight.tui.interface import open_interface; "
)
INTERFACE = [sys.executable, "-c", f"{PROGRAM}sys.exit(open_interface(home()))"]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    """Of a terminal that has answered once."""
    pace = Pace(clock)
    pace.marked(PICTURE)
    pace.answered()
    pace.answered()
    return pace


def test_a_picture_is_asked_about_at_both_ends_and_none_while_an_answer_is_under_way(pace: Pace) -> None:
    assert pace.marked(PICTURE) == f"{ASK}{PICTURE}{ASK}"
    assert pace.marked(PICTURE) == PICTURE


def test_a_small_picture_is_not_asked_about(pace: Pace) -> None:
    assert pace.marked(PICTURE[1:]) == PICTURE[1:]
    assert pace.is_free()


def test_the_next_picture_waits_for_the_answer_and_then_as_long_as_the_line_was_busy(pace: Pace, clock: Clock) -> None:
    pace.marked(PICTURE)
    clock.now += 0.3
    pace.answered()
    assert not pace.is_free()
    clock.now += 0.1
    pace.answered()
    assert not pace.is_free()
    clock.now += 0.9 * SHARE * 0.1
    assert not pace.is_free()
    clock.now += 0.2 * SHARE * 0.1
    assert pace.is_free()


def test_a_terminal_that_is_far_away_and_fast_waits_for_nothing_but_the_answer(pace: Pace, clock: Clock) -> None:
    pace.marked(PICTURE)
    clock.now += 0.6
    pace.answered()
    pace.answered()
    assert pace.is_free()


def test_for_a_terminal_that_never_answers_nothing_is_held_back(clock: Clock) -> None:
    pace = Pace(clock)
    pace.marked(PICTURE)
    assert pace.is_free()
    # It is given back without waiting for an answer.
    pace.wait(3600)


def test_a_lost_answer_holds_pictures_back_for_a_while_only(pace: Pace, clock: Clock) -> None:
    pace.marked(PICTURE)
    clock.now += PATIENCE
    assert not pace.is_free()
    clock.now += 0.1
    assert pace.is_free()
    assert pace.marked(PICTURE).startswith(ASK)


def test_whoever_gives_the_terminal_back_waits_once_for_an_answer_that_does_not_come(pace: Pace) -> None:
    """Textual ends the reading of keys twice."""
    pace.marked(PICTURE)
    pace.wait(0.01)
    pace.wait(3600)


@pytest.mark.leaves_no_process
def test_while_the_line_carries_a_picture_only_what_a_key_asked_for_is_drawn(home: Path) -> None:
    with a_supervised_run(home, "crawl") as run, a_terminal(INTERFACE, OVERNIGHT_HOME=str(home)) as terminal:
        terminal.shows("crawl", "40 / 100")
        seen = b""

        def written() -> bytes:
            """Nothing of it reaches the emulator, and so it answers nothing."""
            nonlocal seen
            if select.select([terminal.child.child_fd], [], [], 0.1)[0]:
                seen += os.read(terminal.child.child_fd, 65536)
            return seen

        terminal.type("\x0c")
        eventually(lambda: written().count(ASK.encode()) == 2)
        run.write(run.progress_path, Progress(processed_items=77, total_items=100, updated_at=time.time(), attempt=1))
        for key, shows in (("5", b"agent.py"), ("1", b"beat ")):
            before = len(seen)
            terminal.type(key)
            eventually(lambda shows=shows, before=before: shows in written()[before:])  # type: ignore[misc]
        assert b"77%" not in seen
        os.write(terminal.child.child_fd, 2 * b"\x1b[1;1R")
        eventually(lambda: b"77%" in written())
