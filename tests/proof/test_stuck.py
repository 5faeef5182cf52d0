"""An agent that hangs is found within twice its threshold, however it hangs; one that is well is never taken for it.

The long forms: 200 that hang, and those that are well for WELL_MINUTES (60). They print their figures.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from overnight.agents import operate
from overnight.agents.launchers.local import Order, launch
from overnight.state.history import history_of
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from overnight.state.status import HELD, Status
from tests.proof.stuck import AGENTS, STALL, WAYS, hang, health_now, status_now
from tests.supervision.launched import ended, events
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

MINUTES = float(os.environ.get("WELL_MINUTES", "60"))
LIMIT = 3.0
"""Seconds without progress that count as a stall for those that are well."""
LONGEST = 1.2
"""Seconds that an item of theirs takes at most. What is left is the machine's, which others use."""
LOOK_AFTER = 0.1
WELL = ("even", "heavy", "held", "waits", "expects", "tries")
"""As `agents/well.py` is told."""


def test_an_agent_that_hangs_is_found_in_time_however_it_hangs(home: Path) -> None:
    found = hang(home, WAYS)
    assert all(each.is_right for each in found), found


def test_what_holds_the_interpreter_is_started_again_where_its_spec_says_so(home: Path) -> None:
    command = (sys.executable, str(AGENTS / "hangs.py"), "once")
    run = launch(Home(str(home)), Order(command, stall=STALL, on_stall="restart", stop_grace=0.1))
    over = ended(run)
    assert (over.outcome, over.attempts) == (Outcome.COMPLETED, 2)
    (retrying,) = (event for event in history_of(run) if event.event == "retrying")
    assert retrying.detail["reason"] == "stalled"
    assert len(Path(run.stacks_path).read_text().split("in loop\n")) == 3, "it was asked where it hung, twice"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_of_two_hundred_that_hang_each_is_found_in_time(home: Path) -> None:
    found = [each for _ in range(20) for each in hang(home, [way for way in WAYS for _ in range(2)])]
    for way in WAYS:
        after = sorted(each.after for each in found if each.way is way)
        print(f"{way.name}: {len(after)}, found after {after[len(after) // 2]:.2f} s, at most {after[-1]:.2f} s")
    assert len(found) == 200
    assert [each for each in found if not each.is_right] == []


@pytest.mark.parametrize(
    "minutes",
    [0.12, pytest.param(MINUTES, marks=[pytest.mark.long, pytest.mark.timeout(60 * MINUTES + 600)])],
    ids=["moments", "an-hour"],
)
def test_who_works_as_it_should_is_never_taken_for_stuck(home: Path, minutes: float) -> None:
    with at_work(home, *map(well, WELL), fails_often(), counts()) as runs:
        seen, alarms, late = Counter[Status](), list[str](), 0.0
        deeds, done = deeds_upon(runs[-1], runs[0], runs[1]), 0
        deadline = time.monotonic() + 60 * minutes
        while time.monotonic() < deadline:
            for run in runs:
                health, status = health_now(run), status_now(run)
                seen[status] += 1
                if status in {Status.STALLED, Status.STALE}:
                    alarms.append(f"{run.id} is {status}: {health.reason}; the machine was late by {late:.1f} s")
            done += next(deeds)
            late = max(late, lateness(home))
        print(f"{len(runs)} runs, {minutes:g} min, {sum(seen.values())} looks: {dict(seen)}; {done} held and let go on")
        print(f"the machine was late by {late:.1f} s at most")
        assert alarms == []
        assert [run.id for run in runs if "stalled" in events(run)] == []
        assert done, "some were held"


def lateness(home: Path) -> float:
    """Seconds by which a wait until the next look, and a write that is synced as theirs are, took too long."""
    due = time.monotonic() + LOOK_AFTER
    time.sleep(LOOK_AFTER)
    with (home / "synced").open("wb") as file:
        file.write(b"x")
        os.fsync(file.fileno())
    return time.monotonic() - due


def well(way: str) -> Order:
    """One that is well."""
    command = (sys.executable, str(AGENTS / "well.py"), way, str(LONGEST))
    return Order(command, name=way, stall=LIMIT, pause_grace=60, stop_grace=0.1)


def fails_often() -> Order:
    """One that is started again and again, later each time: what it waits for then is no progress."""
    says = 'printf \'{"processed_items":1}\' >"$OVERNIGHT_RUN_DIR/progress.json"; sleep 0.5; exit 1'
    return Order(("sh", "-c", says), name="fails", stall=LIMIT, retries=10_000, stop_grace=0.1)


def counts() -> Order:
    """One in another language, which only counts, and knows nothing of a pause: it is stopped for one."""
    says = 'printf \'{"processed_items":%d}\' $n >"$OVERNIGHT_RUN_DIR/progress.json"'
    return Order(("sh", "-c", f"n=1; while :; do {says}; sleep 1; n=$((n+1)); done"), name="counts", stall=LIMIT)


@contextmanager
def at_work(home: Path, *orders: Order) -> Iterator[list[RunDir]]:
    """Their runs, once each has said something. One after the other: they would be slow to start together."""
    runs: list[RunDir] = []
    try:
        for order in orders:
            runs.append(launch(Home(str(home)), order))
            eventually(lambda: runs[-1].read().progress)
        yield runs
    finally:
        for run in runs:
            # Not kill: that is for one attempt, which may just have ended by itself.
            operate.cancel(run)
        for run in runs:
            ended(run)


def deeds_upon(*runs: RunDir) -> Iterator[bool]:
    """Hold each for longer than a stall takes, let it go on, and so on: a step at each look. Whether one went on."""
    while True:
        for run in runs:
            asked = operate.pause(run)
            yield from until(lambda run=run: status_now(run) in HELD)  # type: ignore[misc]
            begin = time.monotonic()
            yield from until(lambda begin=begin: time.monotonic() - begin > 1.5 * LIMIT)  # type: ignore[misc]
            assert asked is not None
            operate.resume(run)
            yield from until(lambda run=run: status_now(run) not in HELD | {Status.RESUMING})  # type: ignore[misc]
            yield True


def until(reached: Callable[[], bool]) -> Iterator[bool]:
    while not reached():
        yield False
