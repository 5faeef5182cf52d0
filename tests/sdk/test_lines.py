"""Files of lines as sources: what an item is, where it goes on, and what becomes of a file that was changed."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overnight.agents.lines import PROOF, JsonLines, Lines, LineSource, NotJson, Unreadable
from overnight.state.errors import WrongUsage
from overnight.state.standing import Cursor
from tests.proof.syscalls import no_tracing
from tests.sdk.attempts import Folder, program

needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "items"


# ---- what an item is


@pytest.mark.parametrize(
    ("content", "items"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n\r\n", ["a", "b", ""]),
        (b" a \n\n\tb\n", [" a ", "", "\tb"]),
        (b"a\r\r\nb\rc\n", ["a\r", "b\rc"]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
        ("ä\u2028b\n".encode(), ["ä\u2028b"]),
        (b"\xff\xfe\n", ["\udcff\udcfe"]),
        (b"a\0b\n", ["a\0b"]),
    ],
)
def test_each_line_is_an_item_without_its_end(file: Path, content: bytes, items: list[str]) -> None:
    file.write_bytes(content)
    assert list(Lines(file)) == list(Lines(file).read_from(None)) == items


@pytest.mark.parametrize(
    ("content", "items"),
    [
        (b"", []),
        (b'{"a": 1}\n\n  \n[2]\r\n\r\n"x"', [{"a": 1}, [2], "x"]),
        (b'\xef\xbb\xbf{"a": 1}\nnull\n', [{"a": 1}, None]),
        (b'"\\ud800"\n"\xff"\n', ["\ud800", "\udcff"]),
    ],
)
def test_each_json_text_is_an_item_and_empty_lines_are_none(file: Path, content: bytes, items: list[Any]) -> None:
    file.write_bytes(content)
    assert list(JsonLines(file)) == items


def test_a_line_that_is_no_json_is_named_by_its_number(file: Path) -> None:
    file.write_bytes(b'1\n\n{"a": \n' + b"[" * 100_000 + b"\n" + b"9" * 5000 + b"\n2\n")
    one, *bad, two = JsonLines(file)
    assert (one, two) == (1, 2)
    for number, item in enumerate(bad, 3):
        assert isinstance(item, Unreadable)
        assert isinstance(item.error, NotJson)
        assert f"{file} line {number}: not JSON: " in str(item.error)


def test_where_there_is_no_file_it_says_so_at_once(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WrongUsage, match="no such file"):
            Lines(path)


@given(st.lists(st.text(st.characters(codec=None), max_size=200), max_size=20))
def test_different_records_have_different_keys_and_equal_ones_the_same(texts: list[str]) -> None:
    path = "/dev/null/none"
    source = object.__new__(JsonLines)
    source.path = path
    records = [{"text": text, "n": 1} for text in texts]
    keys = [source.key_of(record) for record in records]
    assert len(set(keys)) == len(set(texts))
    assert keys == [source.key_of({"n": 1, "text": text}) for text in texts]
    assert all(len(key) <= 80 for key in keys)


# ---- where it goes on


def read(source: LineSource[Any], count: int) -> Cursor | None:
    """The place behind so many items."""
    items = source.read_from(None)
    for _ in range(count):
        next(items)
    return source.cursor_at(count)


def test_behind_a_cursor_come_the_items_that_come_there(file: Path) -> None:
    file.write_text("".join(f'{{"n": {number}}}\n{"" if number % 3 else chr(10)}' for number in range(2000)))
    everything = list(JsonLines(file))
    for count in (1, 2, 999, 2000):
        cursor = read(JsonLines(file), count)
        assert cursor is not None
        again = JsonLines(file)
        assert again.holds(cursor)
        assert list(again.read_from(cursor)) == everything[count:]
        assert cursor.line == file.read_bytes()[: cursor.offset].count(b"\n")


def test_a_bad_line_behind_a_cursor_is_named_by_its_number(file: Path) -> None:
    file.write_text("1\n\n2\n3\nbad\n")
    cursor = read(JsonLines(file), 2)
    *_, bad = JsonLines(file).read_from(cursor)
    assert "line 5: not JSON" in str(bad.error)


@pytest.mark.parametrize("at", [0, 10, PROOF - 10, -10, -PROOF + 10])
def test_a_file_that_was_changed_before_the_cursor_is_no_longer_held(file: Path, at: int) -> None:
    content = bytearray(b"".join(b"%06d\n" % number for number in range(10_000)))
    file.write_bytes(content)
    cursor = read(Lines(file), 5000)
    assert cursor is not None
    # In place, so that nothing behind it moves.
    content[at if at >= 0 else cursor.offset + at] ^= 1
    file.write_bytes(content)
    assert not Lines(file).holds(cursor)


def test_a_file_to_which_or_from_which_lines_came_before_the_cursor_is_no_longer_held(file: Path) -> None:
    lines = [f"{number:06d}\n" for number in range(10_000)]
    file.write_text("".join(lines))
    cursor = read(Lines(file), 5000)
    assert cursor is not None
    for changed in (["more\n", *lines], lines[1:], lines[:2000] + lines[2001:], lines[:3000], []):
        file.write_text("".join(changed))
        assert not Lines(file).holds(cursor)
    file.write_text("".join([*lines, "more\n"]))
    assert Lines(file).holds(cursor)


def test_in_the_midst_of_a_line_nobody_goes_on(file: Path) -> None:
    file.write_text("a\nhalf")
    source = Lines(file)
    assert list(source.read_from(None)) == ["a", "half"]
    assert source.cursor_at(2) is None
    assert source.cursor_at(1) is not None


def test_of_a_file_that_was_put_in_its_place_meanwhile_there_is_no_cursor(file: Path) -> None:
    file.write_text("a\nb\nc\n")
    source = Lines(file)
    items = source.read_from(None)
    next(items)
    other = file.with_name("other")
    other.write_text("x\ny\nz\n")
    other.rename(file)
    assert list(items) == ["b", "c"]
    assert source.cursor_at(1) is None
    file.unlink()
    assert source.cursor_at(1) is None


def test_where_lines_lie_is_forgotten_below_the_watermark(file: Path) -> None:
    file.write_text("".join(f"{number}\n" for number in range(1000)))
    source = Lines(file)
    for position, item in enumerate(source.read_from(None)):
        assert source.width_at(position) == len(item) + 1
        source.forget_below(position - 10)
        assert len(source._edges) <= 13
    assert source.width_at(0) == 0
    assert source.offset_at(1000) == file.stat().st_size


# ---- in a run


WAYS = ("each", "map", "aeach")


def numbers(count: int, first: int = 0) -> str:
    return "".join(f"line {number}\n" for number in range(first, first + count))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["lines", "json"])
def test_killed_anywhere_it_ends_as_if_it_had_never_been(folder: Folder, file: Path, way: str, kind: str) -> None:
    lines = [f"line {number} {'x' * (number % 50)}" for number in range(300)]
    written = [json.dumps(line) if kind == "json" else line for line in lines]
    file.write_text("".join(f"{line}\n" for line in written))
    command = program("file_lines", file, kind, way, 0.01)
    for least in (20, 70, 120, 170):
        process = folder.start(command)
        folder.when_processed(least)
        process.kill()
        process.communicate()
    assert folder.finish(command) == 0
    assert folder.artifact("out.txt").splitlines() == lines
    assert folder.progress["processed_items"] == 300
    assert folder.progress["total_items"] == 300
    assert folder.progress["percent_complete"] == 100


def test_progress_is_that_of_bytes(folder: Folder, file: Path) -> None:
    file.write_text("".join("x" * (10 if number < 90 else 1000) + "\n" for number in range(100)))
    process = folder.start(program("file_lines", file, "lines", "each", 0.02))
    folder.when_processed(50)
    process.terminate()
    process.communicate()
    said = folder.progress
    wanted = 100 * 11 * said["processed_items"] / file.stat().st_size
    assert said["percent_complete"] == pytest.approx(wanted, abs=0.01)
    # By its keys too, when the file has changed.
    file.write_text("x" * 9 + "\n" + file.read_text())
    assert folder.finish(program("file_lines", file, "lines", "each", 0.001)) == 0
    assert folder.progress["percent_complete"] == 100


def reads_of(folder: Folder, file: Path, command: list[str]) -> list[tuple[int, int]]:
    """Offset and length of each read of the file in the next attempt, which goes to its end."""
    calls = folder.path / "calls"
    strace = ["strace", "-f", "-qq", "-o", str(calls), "-P", str(file), "-e", "trace=openat,read,pread64,lseek"]
    assert folder.finish([*strace, *command]) == 0
    found, at = [], 0
    for line in calls.read_text().splitlines():
        result = int(line.rpartition("= ")[2].split()[0]) if line.rpartition("= ")[2][:1].isdigit() else 0
        if " openat(" in line:
            at = 0
        elif " lseek(" in line:
            at = result
        elif " pread64(" in line:
            found.append((int(re.findall(r", (\d+)\)", line)[-1]), result))
        elif " read(" in line:
            found.append((at, result))
            at += result
    return found


@needs_strace
@pytest.mark.parametrize("kind", ["lines", "json"])
def test_going_on_what_was_done_is_not_read_again(folder: Folder, file: Path, kind: str) -> None:
    text = "".join(f'"{number:030d}"\n' for number in range(20_000))
    file.write_text(text)
    command = program("file_lines", file, kind, "each", 0)
    process = folder.start(command)
    process.communicate()
    # A grown file: only what was added, and what shows that it is the same file.
    file.write_text(text + '"more"\n"and more"\n')
    found = reads_of(folder, file, command)
    assert folder.progress["processed_items"] == 20_002
    assert sum(length for _, length in found) < 10 * PROOF
    assert all(at < PROOF or at >= len(text) - PROOF for at, length in found if length)
    # The same file once more.
    found = reads_of(folder, file, command)
    assert sum(length for _, length in found) < 10 * PROOF
    assert len(folder.committed()) == 20_002


@needs_strace
def test_killed_before_its_first_item_it_still_knows_where_it_was(folder: Folder, file: Path) -> None:
    """A start that does nothing must not cost the next one the cursor."""
    text = "".join(f'"{number:030d}"\n' for number in range(10_000))
    file.write_text(text)
    command = program("file_lines", file, "lines", "each", 0)
    process = folder.start([*command[:-1], "0.0003"])
    folder.when_processed(6000)
    process.kill()
    process.communicate()
    offset = folder.record("checkpoint.json")["loops"][0]["cursor"][1]
    subprocess.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(file), "-e", "inject=read:signal=KILL:when=1", *command],
        env={
            **os.environ,
            "OVERNIGHT_RUN_DIR": str(folder.path),
            "OVERNIGHT_RUN_ID": "agent-000001",
            "OVERNIGHT_ATTEMPT": "2",
        },
        check=False,
    )
    found = reads_of(folder, file, command)
    assert offset > 10 * PROOF
    assert all(at < PROOF or at >= offset - PROOF for at, length in found if length)
    assert len(folder.committed()) == 10_000


def test_a_changed_file_is_done_by_its_lines(folder: Folder, file: Path) -> None:
    lines = [f"line {number}" for number in range(2000)]
    file.write_text("\n".join(lines) + "\n")
    command = program("file_lines", file, "lines", "each", 0.00001)
    process = folder.start(command)
    folder.when_processed(500)
    process.kill()
    process.communicate()
    done = folder.committed()
    lines[3:4] = ["another", "and one more"]
    file.write_text("\n".join(lines) + "\n")
    assert folder.finish(command) == 0
    assert folder.committed() == [*done, "another", "and one more", *lines[len(done) + 1 :]]
    assert "the source changed: 2 new, 1 gone" in folder.progress["message"]
    # From then on it is as any other file.
    file.write_text("\n".join([*lines, "last"]) + "\n")
    assert folder.finish(command) == 0
    assert folder.committed()[-1] == "last"
    assert len(folder.committed()) == len(lines) + 2


def test_a_last_line_that_was_half_written_is_done_again_when_it_is_whole(folder: Folder, file: Path) -> None:
    file.write_text("one\ntwo\nthr")
    command = program("file_lines", file, "lines", "each", 0.001)
    assert folder.finish(command) == 0
    file.write_text("one\ntwo\nthree\nfour\n")
    assert folder.finish(command) == 0
    assert folder.committed() == ["one", "two", "thr", "three", "four"]


@pytest.mark.parametrize("way", ["each", "map"])
def test_a_bad_line_is_an_item_error_under_a_guard(folder: Folder, file: Path, way: str) -> None:
    file.write_bytes(b'{"n": 1}\nnot json\n{"n": 2}\n\xff\xfe\n')
    assert folder.finish(program("file_lines", file, "json", way, 0, "guard")) == 0
    assert folder.artifact("out.txt") == "{'n': 1}\n{'n': 2}\n"
    assert [(error["item"], error["type"]) for error in folder.errors()] == [
        ("not json", "NotJson"),
        ("\udcff\udcfe", "NotJson"),
    ]
    assert f"{file} line 2: not JSON" in folder.errors()[0]["message"]
    assert folder.progress["failed_items"] == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_bad_line_ends_the_loop_with_one_clear_line_without_one(folder: Folder, file: Path, way: str) -> None:
    file.write_text('{"n": 1}\nnot json\n{"n": 2}\n')
    process = folder.start(program("file_lines", file, "json", way, 0.001))
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.count("\n") == 1
    assert said.startswith(f"overnight: {file} line 2: not JSON: Expecting value")
    assert "guard=True" in said
    file.write_text('{"n": 1}\n{"n": 3}\n{"n": 2}\n')
    assert folder.finish(program("file_lines", file, "json", way, 0.001)) == 0
    assert folder.artifact("out.txt") == "{'n': 1}\n{'n': 3}\n{'n': 2}\n"


def test_records_with_odd_contents_are_items_as_any_other(folder: Folder, file: Path) -> None:
    records = ["\ud800", "\udcff", "\x1f", "a\0b", "x" * 100_000 + "\ud800", ""]
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records))
    command = [*program("file_lines", file, "json", "each", 0), "guard"]
    assert folder.finish(command) == 0
    assert folder.progress["processed_items"] == 6
    assert not (folder.path / "errors.jsonl").exists() or not folder.errors()


@pytest.mark.parametrize("kind", [pytest.param("lines", marks=pytest.mark.long), "json"])
def test_memory_is_the_same_for_ten_times_the_lines(folder: Folder, tmp_path: Path, kind: str) -> None:
    most: dict[tuple[int, bool], int] = {}
    for count in (20_000, 200_000):
        run, file = Folder(folder.path.parent / f"agent-{count}"), tmp_path / f"{count}"
        file.write_text("".join(f'"{number:020d}"\n' for number in range(count)))
        command = [*program("file_lines", file, kind, "each", 0), "memory"]
        for lose_head in (False, True):
            if lose_head:
                # All of it is proven again.
                (run.path / "checkpoint.json").unlink()
            assert run.finish(command) == 0
            most[count, lose_head] = int((run.path / "memory.txt").read_text())
        assert len(run.committed()) == count
    for lose_head in (False, True):
        assert most[200_000, lose_head] - most[20_000, lose_head] < 400_000
