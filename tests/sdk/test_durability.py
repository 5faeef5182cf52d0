"""What is on the disk, in which order, and what becomes of it when a sync fails: as the kernel was asked.

After a sync that failed the kernel takes the bytes for written, though they are not on the disk: the next sync says
nothing of them unless they were written anew.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.proof.syscalls import Call, Harm, Point, no_tracing, traced
from tests.sdk.attempts import Folder, program

pytestmark = [
    pytest.mark.leaves_no_process,
    pytest.mark.skipif(bool(no_tracing()), reason=no_tracing()),
]
CALLS = ("write", "pwrite64", "ftruncate", "fdatasync", "fsync", "rename", "openat")
WRITES = frozenset({"write", "pwrite64"})


class Done(NamedTuple):
    """What was done to a file of the run."""

    what: str
    """`write`, `sync`, `failed sync`, `cut`."""
    name: str


def deeds(calls: Iterable[Call], folder: Path) -> list[Done]:
    """What was done to the log and the outputs, in the order in which it was over."""
    found = []
    for call in sorted(calls, key=lambda call: call.ended):
        path = call.paths[0] if call.paths else ""
        name = path.removeprefix(f"{folder}/")
        if name != "checkpoint.log" and not name.startswith("artifacts/"):
            continue
        if call.name in WRITES and call.succeeded:
            found.append(Done("write", name))
        elif call.name == "fdatasync":
            found.append(Done("sync" if call.succeeded else "failed sync", name))
        elif call.name == "ftruncate":
            found.append(Done("cut", name))
    return found


def lost(done: list[Done]) -> list[str]:
    """Files of which a sync counted though a failed one had come before and nothing was written anew."""
    doubtful: set[str] = set()
    found = []
    for what, name in done:
        if what == "failed sync":
            doubtful.add(name)
        elif what == "write":
            doubtful.discard(name)
        elif what == "sync" and name in doubtful:
            found.append(name)
    return found


def hurt(folder: Folder, number: int, *words: str) -> list[Done]:
    """An attempt in which one sync fails; it comes to its end."""
    command = [*program("durable", 12, *words)]
    ended = traced(folder, command, CALLS, [Harm("EIO", Point("fdatasync", number))], shown=200)
    assert ended.code == 0, ended.said
    assert ended.injected
    assert folder.artifact("out.txt") == "".join(f"item {item}\n" for item in range(12))
    assert folder.committed() == [str(item) for item in range(12)]
    assert folder.progress["status"] == "completed"
    return deeds(ended.calls, folder.path)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 9, 10])
def test_with_power_what_a_failed_sync_may_have_lost_is_written_anew(folder: Folder, number: int) -> None:
    done = hurt(folder, number, "power")
    assert Done("failed sync", "checkpoint.log") in done or Done("failed sync", "artifacts/out.txt") in done
    assert lost(done) == []


# The first two of the main thread are the last of all: what they fail on is not completed.
@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_what_a_failed_sync_in_the_background_may_have_lost_is_written_anew(folder: Folder, number: int) -> None:
    done = hurt(folder, number, "slowly")
    assert lost(done) == []
    # Nothing is left that was not synced after it was written last.
    for name in ("checkpoint.log", "artifacts/out.txt"):
        last = max(at for at, each in enumerate(done) if each.name == name and each.what == "write")
        assert Done("sync", name) in done[last:]


def test_with_power_each_item_is_on_the_disk_in_order(folder: Folder) -> None:
    ended = traced(folder, program("durable", 12, "power"), CALLS, shown=200)
    assert ended.code == 0
    done = [each for each in deeds(ended.calls, folder.path) if each.what != "cut"]
    item = [
        Done("write", "artifacts/out.txt"),
        Done("sync", "artifacts/out.txt"),
        Done("write", "checkpoint.log"),
        Done("sync", "checkpoint.log"),
    ]
    first = done.index(item[0])
    assert done[first : first + 48] == item * 12


def test_in_the_background_outputs_are_synced_before_the_log_that_counts_them(folder: Folder) -> None:
    ended = traced(folder, program("durable", 12, "slowly"), CALLS, shown=200)
    assert ended.code == 0
    unsynced: set[str] = set()
    told: set[str] = set()
    for what, name in deeds(ended.calls, folder.path):
        if what == "write" and name != "checkpoint.log":
            unsynced.add(name)
        elif what == "write":
            told = set(unsynced)
        elif what == "sync" and name == "checkpoint.log":
            assert not told & unsynced
        elif what == "sync":
            unsynced.discard(name)
    assert not unsynced


def test_what_was_committed_last_is_tried_again_though_nothing_more_is_committed(folder: Folder) -> None:
    command = program("durable", 1, "linger")
    ended = traced(folder, command, CALLS, [Harm("EIO", Point("fdatasync", 1))], shown=200)
    assert ended.code == 0, ended.said
    done = deeds(ended.calls, folder.path)
    assert "failed sync" in {each.what for each in done}
    assert lost(done) == []
    for name in ("checkpoint.log", "artifacts/out.txt"):
        last = max(at for at, each in enumerate(done) if each.name == name and each.what == "write")
        assert Done("sync", name) in done[last:]


@pytest.mark.parametrize("durability", ["process", "power"])
def test_the_name_of_a_shorter_log_is_on_the_disk_before_what_is_added_to_it(folder: Folder, durability: str) -> None:
    ended = traced(folder, program("durable", 30, "shorter", durability), CALLS, shown=200)
    assert ended.code == 0
    log = str(folder.path / "checkpoint.log")
    renamed, names, since = 0, True, 0
    for call in sorted(ended.calls, key=lambda call: call.ended):
        if call.name == "rename" and call.paths[1] == log:
            renamed, names, since = renamed + 1, False, call.ended
        elif call.name == "fsync" and call.paths[0] == str(folder.path) and call.began > since:
            names = True
        elif call.name == "fdatasync" and call.paths[0] == log and call.began > since:
            assert names
    assert renamed > 2
    assert names


def test_with_power_names_are_on_the_disk_too(folder: Folder) -> None:
    ended = traced(folder, program("durable", 1, "power"), CALLS, shown=200)
    synced = [call.paths[0] for call in ended.calls if call.name == "fsync" and call.succeeded]
    wrote = next(at for at, call in enumerate(ended.calls) if call.name == "write" and "item 0" in call.arguments)
    before = {call.paths[0] for call in ended.calls[:wrote] if call.name == "fsync"}
    assert str(folder.path) in before
    assert str(folder.path / "artifacts") in synced


def test_going_on_with_power_what_was_not_synced_yet_is_synced_first(folder: Folder) -> None:
    assert folder.finish(program("durable", 5, "die")) == -9
    ended = traced(folder, program("durable", 5, "power"), CALLS, shown=200)
    assert ended.code == 0
    synced = [each.name for each in deeds(ended.calls, folder.path) if each.what == "sync"]
    assert synced[:2] == ["artifacts/out.txt", "checkpoint.log"]
    assert folder.committed() == [str(item) for item in range(5)]


def test_a_file_is_written_anew_in_its_place(tmp_path: Path) -> None:
    """Whoever reads it meanwhile, or is killed, finds what was there."""
    path, record = tmp_path / "log", tmp_path / "record"
    script = f"""
from overnight.state.appending import AppendFile
file = AppendFile({str(path)!r})
file.append(b"first\\n")
file.sync()
file.append(b"second\\n")
try:
    file.sync()
except OSError as error:
    assert error.errno == 5
file.append(b"third\\n")
file.sync()
file.close()
"""
    trace = "trace=write,pwrite64,ftruncate,fdatasync"
    strace = [
        "strace",
        "-qq",
        "-o",
        str(record),
        "-P",
        str(path),
        "-e",
        trace,
        "-e",
        "inject=fdatasync:error=EIO:when=2",
    ]
    subprocess.run([*strace, sys.executable, "-c", script], check=True)
    assert path.read_bytes() == b"first\nsecond\nthird\n"
    said = [re.sub(r"\(\d+", "(", line.split(" = ")[0]).rstrip() for line in record.read_text().splitlines()]
    assert said == [
        'write(, "first\\n", 6)',
        "fdatasync()",
        'write(, "second\\n", 7)',
        "fdatasync()",
        'write(, "third\\n", 6)',
        'pwrite64(, "second\\nthird\\n", 13, 6)',
        "fdatasync()",
    ]
