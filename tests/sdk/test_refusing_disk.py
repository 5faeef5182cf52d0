"""A disk that is full, read-only or failing, or no more files to open: the run pauses, says why, and goes on."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof.syscalls import no_tracing
from tests.sdk.attempts import Folder, program
from tests.sdk.inline import Inline
from tests.small_disk import fill, small_disk_at
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process
NO_ROOM = "waiting for room: No space left on device"
needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A small disk that holds the home's runs."""
    (home / "runs").mkdir()
    with small_disk_at(home / "runs") as disk:
        yield disk


def lines(count: int) -> str:
    return "".join(f"item {item}\n{'.' * (item % 7)}\n" for item in range(count))


def refused_at(name: str, error: str, when: str, path: Path, command: list[str]) -> list[str]:
    """The command, of which the kernel refuses some calls on one file."""
    inject = f"inject={name}:error={error}:when={when}"
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(path), "-e", f"trace={name}", "-e", inject, *command]


def test_on_a_full_disk_it_says_that_it_is_full_and_beats_on(small_disk: Path) -> None:
    folder = Folder(small_disk / "agent-000001")
    process = folder.start(program("lines", 400, 0.002))
    folder.when_processed(5)
    ballast = fill(small_disk)
    said = folder.when(status="paused", message=NO_ROOM)
    for _ in range(2):
        beat = folder.record("heartbeat.json")["last_heartbeat"]
        eventually(lambda beat=beat: folder.record("heartbeat.json")["last_heartbeat"] != beat)  # type: ignore[misc]
    assert folder.progress["processed_items"] == said["processed_items"] == len(folder.committed())
    ballast.unlink()
    said = folder.when(status="running", message=None)
    # That was no time to work in.
    assert said["active_seconds"] < folder.record("heartbeat.json")["uptime_seconds"]
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert folder.artifact("out.txt") == lines(400)
    assert not list(folder.path.glob(".*"))


def test_on_a_disk_that_has_become_read_only_it_waits_until_it_takes_writes(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            for item in run.each("ab"):
                run.artifact("out.txt").replace(item)
                meet(item)
        """,
    )
    artifacts = folder.path / "artifacts"
    artifacts.mkdir()
    with small_disk_at(artifacts) as disk:
        process = folder.start(agent.command())
        eventually(lambda: agent.reached("a"))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        agent.let_go("a")
        folder.when(status="paused", message="waiting until the disk takes writes: Read-only file system")
        assert not (artifacts / "out.txt").exists()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        folder.when(status="running", message=None)
        agent.let_go("b")
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert folder.artifact("out.txt") == "b"


def test_when_no_more_files_can_be_opened_it_says_so_and_waits_for_one(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        import resource

        hoard: list[int] = []

        def give_back() -> None:
            while not (HERE / "give.go").exists():
                time.sleep(0.01)
            while hoard:
                os.close(hoard.pop())

        def main(run: Run) -> None:
            threading.Thread(target=give_back, daemon=True).start()
            for item in run.each("abc"):
                run.artifact(f"{item}.txt").write(item)
                if item == "b":
                    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 4096))
                    try:
                        while True:
                            hoard.append(os.open("/dev/null", os.O_RDONLY))
                    except OSError:
                        pass
        """,
    )
    process = folder.start(agent.command())
    folder.when(status="paused", message="waiting until files can be opened: Too many open files")
    beat = folder.record("heartbeat.json")["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    assert folder.committed() == ["a"]
    agent.let_go("give")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "".join(folder.artifact(f"{item}.txt") for item in "abc") == "abc"


@needs_strace
@pytest.mark.parametrize("file", ["checkpoint.log", "artifacts/out.txt"])
def test_where_the_disk_fails_it_tries_again_until_that_is_over(folder: Folder, file: str) -> None:
    command = program("lines", 40, 0.01)
    process = folder.start(refused_at("write", "EIO", "8..10", folder.path / file, command))
    said = folder.when(status="paused")
    assert said["message"] == "waiting until the disk takes writes: Input/output error"
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert folder.artifact("out.txt") == lines(40)
    assert folder.committed() == [str(item) for item in range(40)]


@needs_strace
def test_what_could_not_be_synced_is_said_until_it_is(folder: Folder) -> None:
    command = program("lines", 400, 0.01)
    process = folder.start(refused_at("fdatasync", "EIO", "2..4", folder.path / "checkpoint.log", command))
    folder.when(message="what was committed could not be synced: Input/output error")
    folder.when(message=None)
    process.communicate(timeout=30)
    assert process.returncode == 0


@needs_strace
def test_where_there_is_no_room_to_start_it_waits_and_shows_what_was_done_before(folder: Folder) -> None:
    command = program("lines", 60, 0.005)
    process = folder.start(command)
    done = folder.when_processed(5)
    process.terminate()
    process.communicate(timeout=20)
    process = folder.start(refused_at("openat", "ENOSPC", "1..4", folder.path / "checkpoint.log", command))
    said = folder.when(status="paused", message=NO_ROOM)
    assert said["processed_items"] >= done
    beat = folder.record("heartbeat.json")["last_heartbeat"]
    eventually(lambda: folder.record("heartbeat.json")["last_heartbeat"] != beat)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert folder.artifact("out.txt") == lines(60)
    assert folder.progress["message"] is None


@needs_strace
def test_a_stop_is_obeyed_where_there_is_no_room_to_start(folder: Folder) -> None:
    command = program("lines", 60, 0.005)
    process = folder.start(refused_at("openat", "ENOSPC", "1+", folder.path / "checkpoint.log", command))
    folder.when(status="paused", message=NO_ROOM)
    os.kill(eventually(lambda: folder.record("heartbeat.json").get("pid")), signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert folder.progress["status"] == "interrupted"
    assert folder.finish(command) == 0
    assert folder.artifact("out.txt") == lines(60)


def test_where_it_can_neither_start_nor_say_so_it_gives_up_with_one_line(small_disk: Path) -> None:
    folder = Folder(small_disk / "agent-000001")
    ballast = fill(small_disk)
    process = folder.start(program("lines", 60, 0.005))
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.startswith(f"overnight: the run's folder {folder.path}: No space left on device. ")
    assert len(said.splitlines()) == 1
    ballast.unlink()
    assert folder.finish(program("lines", 60, 0.005)) == 0


def test_no_word_that_is_older_comes_back_when_a_wait_is_over(folder: Folder, tmp_path: Path) -> None:
    agent = Inline(
        tmp_path / "agent",
        """
        def main(run: Run) -> None:
            def say() -> None:
                meet("in the wait")
                run.log("newer")
                (HERE / "logged.reached").touch()

            run.budget(tokens=1)
            for item in run.each("ab"):
                run.log("older")
                run.count(tokens=1)
                if item == "b":
                    threading.Thread(target=say).start()
                    run.sleep(3, "the scale settles")
                    meet("behind")
        """,
    )
    process = folder.start(agent.command())
    folder.when(status="paused", message="budget: 1 of 1 tokens used; resume grants the same again")
    process.send_signal(signal.SIGCONT)
    folder.when(message="the scale settles")
    process.send_signal(signal.SIGTSTP)
    folder.when(status="paused", message="the scale settles")
    process.send_signal(signal.SIGCONT)
    folder.when(status="running", message="the scale settles")
    agent.let_go("in the wait")
    eventually(lambda: agent.reached("logged"))
    folder.when(message="newer")
    agent.let_go("behind")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert folder.progress["message"] == "newer"
