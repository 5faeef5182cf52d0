"""A log is bounded on disk by giving back its head: whatever an agent prints, the newest lines stay whole."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents.launchers.local import Order, launch
from overnight.agents.supervisor.bounding import LATEST, SOONEST, Log
from overnight.state import holes
from overnight.state.errors import WrongUsage
from overnight.state.home import Home
from overnight.state.records import Outcome
from overnight.state.rundir import RunDir
from overnight.tui.commands import logs
from overnight.tui.logfile import LogFile
from overnight.tui.tail import Tail
from tests.supervision.launched import agent, attempt, ended, events, is_alive
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

LIMIT = 1 << 20
FLOOD = """
line = 0
def flood(lines):
    global line
    sys.stdout.writelines(f"{number:099d}\\n" for number in range(line + 1, line + lines + 1))
    sys.stdout.flush()
    line += lines
"""


def kept(run: RunDir) -> list[int]:
    """The numbers in the lines that `overnight logs --all-lines` shows; a line that is not whole has none."""
    text = b"".join(logs.Log(run, None).read())
    assert text.endswith(b"\n")
    assert b"\0" not in text
    lines = text.splitlines()
    assert {len(each) for each in lines} == {99}
    return [int(each) for each in lines]


def on_disk(run: RunDir) -> int:
    return os.stat(run.output_path).st_blocks * 512


def test_a_log_past_its_limit_is_given_back_while_its_agent_works(home: Path) -> None:
    go = home.parent / "go"
    body = f"{FLOOD}flood(50_000)\nwhile not os.path.exists({str(go)!r}): time.sleep(0.02)\nflood(3)"
    run = agent(home, body, log_limit=LIMIT)
    eventually(lambda: os.stat(run.output_path).st_size == 5_000_000)
    eventually(lambda: on_disk(run) <= LIMIT, message="its head is given back")
    assert is_alive(attempt(run))
    shown = kept(run)
    assert shown == list(range(shown[0], 50_001)), "the newest lines, whole, and none is missing"
    assert len(shown) >= LIMIT // 200
    follower = logs.Log(run, None)
    assert len(list(follower.read())) >= 1
    go.touch()
    assert ended(run).outcome is Outcome.COMPLETED
    assert b"".join(follower.read()).split() == [b"%099d" % line for line in (50_001, 50_002, 50_003)]
    assert kept(run)[-1] == 50_003


def test_of_a_run_that_has_ended_no_more_is_left_than_its_limit(home: Path) -> None:
    run = agent(home, f"{FLOOD}flood(50_000)", log_limit=LIMIT)
    assert ended(run).outcome is Outcome.COMPLETED
    eventually(lambda: not run.is_supervised())
    assert on_disk(run) <= LIMIT
    shown = kept(run)
    assert shown == list(range(shown[0], 50_001))


def test_without_a_limit_all_is_kept(home: Path) -> None:
    run = agent(home, f"{FLOOD}flood(50_000)", log_limit=0)
    assert ended(run).outcome is Outcome.COMPLETED
    assert kept(run) == list(range(1, 50_001))


def test_the_interface_shows_the_newest_lines_of_a_log_whose_head_is_gone(home: Path) -> None:
    run = agent(home, f"{FLOOD}flood(50_000)", log_limit=LIMIT)
    ended(run)
    first = kept(run)[0]
    everything = Tail(run.output_path, window=1 << 30)
    everything.read()
    assert int(everything.lines[-1]) == 50_000
    page = LogFile(run.output_path).page(0)
    assert page is not None
    assert page.is_first
    assert int(page.lines[0].text) == first, "the pane begins with the first whole line"
    few = Tail(run.output_path, window=1000)
    few.read()
    assert [int(each) for each in few.lines] == list(range(49_992, 50_001))
    os.truncate(run.output_path, holes.kept_from(os.open(run.output_path, os.O_RDONLY)) + 200)
    whole = Tail(run.output_path)
    whole.read()
    assert [int(each) for each in whole.lines] == [first, first + 1], "the first line that is kept is whole"


def test_what_is_given_back_while_it_is_read_is_not_shown_as_zeros(home: Path) -> None:
    run = Home(str(home)).new_run("slow")
    Path(run.output_path).write_bytes(b"".join(b"%099d\n" % line for line in range(50_000)))
    reader = logs.Log(run, None).read()
    tail = Tail(run.output_path)
    tail.read()
    first = next(reader)
    assert Log(run, LIMIT).bound(0.0) is None
    rest = b"".join(reader)
    assert b"\0" not in rest
    assert int(rest[:99]) > 40_000
    assert rest.endswith(b"%099d\n" % 49_999)
    assert first.startswith(b"%099d" % 0)
    assert on_disk(run) <= LIMIT
    with open(run.output_path, "ab") as file:
        file.write(b"new\n")
    tail.read()
    assert tail.lines[-2:] == (f"{49_999:099d}", "new")


def test_a_log_that_its_agent_empties_starts_anew(home: Path) -> None:
    run = Home(str(home)).new_run("emptied")
    log = Log(run, LIMIT)
    with open(run.output_path, "ab", buffering=0) as file:
        file.write(b"old\n" * LIMIT)
        assert log.bound(1.0) is None
        os.truncate(run.output_path, 0)
        file.write(b"new\n")
        assert log.bound(10.0) is None
        assert b"".join(logs.Log(run, None).read()) == b"new\n"
        file.write(b"new\n" * LIMIT)
        assert log.bound(20.0) is None
    assert on_disk(run) <= LIMIT
    assert set(b"".join(logs.Log(run, None).read()).split()) == {b"new"}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=60), st.integers(0, 9000))
def test_a_hole_ends_where_a_line_ends(lengths: list[int], keep: int) -> None:
    lines = [b"x" * 99 + b"\n"] * 100 + [b"%d" % number * length + b"\n" for number, length in enumerate(lengths)]
    with open(os.memfd_create("log"), "r+b") as file:
        file.write(b"".join(lines))
        file.flush()
        size = file.tell()
        start = max(2 * holes.BLOCK, size - keep)
        holes.punch(file.fileno(), 0, holes.line_end(file.fileno(), start, 1 << 18))
        text = os.pread(file.fileno(), size, holes.kept_from(file.fileno()))
    assert text in {b"".join(lines[at:]) for at in range(len(lines) + 1)}, "whole lines, the newest"


def test_one_endless_line_is_cut_all_the_same(home: Path) -> None:
    run = Home(str(home)).new_run("bar")
    Path(run.output_path).write_bytes(b"10%\r" * LIMIT + b"\nlast\n")
    assert Log(run, LIMIT).bound(0.0) is None
    assert on_disk(run) <= LIMIT
    assert b"".join(logs.Log(run, None).read()) == b"last\n"


def test_a_quiet_log_is_looked_at_when_the_supervisor_wakes_up_anyway(home: Path) -> None:
    run = Home(str(home)).new_run("quiet")
    Path(run.output_path).write_bytes(b"hello\n")
    log, now, dues = Log(run, LIMIT), 100.0, list[float]()
    log.bound(now)
    while log.due is not None:
        dues.append(log.due - now)
        now = log.due
        log.bound(now)
    assert dues[0] == pytest.approx(SOONEST)
    assert len(dues) < 10, "an attempt that has begun is looked at closely for a moment only"
    with open(run.output_path, "ab") as file:
        file.write(b"x" * LIMIT)
    log.bound(now + LATEST)
    assert log.due is not None, "it grows fast"
    assert log.due - now - LATEST == pytest.approx(LATEST / 2, rel=0.01)


@pytest.fixture
def ramfs(tmp_path: Path) -> Iterator[Path]:
    """A filesystem that cannot free a part of a file."""
    place = tmp_path / "ramfs"
    place.mkdir()
    mount = ["mount", "-t", "ramfs", "-o", "mode=700", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount one")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_where_the_filesystem_refuses_it_is_said_once_and_nothing_is_bounded(ramfs: Path) -> None:
    run = launch(Home(str(ramfs)), Order(("sh", "-c", "yes | head -n 2000000"), log_limit=LIMIT))
    ended(run)
    assert events(run).count("unbounded") == 1
    assert Path(run.supervisor_log_path).read_text().count("takes more of the disk than its limit") == 1
    assert b"".join(logs.Log(run, None).read()) == b"y\n" * 2_000_000


def test_a_limit_that_is_too_small_to_be_kept_is_refused(home: Path) -> None:
    with pytest.raises(WrongUsage, match="--log-limit 4K: must be 1M at least"):
        launch(Home(str(home)), Order(("true",), log_limit=4096))


@pytest.mark.long
def test_a_flood_of_a_gigabyte_stays_within_its_limit_on_disk(home: Path) -> None:
    limit = 32 * LIMIT
    run = agent(home, f"{FLOOD}for _ in range(200): flood(50_000)", log_limit=limit)
    peak = 0

    def is_over() -> bool:
        nonlocal peak
        peak = max(peak, on_disk(run))
        return run.exit() is not None

    eventually(is_over, timeout=300)
    eventually(lambda: not run.is_supervised())
    assert os.stat(run.output_path).st_size == 1_000_000_000
    assert peak < 4 * limit
    assert on_disk(run) <= limit
    shown = kept(run)
    assert shown == list(range(shown[0], 10_000_001))
