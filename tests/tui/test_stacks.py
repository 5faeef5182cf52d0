"""What d shows: where each thread of an agent is, once the agent has said it, and why not where it cannot."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from overnight.state.records import Handle, Heartbeat, Request, Verb
from overnight.state.status import Status
from overnight.tui.app import OvernightApp
from overnight.tui.detail import Detail, Tab
from overnight.tui.glyphs import UNICODE
from overnight.tui.panes.contents import lines_of
from overnight.tui.panes.frame import Frame
from overnight.tui.stacks import Stacks, arranged, awaited, moved_words, newest_of, stacks_in, told_lines, unmoved
from overnight.tui.view import row_of
from tests.builders import T0, a_run
from tests.command import launched, overnight, when, when_ended
from tests.stories.scenes import agent, when_processed
from tests.tui.driven import a_supervised_run, asked_of, drive, shown, until

pytestmark = pytest.mark.leaves_no_process


@pytest.fixture
def stuck(home: Path) -> Iterator[str]:
    """A run that hangs in its fourth item."""
    run = launched("--name", "stuck", "--", *agent("stuck"))
    when_processed(run, 3)
    yield run
    overnight("kill", run)
    when_ended(run)


def test_d_shows_where_an_agent_hangs(home: Path, stuck: str) -> None:
    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: app.fleet.tab is Tab.ERRORS)
        await until(pilot, lambda: "its stacks at" in shown(app))
        await until(pilot, lambda: " in wait\n" in shown(app) and " in main\n" in shown(app))
        assert "not shown them yet" not in shown(app)
        await until(pilot, lambda: "1 of 1 has not moved since the time before" in shown(app))
        await until(pilot, lambda: " = Current thread" in shown(app))

    drive(home, act, size=(120, 60))


def test_what_cannot_show_its_stacks_is_told_so_and_nothing_is_asked(home: Path) -> None:
    with a_supervised_run(home, "plain") as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await pilot.press("d")
            await until(pilot, lambda: "does not show its stacks" in shown(app))
            assert app.fleet.tab is Tab.PROGRESS
            assert asked_of(run) == []

        drive(home, act)


def test_until_they_are_shown_the_pane_says_that_they_were_asked_for(home: Path) -> None:
    beat = Heartbeat(last_heartbeat=T0, handles=frozenset({Handle.STACKS}), attempt=1)
    with a_supervised_run(home, "slow", heartbeat=beat) as run:

        async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
            await until(pilot, lambda: app.fleet.statuses[run.id] in {Status.RUNNING, Status.STALLED, Status.STALE})
            await pilot.press("d")
            await until(pilot, lambda: asked_of(run) == ["stacks"])
            await until(pilot, lambda: "the agent has not shown them yet" in shown(app))
            with open(run.stacks_path, "w") as file:
                file.write("\x1b[2JCurrent thread 0x01 (most recent call first):\n  File [/x] line 1\n")
            await until(pilot, lambda: "Current thread 0x01" in shown(app) and "File [/x] line 1" in shown(app))
            assert "not shown them yet" not in shown(app)

        drive(home, act)


# Another process, whose threads do not end between two of its answers.
SHOWS_THRICE = """
import faulthandler, sys, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
for _ in range(3):
    faulthandler.dump_traceback(sys.stdout)
"""


def test_only_what_was_shown_last_is_taken() -> None:
    shown = subprocess.run([sys.executable, "-c", SHOWS_THRICE], capture_output=True, text=True, check=True).stdout
    every = shown.splitlines()
    once = every[: len(every) // 3]
    assert every == 3 * once
    assert sum(line.endswith("(most recent call first):") for line in once) == 2
    assert newest_of(every) == tuple(once)
    assert newest_of([]) == newest_of(["nothing of it"]) == ()


def test_the_two_newest_are_told_apart_though_a_thread_began_in_between() -> None:
    first = ["Thread 0x2 (most recent call first):", "  a", "Thread 0x1 (most recent call first):", "  b"]
    second = ["Thread 0x3 (most recent call first):", "  c", *first, "Task Task-1 (most recent call first):", "  d"]
    assert stacks_in(T0, [*first, *first, *second]) == Stacks(T0, tuple(second), tuple(first))
    assert stacks_in(T0, first) == Stacks(T0, tuple(first))
    assert stacks_in(T0, []) is None


def test_what_stayed_the_same_is_marked_from_the_first_call_on() -> None:
    before = ["Thread 0x2:", "  waits", "  main", "Thread 0x1:", "  reads a", "  main", "Thread 0x4:", "  main"]
    then = ["Thread 0x2:", "  waits", "  main", "Thread 0x1:", "  reads b", "  main", "Thread 0x3:", "  main"]
    assert unmoved(then, before) == [True, True, True, False, False, True, False, False]
    assert unmoved(then, ()) == [False] * len(then)
    assert unmoved(["no thread", *then[:1]], before) == [False, False]
    assert moved_words(Stacks(T0, tuple(then), tuple(before))) == "1 of 3 has not moved since the time before"
    assert moved_words(Stacks(T0, tuple(then))) == ""


BEAT = ["Thread 0x9 (most recent call first):", '  File "/x/agents/heartbeat.py", line 92 in _go_round', ""]
IDLE = [
    "Thread 0x%d (most recent call first):",
    '  File "/x/threading.py", line 327 in wait',
    '  File "/x/agents/workers/threads.py", line 60 in _next',
    "",
]
MAIN = [
    "Current thread 0x8 (most recent call first):",
    '  File "/x/agents/orders.py", line 188 in poll',
    '  File "/x/agents/mapping.py", line 45 in mapped',
    '  File "/x/agents/entry.py", line 283 in _call',
]
BUSY = ["Thread 0x7 (most recent call first):", '  File "/me.py", line 3 in work']
BUSY += ['  File "/x/agents/workers/pool.py", line 277 in _contained', ""]
SHOWN = [*BEAT, *(line % number if "%" in line else line for number in (1, 2) for line in IDLE), *BUSY, *MAIN]


def test_who_has_an_item_comes_first_who_waits_for_work_is_counted_and_our_own_threads_are_left_out() -> None:
    told = [text for text, _ in told_lines(arranged(SHOWN, ()))]
    assert told == [*BUSY[:3], "", *MAIN, "", "2 more threads wait for work"]


def test_items_that_were_done_in_between_say_that_it_works_though_it_stands_at_the_same_line() -> None:
    looked = [*SHOWN, "Items done: 5", *SHOWN, "Items done: 17"]
    works = stacks_in(T0, looked)
    assert works is not None
    assert moved_words(works) == "12 items were done in between: it works"
    hangs = stacks_in(T0, [*looked[:-1], "Items done: 5"])
    assert hangs is not None
    assert moved_words(hangs) == "2 of 2 have not moved since the time before, and no item was done"
    unsaid = stacks_in(T0, [*SHOWN, *SHOWN])
    assert unsaid is not None
    assert moved_words(unsaid) == "2 of 2 have not moved since the time before"


def test_of_a_call_file_line_and_function_stay_whole_where_there_is_little_room() -> None:
    call = f'  File "/{"long/" * 30}agents/verify.py", line 1234 in check_all'
    shown = Stacks(T0, ("Thread 0x1 (most recent call first):", call))
    lines = lines_of(Tab.ERRORS, row_of(a_run(), T0), Detail("", stacks=shown), Frame(50, 20, UNICODE))
    (told,) = [line.text for line in lines if "verify" in line.text]
    assert told == '     File "…/verify.py", line 1234 in check_all'


def test_a_request_is_answered_by_what_was_shown_after_it() -> None:
    asked = a_run(requests=(Request(3, Verb.STACKS, 1, by="ann", at=T0),))
    assert awaited(asked, None) is not None
    assert awaited(asked, Stacks(T0 - 9, ("old",))) is not None
    assert awaited(asked, Stacks(T0 + 1, ("new",))) is None
    assert awaited(a_run(), None) is None
    assert awaited(a_run(requests=(Request(3, Verb.STACKS, 7, by="ann", at=T0),)), None) is None


def test_a_run_that_is_over_has_no_stacks_to_show(home: Path, stuck: str) -> None:
    overnight("kill", stuck)
    when(stuck, "cancelled")

    async def act(app: OvernightApp, pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "no process of it is left" in shown(app))

    drive(home, act)
