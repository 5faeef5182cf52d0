"""What belongs to an item is committed with it or gone: outputs, counters, errors; also on a full disk."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sdk.attempts import Folder, program
from tests.small_disk import fill, small_disk_at
from tests.waiting import eventually

pytestmark = pytest.mark.leaves_no_process


def test_a_guarded_loop_records_the_errors_of_its_items_and_goes_on(folder: Folder) -> None:
    assert folder.finish(program("guarded", 30, 0)) == 0
    said = folder.progress
    assert (said["status"], said["processed_items"], said["failed_items"]) == ("completed", 30, 10)
    assert said["errors"][-1] == "27: ValueError: odd one: 27"
    assert said["counters"] == {"items": 20}
    assert folder.artifact("out.txt") == "".join(f"item {item}\n" for item in range(30) if item % 3)
    errors = folder.errors()
    assert [error["item"] for error in errors] == [str(item) for item in range(0, 30, 3)]
    assert all("guarded.py" in error["traceback"] for error in errors)


def test_errors_are_on_record_once_however_often_it_is_killed(folder: Folder) -> None:
    command = program("guarded", 150, 0.004)
    for _ in range(6):
        process = folder.start(command)
        folder.when_processed(folder.progress.get("processed_items", 0) + 7)
        process.kill()
        process.communicate()
        # The line of an error comes before that of its item.
        assert len(folder.errors()) >= sum(int(key) % 3 == 0 for key in folder.committed())
        # As a kill between the two leaves it.
        with (folder.path / "errors.jsonl").open("a") as errors:
            errors.write('{"item": "not committed"}\n{"item": "to')
    assert folder.finish(command) == 0
    assert [error["item"] for error in folder.errors()] == [str(item) for item in range(0, 150, 3)]
    assert folder.progress["failed_items"] == 50
    # Those of earlier attempts are among the newest.
    assert folder.finish(command) == 0
    assert [line.partition(":")[0] for line in folder.progress["errors"]] == [str(item) for item in range(90, 150, 3)]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("run.artifact('a').write('x')", "a was written outside of a loop"),
        ("run.count(n=1)", "run.count() outside of a loop"),
        ("run.artifact('../a')", "'../a' cannot be an artifact's name"),
        ("[_ for a in run.each([1]) for b in run.each([2])]", "inside of another one"),
    ],
)
def test_what_cannot_be_committed_is_refused(folder: Folder, tmp_path: Path, body: str, complaint: str) -> None:
    script = tmp_path / "refused.py"
    script.write_text(f"from overnight.agents import start\ndef main(run):\n    {body}\nstart(main)\n")
    process = folder.start([sys.executable, str(script)])
    _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert complaint in said


def test_what_a_broken_off_item_wrote_is_gone_before_the_next_loop(folder: Folder, tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(
        "from overnight.agents import start\n"
        "def main(run):\n"
        "    out = run.artifact('out.txt')\n"
        "    for item in run.each('abc'):\n"
        "        out.write(item * 100_000)\n"
        "        run.count(n=1)\n"
        "        if item == 'b':\n"
        "            break\n"
        "    for item in run.each('abc'):\n"
        "        out.write(item)\n"
        "start(main)\n"
    )
    assert folder.finish([sys.executable, str(script)]) == 0
    assert folder.artifact("out.txt") == "a" * 100_000 + "abc"
    assert folder.progress["counters"] == {"n": 1}


def test_the_exit_code_of_main_is_that_of_the_run(folder: Folder, tmp_path: Path) -> None:
    script = tmp_path / "leaves.py"
    script.write_text("import sys\nfrom overnight.agents import start\nstart(lambda run: sys.exit(int(sys.argv[1])))\n")
    for code, status in ((3, "failed"), (0, "completed")):
        assert folder.finish([sys.executable, str(script), str(code)]) == code
        assert folder.progress["status"] == status


def test_weights_decide_about_the_percentage(folder: Folder, tmp_path: Path) -> None:
    script = tmp_path / "weighed.py"
    script.write_text(
        "from overnight.agents import start\n"
        "def main(run):\n"
        "    for size in run.each([10, 80, 5, 5], weight=float, duplicates=True):\n"
        "        if size == 5:\n"
        "            raise SystemExit(9)\n"
        "start(main)\n"
    )
    for _ in range(2):
        folder.finish([sys.executable, str(script)])
        assert folder.progress["percent_complete"] == 90
        assert folder.progress["processed_items"] == 2


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A small disk that holds the home's runs."""
    (home / "runs").mkdir()
    with small_disk_at(home / "runs") as disk:
        yield disk


def test_on_a_full_disk_it_waits_for_room_and_goes_on(small_disk: Path) -> None:
    folder = Folder(small_disk / "agent-000001")
    command = program("lines", 120, 0.005)
    process = folder.start(command)
    folder.when_processed(5)
    ballast = fill(small_disk)
    assert process.poll() is None
    # What is committed while there is none is nothing: the log stands still, whole.
    log = folder.path / "checkpoint.log"
    sizes: list[int] = []

    def stands_still() -> bool:
        sizes.append(log.stat().st_size)
        return len(sizes) > 60 and len(set(sizes[-50:])) == 1

    eventually(stands_still)
    folder.when(status="paused", message="waiting for room: No space left on device")
    assert log.read_bytes().endswith(b"\n")
    assert process.poll() is None
    ballast.unlink()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert folder.committed() == [str(item) for item in range(120)]
    assert folder.progress["status"] == "completed"
    assert folder.artifact("out.txt") == "".join(f"item {item}\n{'.' * (item % 7)}\n" for item in range(120))
    assert not list(folder.path.glob(".*")), "no room is kept aside once it is over"


def test_while_it_waits_for_room_it_is_paused_and_says_why(folder: Folder) -> None:
    artifacts = folder.path / "artifacts"
    artifacts.mkdir()
    with small_disk_at(artifacts) as disk:
        process = folder.start(program("lines", 2000, 0.002))
        folder.when_processed(5)
        ballast = fill(disk)
        folder.when(status="paused", message="waiting for room: No space left on device")
        ballast.unlink()
        folder.when(status="running", message=None)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert folder.artifact("out.txt") == "".join(f"item {item}\n{'.' * (item % 7)}\n" for item in range(2000))


def test_a_stop_is_obeyed_while_the_disk_is_full(small_disk: Path) -> None:
    folder = Folder(small_disk / "agent-000001")
    command = program("lines", 120, 0.005)
    process = folder.start(command)
    folder.when_processed(5)
    ballast = fill(small_disk)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 75
    ballast.unlink()
    assert folder.finish(command) == 0
    assert folder.committed() == [str(item) for item in range(120)]
