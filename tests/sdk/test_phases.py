"""Phases: one in another, rolled up into one percentage and one estimate; what was resumed is no work."""

import math
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.clock import ActiveClock
from overnight.agents.phases import Done, Phases
from overnight.agents.report import Report
from overnight.state.codec import decode, encode
from overnight.state.errors import WrongUsage
from overnight.state.records import AgentStatus, Phase, Progress
from overnight.state.standing import Loop
from tests.builders import T0
from tests.sdk.attempts import Folder
from tests.sdk.inline import Inline
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


class Told:
    """A report whose clock stands where the test puts it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.report = Report(1, ActiveClock(lambda: self.now))
        self.phases = self.report.phases

    def enters(self, total: int | None, resumed: int = 0, weight: float | None = None, weighed: float = 0) -> Loop:
        loop = Loop(0)
        loop.total, loop.done, loop.resumed = total, resumed, resumed
        self.report.weigh(weighed, weight)
        self.phases.enter(loop)
        return loop

    @property
    def percent(self) -> float | None:
        return self.report.progress(0.0).percent_complete

    def works(self, loop: Loop, items: int, seconds: float) -> None:
        for _ in range(items):
            self.now += seconds
            loop.done += 1
            self.report.progress(0.0)

    @property
    def likely(self) -> float:
        estimate = self.report.progress(0.0).estimate
        assert estimate is not None
        return estimate.likely


def test_a_phase_without_a_share_is_no_change_of_pace() -> None:
    """From there on items are counted: no more of them are done in a second than were before."""
    told = Told()
    told.report.total = 1000
    with told.phases.inside("fetch", 0.5):
        loop = told.enters(1000)
        for _ in range(1000):
            told.report.processed += 1
            told.works(loop, 1, 0.1)
    told.report.total = 2000
    with told.phases.inside("embed", None):
        loop = told.enters(1000)
        for _ in range(100):
            told.report.processed += 1
            told.works(loop, 1, 0.1)
        assert told.likely == pytest.approx(90, rel=0.1)
        assert told.report.progress(0.0).pace is None


def test_shares_roll_up_through_phases_in_phases() -> None:
    told = Told()
    assert told.percent is None
    with told.phases.inside("fetch", 0.2):
        loop = told.enters(10)
        loop.done = 5
        assert told.percent == 10
    # Broken off, but over.
    assert told.percent == 20
    with told.phases.inside("index", 0.8):
        with told.phases.inside("parse", 0.5):
            told.enters(4).done = 4
            assert told.percent == 60
        with told.phases.inside("write", 0.5):
            assert told.phases.current() == "index / write"
            told.enters(4).done = 1
            assert told.percent == 70
    assert told.percent == 100
    assert told.phases.listed() == (
        Phase("fetch", 5, 10),
        Phase("index", 5, 8),
        Phase("index / parse", 4, 4),
        Phase("index / write", 1, 4),
    )


def test_a_share_that_is_missing_is_not_left_at_the_end() -> None:
    told = Told()
    with told.phases.inside("all", 0.6):
        with told.phases.inside("part", 0.3):
            told.enters(2).done = 2
        assert told.percent == 18
    assert told.percent == 60
    told.report.status = AgentStatus.COMPLETED
    assert told.percent == 100


def test_shares_that_cannot_be_are_refused() -> None:
    told = Told()
    with told.phases.inside("a", 0.7), pytest.raises(WrongUsage, match="share=2"), told.phases.inside("b", 2):
        raise AssertionError
    with pytest.raises(WrongUsage, match=r"'c': the shares add up to 1\.1"), told.phases.inside("c", 0.4):
        raise AssertionError
    for name in ("c", "d"):
        with told.phases.inside(name, 0.15):
            pass
    assert told.percent == 100
    thirds = Phases()
    for name in "abc":
        with thirds.inside(name, 0.3334):
            pass


def test_without_shares_the_items_are_counted_and_the_phases_listed() -> None:
    told = Told()
    with told.phases.inside("fetch", None):
        told.enters(10).done = 10
    with told.phases.inside("parse", 0.5):
        told.enters(10).done = 1
        assert told.percent is None
    assert [each.name for each in told.phases.listed()] == ["fetch", "parse"]


def test_a_length_that_is_unknown_is_nothing_done_until_the_phase_is_over() -> None:
    told = Told()
    with told.phases.inside("stream", 0.5):
        told.enters(None).done = 1000
        assert told.percent == 0
    assert told.percent == 50
    assert told.phases.listed() == (Phase("stream", 1000, None),)


def test_a_phase_without_loops_is_done_when_it_is_left() -> None:
    told = Told()
    with told.phases.inside("load", 0.25):
        assert (told.percent, told.phases.listed()) == (0, (Phase("load", 0, None),))
    assert (told.percent, told.phases.listed()) == (25, (Phase("load", 0, 0),))


def test_a_loop_outside_of_phases_takes_no_share() -> None:
    told = Told()
    told.enters(10).done = 10
    with told.phases.inside("index", 0.5):
        told.enters(10).done = 5
        assert told.percent == 25
    assert told.phases.listed() == (Phase("index", 5, 10),)


def test_weights_count_inside_of_a_phase() -> None:
    told = Told()
    with told.phases.inside("sizes", 0.5):
        loop = told.enters(4, weight=100)
        loop.done, told.report.weight_done = 1, 90.0
        assert told.percent == 45
        # A second loop is another part of the same work.
        told.enters(2, weight=100)
        assert told.percent == 22.5
    with told.phases.inside("items", 0.5):
        told.enters(4).done = 2
        assert told.percent == 75


def test_loops_with_weights_and_without_are_told_apart() -> None:
    told = Told()
    loop = told.enters(2, weight=80, weighed=20)
    assert told.percent == 25
    told.report.weight_done, loop.done = 80.0, 2
    told.enters(2)
    # Bytes and items do not add up: items are what both have.
    assert told.percent is None
    told = Told()
    told.enters(2, weight=80)
    told.report.weight_done = 40.0
    told.enters(2, weight=20)
    assert told.percent == 40


def test_a_phase_that_is_entered_again_is_the_same_one() -> None:
    told = Told()
    for _ in range(1000):
        with told.phases.inside("train", 0.5):
            pass
    with told.phases.inside("train", 0.5):
        told.enters(4).done = 1
        assert told.percent == 12.5
    assert [each.name for each in told.phases.listed()] == ["train"]


def test_what_was_resumed_is_no_work_of_this_start() -> None:
    told = Told()
    with told.phases.inside("fetch", 0.5):
        told.enters(1000, resumed=1000)
    assert told.phases.done() == Done(0.5, 0.5, 1.0)
    with told.phases.inside("parse", 0.5):
        loop = told.enters(100, resumed=50)
        assert told.phases.done() == Done(0.75, 0.75, 1.0)
        told.works(loop, 10, seconds=2.0)
        # 40 are left, of 2 s each.
        assert math.isclose(told.likely, 80, rel_tol=0.05)


@pytest.mark.parametrize(("remembered", "called", "resumed"), [(1, 0, 0.5), (0, 1, 0.0), (1, 1, 0.0), (0, 0, 0.0)])
def test_what_only_remembers_its_steps_is_no_work_either(remembered: int, called: int, resumed: float) -> None:
    told = Told()
    with told.phases.inside("ask", 0.5):
        for is_remembered in [True] * remembered + [False] * called:
            told.phases.step(remembered=is_remembered)
    assert told.phases.done() == Done(0.5, resumed, 1.0)


def test_a_phase_that_an_error_has_left_is_not_over_and_still_named_at_the_end() -> None:
    told = Told()
    with suppress(ValueError), told.phases.inside("a", 0.5), told.phases.inside("b", 1.0):
        told.enters(2).done = 1
        raise ValueError("odd")
    assert (told.percent, told.phases.current()) == (25, "a / b")
    with told.phases.inside("c", 0.5):
        assert told.phases.current() == "c"
    assert told.phases.current() is None


def an_agent(folder: Path) -> Inline:
    return Inline(
        folder,
        """
        def main(run: Run) -> None:
            with run.phase("list", share=0.1):
                run.step("list", lambda: did("listed"))
            with run.phase("fetch", share=0.4):
                for item in run.each(range(100)):
                    pass
            with run.phase("index", share=0.5):
                with run.phase("parse", share=0.5):
                    for item in run.each(range(100)):
                        with run.phase("tokens"):
                            if item == 50:
                                meet(sys.argv[1])
                with run.phase("write", share=0.5):
                    for item in run.each(range(100), durable=False):
                        time.sleep(0.02)
        """,
    )


def test_phases_go_on_where_a_kill_has_left_them(folder: Folder, tmp_path: Path) -> None:
    agent = an_agent(tmp_path / "agent")
    process = folder.start(agent.command("one"))
    said: dict[str, Any] = folder.when(phase="index / parse / tokens")
    assert said["percent_complete"] == 62.5
    assert said["phases"][0] == {"name": "list", "processed_items": 0, "total_items": 0}
    process.send_signal(signal.SIGKILL)
    process.communicate()
    process = folder.start(agent.command("two"))
    said = folder.when(phase="index / parse / tokens")
    assert (said["percent_complete"], said["resumed_items"]) == (62.5, 150)
    assert said["phases"][1:] == [
        {"name": "fetch", "processed_items": 100, "total_items": 100},
        {"name": "index", "processed_items": 50, "total_items": 100},
        {"name": "index / parse", "processed_items": 50, "total_items": 100},
    ]
    agent.let_go("two")
    # Nothing is committed there: the count is asked for now and then.
    eventually(lambda: folder.progress["phase"] == "index / write" and 75 < folder.progress["percent_complete"] < 100)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert (folder.progress["percent_complete"], folder.progress["status"]) == (100, "completed")
    assert agent.did() == ["listed"]


def test_a_stop_leaves_the_phase_where_it_was(folder: Folder, tmp_path: Path) -> None:
    agent = an_agent(tmp_path / "agent")
    process = folder.start(agent.command("one"))
    eventually(lambda: agent.reached("one"))
    process.terminate()
    agent.let_go("one")
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert (folder.progress["status"], folder.progress["phase"]) == ("interrupted", "index / parse")


def test_a_share_inside_of_an_item_is_refused(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("a"):
                with run.phase("part", share=0.5):
                    pass
        """,
    )
    process = folder.start(agent.command())
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "phase 'part': share=0.5 inside of an item" in said


def test_the_silence_of_a_heavy_item_in_hand_is_work(folder: Folder) -> None:
    """It is expected to take as long as it weighs: so much of what is left is done, and none of it is late."""

    def left_after_its_silence(in_hand: float | None) -> float:
        told = Told()
        loop = told.enters(11, weight=200)
        for done in range(1, 11):
            told.now += 10
            loop.done = told.report.processed = done
            told.report.weight_done = 10.0 * done
            assert told.report.progress(0.0)
        told.report.in_hand = in_hand
        told.now += 50
        return told.likely

    assert left_after_its_silence(100.0) < left_after_its_silence(None)


def test_what_the_item_in_hand_weighs_is_known_while_it_is_worked_at(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "weighs",
        """
        def main(run: Run) -> None:
            for size in run.each([3, 40], weight=float):
                did(run._work.loops.report.in_hand)
            for name in run.each("ab"):
                did(run._work.loops.report.in_hand)
        """,
    )
    assert folder.finish(agent.command()) == 0
    assert agent.did() == ["3.0", "40.0", "None", "None"]


def test_what_an_estimate_rests_on_is_told_with_it() -> None:
    told = Told()
    loop = told.enters(1000)
    told.report.total, told.report.workers = 1000, 3
    for second in range(1, 201):
        told.now = float(second)
        loop.done = told.report.processed = 4 * second if second <= 100 else 300 + second
        progress = told.report.progress(T0 + second)
    assert progress.pace is not None
    assert progress.pace.workers == 3
    assert progress.pace.changed_at == pytest.approx(T0 + 100, abs=12)
    assert progress.pace.factor == pytest.approx(0.25, abs=0.06)
    read = decode(Progress, encode(progress))
    assert isinstance(read, Progress)
    assert read.pace is not None
    assert (read.pace.factor, read.pace.workers) == (progress.pace.factor, 3)
    assert read.pace.changed_at == pytest.approx(progress.pace.changed_at, abs=0.001)


def test_shares_that_were_learned_count_where_nobody_said_any() -> None:
    told = Told()
    told.phases.expect({"fetch": 0.1, "index": 0.9})
    with told.phases.inside("fetch", None):
        told.enters(10).done = 10
    with told.phases.inside("index", None):
        told.enters(10).done = 5
        assert told.percent == 55
    # What it does beside its phases, or without an end, no share tells of.
    told.enters(10)
    assert told.percent is None
    told = Told()
    told.phases.expect({"stream": 1.0})
    with told.phases.inside("stream", None):
        told.enters(None).done = 5
        assert told.percent is None


def test_what_the_author_says_counts_before_what_was_learned() -> None:
    told = Told()
    told.phases.expect({"fetch": 0.1, "index": 0.9})
    with told.phases.inside("fetch", 0.5):
        told.enters(10).done = 10
    assert told.percent == 50
    with told.phases.inside("index", None):
        told.enters(10).done = 5
        assert told.percent is None


def test_the_time_of_each_phase_is_its_share_for_the_next_run() -> None:
    told = Told()
    for name, seconds in (("fetch", 2), ("index", 6)):
        with told.phases.inside(name, None):
            told.now += seconds / 2
            with told.phases.inside("inner", None):
                told.now += seconds / 2
    assert told.phases.shares() == {"fetch": 0.25, "fetch / inner": 1.0, "index": 0.75, "index / inner": 1.0}
