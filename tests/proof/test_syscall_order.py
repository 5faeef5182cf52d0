"""With `durability="power"` an item's outputs are on the disk before the log says so, and the log before it is done."""

from pathlib import Path

import pytest

from tests.proof.syscall_order import ORDERED, violations
from tests.proof.syscall_scenes import COMPACTED_AGAIN, FRESH, POWER, RESUMED, Scene
from tests.proof.syscalls import calls_of, no_tracing, traced

pytestmark = pytest.mark.leaves_no_process
needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())

RUN, MARKS = Path("/runs/a"), Path("/runs/a.effects")
RIGHT = r"""
1 openat(AT_FDCWD</>, "/runs/a/checkpoint.log", O_RDWR|O_CREAT|O_APPEND, 0600) = 5</runs/a/checkpoint.log>
1 mkdir("/runs/a/artifacts", 0700) = 0
1 openat(AT_FDCWD</>, "/runs/a/artifacts/text", O_WRONLY|O_CREAT|O_APPEND, 0600) = 6</runs/a/artifacts/text>
1 fsync(7</runs/a/artifacts>) = 0
1 fsync(7</runs/a>) = 0
1 writev(4</runs/a.effects>, [{iov_base="0\n", iov_len=2}], 1) = 2
1 write(6</runs/a/artifacts/text>, "item 0\n", 7) = 7
1 fdatasync(6</runs/a/artifacts/text>) = 0
1 write(5</runs/a/checkpoint.log>, "5678 {\"k\":\"0\",\"i\":0,\"s\":1}\n", 28) = 28
1 fdatasync(5</runs/a/checkpoint.log> <unfinished ...>
2 openat(AT_FDCWD</>, "/runs/a/.progress.json.2", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 7</runs/a/.progress.json.2>
1 <... fdatasync resumed>) = 0
2 write(7</runs/a/.progress.json.2>, "{\"version\":1,\"processed_items\":1}", 33) = 33
2 rename("/runs/a/.progress.json.2", "/runs/a/progress.json") = 0
1 openat(AT_FDCWD</>, "/runs/a/.checkpoint.json.1", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 8</runs/a/.checkpoint.json.1>
1 write(8</runs/a/.checkpoint.json.1>, "{\"version\":1}", 13) = 13
1 fsync(8</runs/a/.checkpoint.json.1>) = 0
1 rename("/runs/a/.checkpoint.json.1", "/runs/a/checkpoint.json") = 0
1 fsync(8</runs/a>) = 0
1 writev(4</runs/a.effects>, [{iov_base="1\n", iov_len=2}], 1) = 2
""".strip()


def judged(record: str) -> str:
    return "\n".join(violations(calls_of(record), RUN, MARKS))


def without(*wanted: str) -> str:
    """The right record without the first line that holds each of these."""
    lines = RIGHT.splitlines()
    for each in wanted:
        lines.remove(next(line for line in lines if each in line))
    return "\n".join(lines)


def exchanged(one: str, other: str) -> str:
    """The right record with the last lines that hold these in each other's place."""
    lines = RIGHT.splitlines()
    first, second = (max(number for number, line in enumerate(lines) if each in line) for each in (one, other))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def test_the_right_order_is_found_right() -> None:
    assert judged(RIGHT) == ""


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        (without("fdatasync(6"), "the log says what artifacts/text holds, which is not synced"),
        (exchanged("fdatasync(6", "write(5"), "the log says what artifacts/text holds, which is not synced"),
        (exchanged("write(6", "fdatasync(6"), "the log says what artifacts/text holds, which is not synced"),
        (without("fdatasync(5", "fdatasync resumed"), "the next item begins, checkpoint.log is not synced"),
        (exchanged('iov_base="1', "fdatasync resumed"), "the next item begins, checkpoint.log is not synced"),
        (exchanged("write(7", "fdatasync resumed"), "1 items count as done, 0 are synced"),
        (without("fsync(7</runs/a/artifacts>"), "artifacts/text holds, the name of which is not synced"),
        (without("fsync(7</runs/a>"), "the next item begins, the name checkpoint.log is not synced"),
        (without("fsync(8</runs/a/.check"), "checkpoint.json is replaced by what is not synced"),
        (exchanged("fsync(8</runs/a/.check", "rename(\"/runs/a/.check"), "checkpoint.json is replaced by what is not"),
        (without("fsync(8</runs/a>"), "the next item begins, the name checkpoint.json is not synced"),
        (RIGHT.replace("text>) = 0", "text>) = -1 EIO (Input/output error)"), "text holds, which is not synced"),
    ],
)  # fmt: skip
def test_each_wrong_order_is_found(record: str, complaint: str) -> None:
    assert complaint in judged(record)


def order_of(scene: Scene, path: Path) -> list[str]:
    stage = scene.stage(path)
    there = {str(each.relative_to(path)): each.stat().st_size for each in path.rglob("*")}
    done = len(stage.committed())
    strace = traced(stage.folder, stage.command(*scene.words), ORDERED, shown=4096)
    assert strace.code == 0, strace.said
    stage.is_complete(scene)
    return violations(strace.calls, path, stage.effects, there=there, done=done)


powerful = pytest.mark.parametrize(
    "scene",
    [POWER, RESUMED._replace(words=("power",)), COMPACTED_AGAIN._replace(words=("power", "compact"))],
    ids=lambda scene: scene.name.replace(" ", "-"),
)


@needs_strace
@powerful
def test_no_bytes_count_as_done_before_they_are_on_the_disk(scene: Scene, home: Path) -> None:
    assert [each for each in order_of(scene, home / "runs" / "agent-000001") if " name " not in each] == []


@needs_strace
@powerful
def test_nothing_counts_as_done_before_it_is_on_the_disk(scene: Scene, home: Path) -> None:
    assert order_of(scene, home / "runs" / "agent-000001") == []


@needs_strace
def test_the_order_of_a_run_that_need_not_survive_a_power_cut_is_found_wrong(home: Path) -> None:
    found = "\n".join(order_of(FRESH, home / "runs" / "agent-000001"))
    assert "the log says what artifacts/text holds, which is not synced" in found
    assert "the next item begins, checkpoint.log is not synced" in found
