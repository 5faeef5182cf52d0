"""What a disk, or a copy put back in the wrong place, can do to a record that a kill cannot."""

import json
import signal
import sys
from pathlib import Path
from zlib import crc32

import pytest

from tests.sdk.attempts import Folder

pytestmark = pytest.mark.leaves_no_process

PROGRAM = Path(__file__).parent / "programs" / "told.py"


def command_for(folder: Folder, keys: list[str], content: int, do: dict[str, str]) -> list[str]:
    plan = folder.path / "plan.json"
    items = [[key, content] for key in keys]
    plan.write_text(json.dumps({"items": items, "bad": [], "kind": "list", "do": do}))
    return [sys.executable, str(PROGRAM), str(plan), str(folder.path / "bodies")]


def assert_whole(folder: Folder, keys: list[str], content: int) -> None:
    assert folder.committed() == keys
    assert folder.artifact("out.txt") == "".join(f"{key} {content}\n" for key in keys)
    assert folder.progress["counters"] == {"items": len(keys), "content": content * len(keys)}


def test_a_line_that_changed_on_the_disk_does_not_count(folder: Folder) -> None:
    """Of the same length, and still JSON: only the checksum can tell."""
    keys = [f"k{number}" for number in range(9)]
    assert folder.finish(command_for(folder, keys, 5, {"k6": "die"})) == -signal.SIGKILL
    log = folder.path / "checkpoint.log"
    *whole, rotten, last = log.read_bytes().splitlines(keepends=True)
    assert b'"content":5' in rotten
    log.write_bytes(b"".join([*whole, rotten.replace(b'"content":5', b'"content":6'), last]))
    assert folder.finish(command_for(folder, keys, 5, {})) == 0
    assert_whole(folder, keys, 5)


def test_a_head_of_another_log_is_not_believed(folder: Folder) -> None:
    """It says as many bytes as this log has: only the log's own name can tell."""
    other = Folder(folder.path.with_name("other-000001"))
    keys = [f"k{number}" for number in range(9)]
    assert other.finish(command_for(other, keys, 7, {"k6": "crash"})) == 1
    assert folder.finish(command_for(folder, keys, 5, {"k6": "crash"})) == 1
    head, foreign = folder.path / "checkpoint.json", (other.path / "checkpoint.json").read_bytes()
    assert json.loads(foreign)["counters"] == {"items": 6, "content": 42}
    head.write_bytes(foreign)
    assert folder.finish(command_for(folder, keys, 5, {})) == 0
    assert_whole(folder, keys, 5)


def test_a_line_of_an_older_start_does_not_count(folder: Folder) -> None:
    """Whole, and the next one in order; but who wrote it should have ended before the newest start began."""
    keys = [f"k{number}" for number in range(9)]
    for killed_in in ("k3", "k6"):
        assert folder.finish(command_for(folder, keys, 5, {killed_in: "die"})) == -signal.SIGKILL
    log = folder.path / "checkpoint.log"
    newest = json.loads(log.read_bytes().splitlines()[-1][9:])
    assert (newest["k"], newest["s"]) == ("k5", 2)
    body = json.dumps(newest | {"k": "k6", "i": 6, "s": 1}, separators=(",", ":")).encode()
    with log.open("ab") as file:
        file.write(b"%08x %b\n" % (crc32(body), body))
    assert folder.finish(command_for(folder, keys, 5, {})) == 0
    assert folder.artifact("out.txt") == "".join(f"{key} 5\n" for key in keys)
    assert folder.progress["counters"] == {"items": 9, "content": 45}
