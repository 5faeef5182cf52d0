"""Items that end the process: found by the mark of what was in hand, tried alone, and left out after three deaths of
their own. Whoever was only there by chance is not held guilty, and no death that somebody else caused counts.
"""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overnight.agents.marks import Left, died_by_itself, read
from overnight.state import control
from overnight.state.process import boot_id
from overnight.state.records import Attempt, Event, Request, Verb
from overnight.state.rundir import RunDir
from tests.command import launched, overnight, when_ended
from tests.sdk.attempts import Folder, program
from tests.sdk.scripts import Script
from tests.stories.scenes import directory, record
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process

Write = Callable[[str], Script]
T0 = 1_800_000_000.0
ENDED = Attempt(2, 4711, 1, "this boot", T0, T0 + 60, signal="SIGSEGV")


def errors_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "errors.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("kind", "where"),
    [("each", "body"), ("aeach", "body"), ("map", "call"), ("map", "body"), ("amap", "call"), ("amap", "body")],
)
def test_under_a_supervisor_it_is_quarantined_after_three_deaths_and_the_run_completes(
    home: Path, tmp_path: Path, kind: str, where: str
) -> None:
    run = launched("--retries", "3", "--", *program("poison", kind, where, tmp_path))
    ended = when_ended(run, timeout=90)
    assert (ended["status"], ended["processed_items"], ended["failed_items"]) == ("completed", 12, 1)
    (error,) = errors_of(directory(run))
    assert (error["item"], error["type"], error["outcome"], error["tries"]) == ("5", "Died", "quarantined", 3)
    assert "died 3 times in a row" in error["message"]
    begun = Counter((tmp_path / "begun").read_text().split())
    assert begun.pop("5") == 3
    # Those that were in hand beside it are done once more, and no more.
    assert set(begun) == set(map(str, range(12))) - {"5"}
    assert max(begun.values()) <= 2
    out = (directory(run) / "artifacts" / "out.txt").read_text()
    assert out == "".join(f"{item}\n" for item in range(12) if item != 5)
    # Asked for again, it gets its chance.
    (tmp_path / "harmless").touch()
    assert overnight("retry", run, "--errors").returncode == 0
    eventually(lambda: record(run, "progress.json").get("failed_items") == 0 and when_ended(run))
    assert sorted((directory(run) / "artifacts" / "out.txt").read_text().split()) == sorted(map(str, range(12)))


def record_of(folder: Folder, process: "subprocess.Popen[str]", **how: Any) -> None:
    """As a keeper writes down how the newest attempt ended."""
    attempt = Attempt(folder.attempts, process.pid, 1, boot_id(), time.time() - 3600, time.time())
    folder.run.write(folder.run.attempt_path(folder.attempts), attempt._replace(**how))


def deaths_of(folder: Folder) -> dict[str, int]:
    """As the newest line of the log says that names them."""
    lines = [json.loads(line[9:]) for line in (folder.path / "checkpoint.log").read_text().splitlines()]
    kept = [line["keep"]["deaths"] for line in lines if "deaths" in line.get("keep", {})]
    return dict(kept[-1]) if kept else {}


def marked(page: str) -> set[str]:
    left = read(page)
    return set() if left is None else set(left.items)


HANDS = """
def main(run):
    def fn(item):
        said("begun", item)
        held(item)
    for item, _ in run.map(fn, range(8), workers=3):
        said("body", item)
        held(f"body {item}")
"""


def test_the_page_names_what_is_worked_on_and_not_what_waits_for_its_turn(script: Write) -> None:
    agent = script(HANDS)
    process = agent.start()
    agent.when_said("begun", 3)
    page = str(agent.folder.path / "in-hand")
    assert marked(page) == {"0:0", "0:1", "0:2"}
    agent.go(2)
    agent.when_said("begun", 4)
    eventually(lambda: marked(page) == {"0:0", "0:1", "0:3"})
    agent.go(0)
    agent.when_said("body", 1)
    agent.when_said("begun", 5)
    eventually(lambda: marked(page) == {"0:0", "0:1", "0:3", "0:4"})
    agent.go()
    agent.end(process)
    assert read(page) is None


def test_a_suspect_is_alone_in_call_and_body_until_it_is_committed(script: Write) -> None:
    agent = script(HANDS)
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    agent.kill(process)
    record_of(folder, process, signal="SIGKILL")
    process = agent.start()
    for suspect in range(3):
        agent.when_said("begun", 4 + suspect)
        assert read(str(folder.path / "in-hand")) == Left(2, (f"0:{suspect}",))
        agent.go(suspect)
        agent.when_said("body", 1 + suspect)
        assert read(str(folder.path / "in-hand")) == Left(2, (f"0:{suspect}",))
        assert len(agent.said("begun")) == 4 + suspect
        agent.go(f"body {suspect}")
    # They are cleared: what follows is done beside each other.
    agent.when_said("begun", 3 + 3 + 3)
    agent.go()
    agent.end(process)
    assert deaths_of(folder) == {}
    assert folder.committed() == list(map(str, range(8)))
    assert not (folder.path / "errors.jsonl").exists()


def test_only_the_guilty_is_left_out_however_many_were_in_hand(script: Write) -> None:
    agent = script(HANDS)
    folder = agent.folder
    # First with two others beside it, then behind one of them, then at once.
    for begun in (3, 5, 6):
        process = agent.start()
        agent.when_said("begun", begun)
        agent.kill(process)
        record_of(folder, process, signal="SIGKILL")
        agent.go(0)
        agent.go("body 0")
    assert deaths_of(folder) == {"0:1": 2}
    agent.go()
    agent.finish()
    (error,) = folder.errors()
    assert (error["item"], error["type"], error["tries"]) == ("1", "Died", 3)
    assert Counter(agent.said("begun")) == {**dict.fromkeys("0234567", 1), "0": 2, "1": 3, "2": 2}
    assert folder.committed() == list(map(str, range(8)))
    assert deaths_of(folder) == {}


@pytest.mark.parametrize(
    "how",
    [None, {"boot_id": "another boot", "signal": "SIGKILL"}, {"signal": "SIGTERM"}, {"code": 75}, {"code": 0}],
    ids=["no record", "another boot", "SIGTERM", "75", "0"],
)
def test_a_death_that_is_not_its_own_or_not_on_record_counts_for_nothing(
    script: Write, how: dict[str, Any] | None
) -> None:
    agent = script(HANDS)
    for _ in range(3):
        process = agent.start()
        agent.when_said("begun", 3)
        agent.kill(process)
        if how is not None:
            record_of(agent.folder, process, **how)
        (agent.home / "begun").unlink()
    agent.go()
    agent.finish()
    assert deaths_of(agent.folder) == {}
    assert not (agent.folder.path / "errors.jsonl").exists()


def test_what_the_operator_ends_is_nobodys_death(home: Path, tmp_path: Path) -> None:
    agent = Script(Folder(home / "unused"), tmp_path, HANDS)
    run = launched("--stop-grace", "2", "--", *agent.command)
    for verb in (Verb.KILL, Verb.RESTART, Verb.CANCEL):
        agent.when_said("begun", 3)
        (agent.home / "begun").unlink()
        if verb is Verb.RESTART:
            control.ask(RunDir(str(directory(run))), verb)
        else:
            assert overnight(verb, run, "--timeout", "30").returncode == 0
            assert when_ended(run)["status"] == "cancelled"
            assert overnight("retry", run).returncode == 0
    agent.when_said("begun", 3)
    agent.go()
    assert when_ended(run)["status"] == "completed"
    assert b'"deaths"' not in (directory(run) / "checkpoint.log").read_bytes()


@pytest.mark.parametrize("held", [False, True])
def test_an_exception_is_nobodys_death(script: Write, held: bool) -> None:
    results = "run.map(fn, range(4), workers=2)"
    agent = script(f"""
def main(run):
    def fn(item):
        said("begun", item)
    {"results = " + results if held else "pass"}
    for item, _ in {"results" if held else results}:
        if not (HERE / "go").exists():
            raise ValueError("an error")
""")
    for _ in range(4):
        process = agent.start()
        agent.end(process, 1, stderr="ValueError")
        record_of(agent.folder, process, code=1)
    agent.go()
    agent.finish()
    assert deaths_of(agent.folder) == {}
    assert [error["type"] for error in agent.folder.errors()] == ["ValueError"] * 4


def test_a_death_is_counted_once_though_the_next_start_is_killed_too(script: Write) -> None:
    """In the instant after it was counted, before the page is this process's own."""
    agent = script(HANDS)
    process, folder = agent.start(), agent.folder
    agent.when_said("begun", 3)
    agent.kill(process)
    record_of(folder, process, signal="SIGKILL")
    left = (folder.path / "in-hand").read_bytes()
    process = agent.start()
    agent.when_said("begun", 4)
    agent.kill(process)
    (folder.path / "in-hand").write_bytes(left)
    process = agent.start()
    agent.when_said("begun", 5)
    agent.kill(process)
    assert deaths_of(folder) == {"0:0": 1, "0:1": 1, "0:2": 1}


def test_where_there_is_no_room_for_the_page_nothing_is_marked_and_all_is_done(folder: Folder, tmp_path: Path) -> None:
    os.mkdir(folder.path / "in-hand")
    (tmp_path / "harmless").touch()
    assert folder.finish(program("poison", "map", "call", tmp_path)) == 0
    assert len(folder.committed()) == 12


@pytest.mark.parametrize(
    ("attempt", "own"),
    [
        (ENDED, True),
        (ENDED._replace(signal="SIGKILL"), True),
        (ENDED._replace(signal=None, code=3), True),
        (ENDED._replace(signal=None, ended_at=None), True),
        (None, False),
        (ENDED._replace(boot_id="the boot before"), False),
        (ENDED._replace(signal=None, code=0), False),
        (ENDED._replace(signal=None, code=75), False),
        (ENDED._replace(signal="SIGTERM"), False),
        (ENDED._replace(signal="SIGHUP"), False),
    ],
)
def test_how_it_ended_tells_whether_a_death_was_its_own(attempt: Attempt | None, own: bool) -> None:
    assert died_by_itself(attempt, [], [], "this boot") is own


@pytest.mark.parametrize(
    ("request_", "own"),
    [
        (Request(1, Verb.KILL, attempt=2, at=T0 + 59), False),
        (Request(1, Verb.RESTART, attempt=2, at=T0 + 59), False),
        (Request(1, Verb.CANCEL, attempt=None, at=T0 + 1), False),
        (Request(1, Verb.CANCEL, attempt=None, at=None), False),
        (Request(1, Verb.KILL, attempt=1, at=T0 + 59), True),
        (Request(1, Verb.CANCEL, attempt=None, at=T0 - 1), True),
        (Request(1, Verb.CANCEL, attempt=None, at=T0 + 61), True),
        (Request(1, Verb.PAUSE, attempt=2, at=T0 + 59), True),
        (Request(1, Verb.STACKS, attempt=2, at=T0 + 59), True),
    ],
)
def test_what_was_asked_tells_whether_a_death_was_its_own(request_: Request, own: bool) -> None:
    assert died_by_itself(ENDED, [request_], [], "this boot") is own


@pytest.mark.parametrize(
    ("event", "own"),
    [
        (Event(T0, "died", 2, detail={"signal": "SIGSEGV", "reason": "ended by SIGSEGV"}), True),
        (Event(T0, "retrying", 2, detail={"reason": "ended by SIGSEGV"}), True),
        (Event(T0, "ended", 2, detail={"outcome": "failed", "reason": "ended by SIGSEGV"}), True),
        # It was slow before it died: nobody ended it for that.
        (Event(T0, "stalled", 2), True),
        (Event(T0, "limited", 2, detail={"reason": "held 2G of memory, more than its limit of 1G"}), False),
        (Event(T0, "limited", 1, detail={"reason": "held 2G of memory, more than its limit of 1G"}), True),
        (Event(T0, "retrying", 2, detail={"reason": "stalled"}), False),
        (Event(T0, "ended", 2, detail={"outcome": "failed", "reason": "stalled twice without progress"}), False),
        (Event(T0, "ended", 2, detail={"outcome": "interrupted", "reason": "its supervisor was told to end"}), False),
        (Event(T0, "ended", 2, detail={"outcome": "cancelled"}), False),
        (Event(T0, "ended", 1, detail={"outcome": "cancelled"}), True),
    ],
)
def test_what_its_supervisor_wrote_tells_whether_a_death_was_its_own(event: Event, own: bool) -> None:
    assert died_by_itself(ENDED, [], [event], "this boot") is own


def test_insisting_on_a_stop_is_nobodys_death(script: Write) -> None:
    agent = script(HANDS)
    for _ in range(3):
        process = agent.start()
        agent.when_said("begun", 3)
        (agent.home / "begun").unlink()
        process.send_signal(signal.SIGTERM)
        stopped = time.monotonic()
        eventually(lambda stopped=stopped: time.monotonic() - stopped > 1.05)  # type: ignore[misc]
        process.send_signal(signal.SIGTERM)
        agent.end(process, 75)
        record_of(agent.folder, process, code=75)
    agent.go()
    agent.finish()
    assert deaths_of(agent.folder) == {}
