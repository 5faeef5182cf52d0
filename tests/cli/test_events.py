"""`history` and `events`: what happened to runs in one order; followed, every event once and none left out."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from overnight.state.chronicle import append
from overnight.state.records import Event
from overnight.state.rundir import RunDir
from tests.cli.records import STARTED, an_ended_run
from tests.command import OVERNIGHT, launched, overnight, when_ended
from tests.conftest import processes_of
from tests.supervision.launched import kill_supervisor
from tests.terminal import a_terminal
from tests.waiting import eventually

HOSTILE = "\x1b]0;owned\x07evil\x1b[2J\n[/x]"


def happened(run: RunDir, at: float, event: str = "started", **detail: Any) -> None:
    append(run, Event(STARTED + at, event, 1, detail=detail))


class Follower:
    """`overnight events -f --json`, read as it comes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._lines: Queue[bytes] = Queue()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def next(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.get(timeout=30))
        return found

    def next_of(self, run: str, event: str) -> dict[str, Any]:
        while (found := self.next())["run"] != run or found["event"] != event:
            pass
        return found

    def rest(self) -> list[dict[str, Any]]:
        """What had come when it was interrupted."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(20) == 130
        self._reading.join()
        return [json.loads(self._lines.get()) for _ in range(self._lines.qsize())]


@contextmanager
def following(*arguments: str) -> Iterator[Follower]:
    # Unbuffered by the environment, it would hide that nothing is written out.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [OVERNIGHT, "events", "-f", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        try:
            yield Follower(process)
        finally:
            process.kill()


def test_a_person_reads_when_what_happened_to_a_run(home: Path) -> None:
    run = an_ended_run(home, created_at=STARTED)
    happened(run, 1, pid=4242)
    happened(run, 2, "ended", outcome="failed", reason="exit code 1")
    created, started, ended = overnight("history", "crawl").stdout.splitlines()
    assert created.split("  ", 1)[1] == "created        by ann@host"
    assert started.split("  ", 1)[1] == "started        attempt 1  pid 4242"
    assert ended.split("  ", 1)[1] == "ended          attempt 1  failed  exit code 1"


def test_of_several_runs_each_line_says_of_which_and_time_orders_them(home: Path) -> None:
    one, two = (an_ended_run(home, name, created_at=STARTED + after) for name, after in (("one", 0), ("two", 1)))
    happened(one, 2)
    happened(two, 3)
    for arguments in (["history", "two", "one"], ["history", "--all"], ["events"], ["events", "--all"]):
        lines = overnight(*arguments).stdout.splitlines()
        assert [next(run for run in (one.id, two.id) if run in line) for line in lines] == [
            one.id,
            two.id,
            one.id,
            two.id,
        ]
    assert len(overnight("events", "two").stdout.splitlines()) == 2
    assert overnight("events", "--group", "g").stdout == ""


def test_json_is_one_array_with_the_run_of_each_event(home: Path) -> None:
    run = an_ended_run(home, created_at=STARTED)
    happened(run, 1, pid=4242)
    for verb in ("history", "events"):
        created, started = json.loads(overnight(verb, "--json", run.id).stdout)
        assert (created["run"], created["event"], created["by"]) == (run.id, "created", "ann@host")
        assert (started["attempt"], started["detail"]) == (1, {"pid": 4242})
        assert started["at"].endswith("+00:00")
    assert json.loads(overnight("events", "--json", "--group", "nobody").stdout) == []


def test_nothing_that_an_event_says_reaches_a_person_as_an_escape_code(home: Path) -> None:
    run = an_ended_run(home)
    happened(run, 1, HOSTILE, reason=HOSTILE, **{HOSTILE: HOSTILE})
    for verb in ("history", "events"):
        shown = overnight(verb, run.id).stdout
        assert "evil" in shown
        assert "owned" not in shown
        assert "\x1b" not in shown
        assert len(shown.splitlines()) == 2
        assert json.loads(overnight(verb, "--json", run.id).stdout)[-1]["event"] == HOSTILE


def test_a_name_that_there_is_not_leaves_the_others(home: Path) -> None:
    run = an_ended_run(home)
    for arguments in (["history"], ["events"]):
        done = overnight(*arguments, "nobody", run.id)
        assert done.returncode == 3
        assert "created" in done.stdout
    done = overnight("events", "-f", "nobody")
    assert (done.returncode, done.stdout) == (3, "")


@pytest.mark.leaves_no_process
def test_following_tells_what_is_on_record_and_what_comes_each_once_and_by_time(home: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    old = an_ended_run(home, "old")
    held = launched("--name", "held", "--", "sh", "-c", f"until [ -e {go} ]; do sleep 0.02; done")
    with following() as follower:
        assert follower.next()["run"] == old.id
        assert follower.next_of(held, "started")
        new = [launched("--name", f"new-{number}", "--", "true") for number in range(5)]
        assert overnight("pause", held, "--timeout", "30").returncode == 0
        assert overnight("resume", held, "--timeout", "30").returncode == 0
        go.touch()
        told: list[dict[str, Any]] = []
        while {each["run"] for each in told if each["event"] == "ended"} < {held, *new}:
            told.append(follower.next())
        told += follower.rest()
    told = [each for each in told if each["run"] != old.id]
    assert [each["at"] for each in told] == sorted(each["at"] for each in told)
    for run in (held, *new):
        on_record = json.loads(overnight("history", "--json", run).stdout)
        skipped = 2 if run == held else 0
        assert [each for each in told if each["run"] == run] == on_record[skipped:]


@pytest.mark.leaves_no_process
def test_following_goes_on_when_runs_are_removed_and_ends_when_nothing_can_come(home: Path) -> None:
    first, second = an_ended_run(home, "first"), an_ended_run(home, "second")
    with following() as everything, following("first", "second") as named:
        for follower in (everything, named):
            assert {follower.next()["run"] for _ in range(2)} == {first.id, second.id}
        assert overnight("rm", "first").returncode == 0
        assert named.process.stderr is not None
        assert named.process.stderr.readline() == f"{first.id} was removed\n".encode()
        for follower in (everything, named):
            happened(second, 5, "noted")
            assert follower.next_of(second.id, "noted")
        assert overnight("rm", "second").returncode == 0
        assert named.process.wait(20) == 3
        third = an_ended_run(home, "third")
        assert everything.next_of(third.id, "created")
        everything.rest()


@pytest.mark.leaves_no_process
def test_a_group_is_followed_with_the_runs_that_come_to_it(home: Path) -> None:
    an_ended_run(home, "other")
    with following("--group", "g") as follower:
        inside = an_ended_run(home, "inside", group="g")
        assert follower.next()["run"] == inside.id
        an_ended_run(home, "outside")
        happened(inside, 3, "noted")
        assert follower.next()["event"] == "noted"
        assert follower.rest() == []


@pytest.mark.leaves_no_process
def test_following_gives_a_run_a_new_supervisor_and_tells_of_it(home: Path) -> None:
    run = launched("--", "sleep", "600")
    with following() as follower:
        assert follower.next_of(run, "started")
        kill_supervisor(RunDir(str(home / "runs" / run)))
        assert follower.next_of(run, "adopted")
        assert overnight("kill", run, "--timeout", "30").returncode == 0
        assert follower.next_of(run, "ended")
        follower.rest()
    when_ended(run)
    eventually(lambda: not processes_of(home))


def test_following_ends_with_its_reader_though_nothing_happens(home: Path) -> None:
    an_ended_run(home)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {OVERNIGHT} events -f | head -n 1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "created" in done.stdout


def test_ctrl_c_ends_the_following_with_whole_lines(home: Path) -> None:
    an_ended_run(home)
    with a_terminal([OVERNIGHT, "events", "-f"]) as terminal:
        terminal.shows("created")
        terminal.type("\x03")
        assert terminal.ends() == 130
        assert "Runs go on" in terminal.text()
        assert "Traceback" not in terminal.text()


def test_following_for_long_takes_no_more_memory(home: Path) -> None:
    run = an_ended_run(home)
    with following() as follower:
        follower.next()

        def resident_after(count: int) -> int:
            for number in range(count):
                happened(run, number, text="x" * 1000)
            for _ in range(count):
                follower.next()
            status = Path(f"/proc/{follower.process.pid}/status").read_text()
            return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))

        before = resident_after(3000)
        assert resident_after(3000) < before + 4000, "kB; the events alone have 3 MB and as records more"
        follower.rest()


def test_a_fleet_without_runs_is_followed_until_there_is_one(home: Path) -> None:
    with following() as follower:
        eventually(lambda: follower.process.poll() is None)
        run = an_ended_run(home)
        assert follower.next()["run"] == run.id
        shutil.rmtree(home / "runs")
        assert not os.path.exists(home / "runs")
        run = an_ended_run(home)
        assert follower.next()["run"] == run.id
        follower.rest()
