"""The terminal is told when something has changed, only what was asked for, and gets back what it had."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from overnight.state.records import Exit, Outcome, Progress
from overnight.state.status import Status
from overnight.tui.events import Arrived, Ticked
from overnight.tui.model import Fleet
from overnight.tui.notices import BELL, GIVE_TITLE_BACK, KEEP_TITLE, NO_PROGRESS, Notice, Told, news
from overnight.tui.reducer import reduce
from tests.builders import T0, heartbeat, progress
from tests.command import OVERNIGHT
from tests.terminal import Terminal, a_terminal
from tests.tui.driven import a_supervised_run
from tests.tui.test_model import DONE, FAILED, a_fleet, folded, named
from tests.waiting import eventually

CANCELLED = Exit(Outcome.CANCELLED, None, "SIGTERM", ended_at=T0)
INTERRUPTED = Exit(Outcome.INTERRUPTED, None, "SIGTERM", ended_at=T0)


def rings(before: Fleet, fleet: Fleet) -> bool:
    return BELL in news((Notice.BELL,), before, fleet, Told())[0]


# -- what is told


@pytest.mark.parametrize(("ended", "bad"), [(FAILED, True), (INTERRUPTED, True), (DONE, False), (CANCELLED, False)])
def test_the_bell_rings_when_a_run_ends_badly(ended: Exit, bad: bool) -> None:
    before = a_fleet(named("a"), named("b"))
    after = folded([Arrived((named("a", exit=ended),))], before)
    assert rings(before, after) is bad
    assert not rings(after, folded([Ticked(T0 + 1)], after)), "it has rung"


def test_the_bell_rings_when_a_run_stalls() -> None:
    later = T0 + 3600
    before = a_fleet(named("a", heartbeat=heartbeat(last_heartbeat=later), heartbeat_changed_at=later))
    after = reduce(before, Ticked(later))
    assert after.statuses == {"a": Status.STALLED}
    assert rings(before, after)
    assert not rings(after, reduce(after, Ticked(later + 1))), "it has rung"


def test_the_bell_does_not_ring_for_what_was_bad_when_the_interface_was_opened() -> None:
    empty = Fleet(now=T0)
    opened = folded([Arrived((named("a", exit=FAILED),))], empty)
    assert not rings(empty, opened)
    assert rings(opened, folded([Arrived((named("b", exit=FAILED),))], opened)), "one that came and failed meanwhile"


def test_each_thing_is_told_once_and_only_where_it_was_asked_for() -> None:
    before = Fleet(now=T0, host="gpu-03")
    fleet = folded([Arrived((named("a", progress=progress()), named("b", exit=FAILED))), Ticked(T0)], before)
    assert news(tuple(Notice), before, before, Told()) == ("", Told()), "what there is to say is not known yet"
    codes, told = news(tuple(Notice), before, fleet, Told())
    assert codes == "\x1b]2;overnight gpu-03: 1 running, 1 failed\x1b\\\x1b]9;4;1;70\x1b\\"
    assert news(tuple(Notice), fleet, fleet, told) == ("", told)
    assert news((), before, fleet, Told()) == ("", Told())
    moved = folded([Arrived((named("a", progress=progress(processed_items=42)),)), Ticked(T0)], fleet)
    assert news(tuple(Notice), fleet, moved, told)[0] == "\x1b]9;4;1;71\x1b\\"
    over = folded([Arrived((named("a", exit=DONE),)), Ticked(T0)], fleet)
    assert news((Notice.PROGRESS,), fleet, over, told)[0] == NO_PROGRESS


def test_no_code_of_a_host_name_reaches_the_title() -> None:
    fleet = reduce(Fleet(now=T0, host="ev\x1b]0;x\x07il\x9c"), Arrived(()))
    codes, _ = news((Notice.TITLE,), fleet, fleet, Told())
    assert codes == "\x1b]2;overnight evil: no runs\x1b\\"


# -- on a terminal


def configured(tmp_path: Path, notify: str) -> dict[str, Any]:
    path = tmp_path / "my.toml"
    path.write_text(f"notify = {notify}\n")
    return {"OVERNIGHT_CONFIG": str(path)}


def titles(terminal: Terminal) -> list[bytes]:
    return re.findall(rb"\x1b\]2;([^\x1b]*)\x1b\\", terminal.raw)


def assert_given_back(terminal: Terminal) -> None:
    raw = terminal.raw
    assert raw.count(KEEP_TITLE.encode()) == raw.count(GIVE_TITLE_BACK.encode()) > 0
    assert raw.rindex(GIVE_TITLE_BACK.encode()) > raw.rindex(b"\x1b]2;")
    assert raw.rindex(NO_PROGRESS.encode()) > raw.rindex(b"\x1b]9;4;1;")


ALL = '["bell", "title", "progress"]'


def test_the_title_the_progress_and_the_bell_follow_a_run(home: Path, tmp_path: Path) -> None:
    with a_supervised_run(home, "crawl") as run, a_terminal([OVERNIGHT], **configured(tmp_path, ALL)) as terminal:
        terminal.shows("crawl", "40%")
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;40\x1b\\" in terminal.raw)
        assert titles(terminal)[-1].endswith(b": 1 running")
        assert b"\a" not in re.sub(rb"\x1b\][^\x07\x1b]*\x07", b"", terminal.raw)
        run.write(run.progress_path, Progress(processed_items=50, total_items=100, attempt=1))
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;50\x1b\\" in terminal.raw)
        run.write(run.exit_path, Exit(Outcome.FAILED, 1, attempts=1, started_at=1.0, ended_at=2.0))
        eventually(lambda: terminal.text() and titles(terminal)[-1].endswith(b": 1 failed"))
        assert re.sub(rb"\x1b\][^\x07\x1b]*\x07", b"", terminal.raw).count(b"\a") == 1
        terminal.type("q")
        assert terminal.ends() == 0
        assert_given_back(terminal)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_gives_title_and_progress_back(home: Path, tmp_path: Path, number: int, code: int) -> None:
    with a_supervised_run(home, "crawl"), a_terminal([OVERNIGHT], **configured(tmp_path, ALL)) as terminal:
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;40\x1b\\" in terminal.raw)
        os.kill(int(terminal.child.pid or 0), number)
        assert terminal.ends() == code
        assert_given_back(terminal)


def test_a_loop_that_is_stuck_gives_title_and_progress_back(home: Path) -> None:
    stuck = (
        "import sys, time; from overnight.state.home import default_home; "
        "from overnight.tui.config_reading import config_of; "
        "from overnight.tui.app import OvernightApp as A; from overnight.tui.start import run_app; "
        "from overnight.tui.feed import Feed; home = default_home(); "
        "A.action_redraw = lambda self: time.sleep(60); "
        f"sys.exit(run_app(home, Feed(home), config=config_of('notify = {ALL}')))"
    )
    with a_supervised_run(home, "crawl"), a_terminal([sys.executable, "-c", stuck]) as terminal:
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;40\x1b\\" in terminal.raw)
        terminal.type("\x0c")
        os.kill(int(terminal.child.pid or 0), signal.SIGTERM)
        assert terminal.ends() == 143
        assert_given_back(terminal)


def test_the_shell_has_its_own_title_while_the_interface_is_suspended(home: Path, tmp_path: Path) -> None:
    with a_supervised_run(home, "crawl"), a_terminal([OVERNIGHT], **configured(tmp_path, ALL)) as terminal:
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;40\x1b\\" in terminal.raw)
        terminal.type("\x1a")
        eventually(lambda: terminal.text() and NO_PROGRESS.encode() in terminal.raw)
        eventually(lambda: Path(f"/proc/{terminal.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        assert_given_back(terminal)
        before = len(terminal.raw)
        os.kill(int(terminal.child.pid or 0), signal.SIGCONT)
        eventually(lambda: terminal.text() and b"\x1b]9;4;1;40\x1b\\" in terminal.raw[before:])
        assert KEEP_TITLE.encode() in terminal.raw[before:]
        terminal.type("q")
        assert terminal.ends() == 0
        assert_given_back(terminal)


def test_without_being_asked_for_nothing_is_told(home: Path) -> None:
    with a_supervised_run(home, "crawl"), a_terminal([OVERNIGHT]) as terminal:
        terminal.shows("crawl", "40%")
        terminal.type("q")
        assert terminal.ends() == 0
        assert not re.search(rb"\x1b\](?:2|9);|\x1b\[2[23];2t", terminal.raw)
