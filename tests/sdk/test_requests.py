"""Pause, resume and stop as an agent obeys them: real signals, requests written by hand, and no supervisor at all."""

import os
import signal
import time
from pathlib import Path

import pytest

from overnight.agents.orders import Wish, wish_of
from overnight.state.records import Request, Verb
from tests.sdk.attempts import Folder, program
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def test_a_pause_is_obeyed_at_the_item_edge_and_acknowledged_with_its_number(folder: Folder) -> None:
    command = program("lines", 100, 0.02)
    process = folder.start(command)
    folder.when_processed(3)
    number = folder.ask(Verb.PAUSE)
    process.send_signal(signal.SIGTSTP)
    said = folder.when(status="paused", acknowledged=number)
    assert said["processed_items"] == len(folder.committed())
    assert folder.record("checkpoint.json")["loops"][0]["watermark"] == said["processed_items"]
    beat = folder.record("heartbeat.json")["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    assert len(folder.committed()) == said["processed_items"]
    number = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    after = folder.when(status="running", acknowledged=number)
    # A pause is no time on the active clock.
    assert after["active_seconds"] - said["active_seconds"] < 0.5
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert folder.committed() == [str(item) for item in range(100)]


def test_signals_alone_count_where_nobody_wrote_a_request(folder: Folder) -> None:
    process = folder.start(program("lines", 200, 0.01))
    folder.when_processed(3)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", acknowledged=0)
    process.send_signal(signal.SIGCONT)
    folder.when(status="running")
    process.kill()
    process.communicate()


def test_the_newest_request_wins_over_the_order_of_signals(folder: Folder) -> None:
    process = folder.start(program("lines", 500, 0.01))
    folder.when_processed(3)
    folder.ask(Verb.PAUSE)
    newest = folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="running", acknowledged=newest)
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("heard", "requests", "wish"),
    [
        (signal.SIGTSTP, [], Wish(True, 4)),
        (signal.SIGCONT, [], Wish(False, 4)),
        (None, [], Wish(False, 4)),
        (signal.SIGURG, [(5, Verb.PAUSE)], Wish(True, 5)),
        (signal.SIGCONT, [(5, Verb.RESUME), (6, Verb.PAUSE)], Wish(True, 6)),
        (signal.SIGTSTP, [(5, Verb.PAUSE), (6, Verb.RESUME)], Wish(False, 6)),
        (signal.SIGTSTP, [(3, Verb.RESUME)], Wish(True, 4)),
        (signal.SIGTSTP, [(5, Verb.RESUME), (6, Verb.STACKS)], Wish(False, 5)),
    ],
)
def test_a_signal_says_look_and_the_requests_say_what(
    heard: int | None, requests: list[tuple[int, Verb]], wish: Wish
) -> None:
    assert wish_of([Request(number, verb) for number, verb in requests], Wish(False, 4), heard) == wish


def test_a_stop_works_while_paused(folder: Folder) -> None:
    command = program("lines", 60, 0.01)
    process = folder.start(command)
    folder.when_processed(3)
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert folder.progress["status"] == "interrupted"
    assert folder.finish(command) == 0
    assert folder.committed() == [str(item) for item in range(60)]


def test_a_stop_after_a_cancel_ends_as_cancelled_and_acknowledges_it(folder: Folder) -> None:
    process = folder.start(program("lines", 500, 0.01))
    folder.when_processed(3)
    number = folder.ask(Verb.CANCEL)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert (folder.progress["status"], folder.progress["acknowledged"]) == ("cancelled", number)


def test_a_run_that_shall_be_paused_starts_paused(folder: Folder) -> None:
    number = folder.ask(Verb.PAUSE)
    process = folder.start(program("lines", 500, 0.01))
    folder.when(status="paused", acknowledged=number, processed_items=0)
    folder.ask(Verb.RESUME)
    process.send_signal(signal.SIGCONT)
    folder.when_processed(3)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("how", ["check", "wait"])
def test_a_long_item_is_paused_and_stopped_inside(folder: Folder, how: str) -> None:
    process = folder.start(program("long_item", how))
    folder.when(current_item="the long one")
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused")
    process.send_signal(signal.SIGCONT)
    folder.when(status="running")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert folder.committed() == []
    assert folder.artifact("out.txt") == ""


def test_an_announced_wait_stands_in_the_heartbeat(folder: Folder) -> None:
    process = folder.start(program("long_item", "wait"))
    said = eventually(lambda: folder.record("heartbeat.json").get("waiting"))
    assert said["for"] == "somebody else"
    process.terminate()
    process.communicate(timeout=20)
    assert folder.record("heartbeat.json")["waiting"] is None


def test_a_second_stop_a_second_later_is_obeyed_at_once(folder: Folder) -> None:
    process = folder.start(program("long_item"))
    folder.when(current_item="the long one")
    process.terminate()
    process.terminate()
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped > 1.1)
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert folder.progress["status"] == "interrupted"
    assert folder.committed() == []


def test_stacks_are_shown_while_an_item_takes_long(folder: Folder) -> None:
    process = folder.start(program("long_item"))
    folder.when(current_item="the long one")
    process.send_signal(signal.SIGUSR1)
    eventually(lambda: "long_item.py" in (folder.path / "stacks.txt").read_text())
    process.kill()
    process.communicate()


def test_the_heartbeat_says_who_beats_and_what_is_handled(folder: Folder) -> None:
    process = folder.start(program("lines", 100, 0.05))
    said = eventually(lambda: folder.record("heartbeat.json"))
    assert said["pid"] == process.pid
    assert said["handles"] == ["pause", "stacks", "stop"]
    assert said["attempt"] == 1
    assert {"status", "last_heartbeat", "uptime_seconds", "interval_seconds", "last_progress"} <= set(said)
    process.kill()
    process.communicate()


def test_a_child_sees_the_parent_run_and_nothing_else_of_it(folder: Folder) -> None:
    assert folder.finish(program("child")) == 0
    seen = folder.record("seen.json")
    ours = {name: value for name, value in seen["environment"].items() if name.startswith("OVERNIGHT_")}
    assert ours == {"OVERNIGHT_PARENT_RUN": folder.path.name}
    # A signal that comes while it forks is not lost either.
    assert seen["workers"] == [-signal.SIGTERM]


def test_progress_is_written_at_most_ten_times_a_second(folder: Folder) -> None:
    process = folder.start(program("lines", 100_000, 0))
    seen = set()
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        seen.add(folder.progress.get("updated_at"))
    process.kill()
    process.communicate()
    assert 3 < len(seen) <= 18


def test_an_unwritable_folder_is_one_clear_line(home: Path) -> None:
    folder = Folder(home / "runs" / "gone-000001")
    for name in ("control", "attempts"):
        os.rmdir(folder.path / name)
    os.rmdir(folder.path)
    process = folder.start(program("lines", 1, 0))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert str(folder.path) in said
