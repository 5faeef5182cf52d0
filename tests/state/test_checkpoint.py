"""What the checkpoint promises after any end: what is opened fits together, and nothing finished is forgotten."""

import json
import os
import subprocess
import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.state.checkpoint import Checkpoint
from overnight.state.outputs import cut
from overnight.state.rundir import RunDir

OUT = "out.txt"


def a_run(folder: Path) -> RunDir:
    (folder / "artifacts").mkdir(parents=True)
    return RunDir(str(folder))


_open: dict[str, Checkpoint] = {}


def opened(run: RunDir) -> Checkpoint:
    """By the next process: whoever had it open is gone."""
    if run.path in _open:
        _open[run.path].close()
    _open[run.path] = Checkpoint(run)
    return _open[run.path]


class Writer:
    """An agent in miniature: artifact first, then the line."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.checkpoint = opened(run)
        self.out = Path(run.artifacts_path) / OUT
        # Of an output without a single committed byte the checkpoint knows nothing: who opens it cuts it.
        cut(str(self.out), self.checkpoint.standing.artifacts.get(OUT, 0))

    def finish(self, key: str, text: str = "", position: int | None = None) -> None:
        with self.out.open("a") as file:
            file.write(text)
        loop = self.checkpoint.standing.loop(0)
        at = loop.chain.length if position is None else position
        self.checkpoint.commit(loop, at, key, 1, {OUT: self.out.stat().st_size}, {"n": 1}, None)


def finished(checkpoint: Checkpoint) -> list[str]:
    """Every key of the first loop that the log holds."""
    loop = checkpoint.standing.loop(0)
    return sorted(checkpoint.finished_keys(loop).elements())


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return a_run(tmp_path / "run")


def test_a_line_is_a_checksum_a_space_and_compact_json(run: RunDir) -> None:
    writer = Writer(run)
    writer.finish("src/ä b.py", "12345")
    line = Path(run.checkpoint_log_path).read_bytes().splitlines()[-1]
    assert line[:8] == b"%08x" % crc32(line[9:])
    assert line[8:9] == b" "
    assert json.loads(line[9:]) == {"k": "src/ä b.py", "i": 0, "s": 1, "d": 1, "o": {OUT: 5}, "c": {"n": 1}}
    assert b": " not in line
    assert b", " not in line


def test_a_torn_tail_is_cut_before_anything_is_appended(run: RunDir) -> None:
    Writer(run).finish("a", "1\n")
    whole = Path(run.checkpoint_log_path).read_bytes()
    with open(run.checkpoint_log_path, "ab") as log:
        log.write(b'0123abcd {"k":"b","i":1,"s"')
    writer = Writer(run)
    assert Path(run.checkpoint_log_path).read_bytes() == whole
    writer.finish("b", "2\n")
    assert finished(opened(run)) == ["a", "b"]


def test_an_artifact_is_cut_to_its_committed_length(run: RunDir) -> None:
    writer = Writer(run)
    writer.finish("a", "1\n")
    with writer.out.open("a") as file:
        file.write("half an item")
    opened(run)
    assert writer.out.read_text() == "1\n"


@pytest.mark.parametrize("with_head", [True, False])
def test_where_an_artifact_is_shorter_it_goes_back_to_the_last_line_that_fits(run: RunDir, with_head: bool) -> None:
    writer = Writer(run)
    for key in "abcd":
        writer.finish(key, key * 10)
    if with_head:
        writer.checkpoint.save_head()
    os.truncate(writer.out, 25)
    again = opened(run)
    assert finished(again) == ["a", "b"]
    assert again.standing.counters == {"n": 2}
    assert writer.out.read_text() == "a" * 10 + "b" * 10
    assert "shorter" in again.notes[0]


def test_what_was_cut_is_kept_beside_the_log_when_it_was_more_than_a_torn_line(run: RunDir) -> None:
    writer = Writer(run)
    for key in "abcd":
        writer.finish(key, key)
    log = Path(run.checkpoint_log_path)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:2], b"garbage\n", *lines[3:]]))
    assert finished(opened(run)) == ["a"]
    (kept,) = Path(run.path).glob("checkpoint.log.cut-*")
    assert kept.read_bytes() == b"".join([b"garbage\n", *lines[3:]])


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"generation": 3}', "null", '{"offset": 1e400}'])
def test_a_damaged_head_is_set_aside_and_the_log_says_everything(run: RunDir, damage: str) -> None:
    writer = Writer(run)
    for key in "abc":
        writer.finish(key, key)
    writer.checkpoint.save_head()
    Path(run.checkpoint_path).write_text(damage)
    again = opened(run)
    assert finished(again) == ["a", "b", "c"]
    assert again.standing.loop(0).chain.length == 3
    assert again.standing.counters == {"n": 3}
    assert Path(run.checkpoint_path + ".unused").read_text() == damage
    assert "damaged" in again.notes[0]


def test_a_head_of_another_log_is_not_used(run: RunDir) -> None:
    writer = Writer(run)
    for key in "abc":
        writer.finish(key)
    writer.checkpoint.save_head()
    Path(run.checkpoint_log_path).unlink()
    again = Writer(run)
    for key in "xyzuvw":
        again.finish(key)
    assert finished(opened(run)) == sorted("xyzuvw")


def test_only_the_tail_behind_the_head_is_read(run: RunDir) -> None:
    writer = Writer(run)
    for key in "abc":
        writer.finish(key)
    writer.checkpoint.save_head()
    writer.finish("d")
    log = Path(run.checkpoint_log_path)
    lines = log.read_bytes().splitlines(keepends=True)
    # Not a line at all, of the same length: reading it would stop there.
    log.write_bytes(b"".join([lines[0], b"#" * (len(lines[1]) - 1) + b"\n", *lines[2:]]))
    again = opened(run)
    assert again.standing.loop(0).chain.length == 4
    assert again.standing.counters == {"n": 4}


def test_a_line_without_a_checksum_is_accepted(run: RunDir) -> None:
    Path(run.checkpoint_log_path).write_bytes(b'-------- {"k":"a","i":0}\n-------- {"k":"b","i":1,"x":[1]}\n')
    first = opened(run)
    assert finished(first) == ["a", "b"]
    first.save_head()
    again = opened(run)
    assert again.standing.loop(0).chain.length == 2
    assert Path(run.checkpoint_log_path).read_bytes().count(b"\n") == 2


def test_positions_finished_out_of_order_wait_above_the_watermark(run: RunDir) -> None:
    writer = Writer(run)
    for position in (3, 1, 0):
        writer.finish(f"k{position}", position=position)
    writer.checkpoint.save_head()
    loop = opened(run).standing.loop(0)
    assert (loop.chain.length, loop.above) == (2, {3: "k3"})


def test_what_a_refusing_disk_took_of_a_line_is_cut_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"whole\n")
    # A limit on the size takes a part of the bytes and refuses the rest, as a full disk does.
    script = f"""
import os, resource
from overnight.state.appending import AppendFile
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
file = AppendFile({str(path)!r})
assert os.write(file.descriptor, b"probe..") == 4
file.cut(6)
try:
    file.append(b"torn off")
except OSError as error:
    assert file.length == 6
    raise SystemExit(error.strerror)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "File too large\n"
    assert path.read_bytes() == b"whole\n"


@pytest.mark.parametrize(
    "body",
    [
        '{"k":"b","o":5}',
        '{"k":"b","o":{"out.txt":"x"}}',
        '{"k":"b","o":{"\\u0000":1}}',
        '{"k":"b","i":[]}',
        '{"k":"b","i":-1}',
        '{"k":"b","i":1e30}',
        '{"k":"b","l":1e9}',
        '{"k":"b","c":7}',
        '{"k":"b","s":{}}',
        '{"k":"b","e":1}',
        '{"base":[]}',
        '{"base":{"artifacts":{}}}',
        '{"again":3}',
        '{"keep":"x"}',
        "[]",
        "7",
        "{",
    ],
)
def test_a_line_that_cannot_be_meant_ends_the_log(run: RunDir, body: str) -> None:
    writer = Writer(run)
    writer.finish("a", "1\n")
    writer.checkpoint.close()
    with open(run.checkpoint_log_path, "ab") as log:
        log.write(f'-------- {body}\n-------- {{"k":"c"}}\n'.encode())
    again = opened(run)
    assert finished(again) == ["a"]
    assert again.standing.counters == {"n": 1}
    (kept,) = Path(run.path).glob("checkpoint.log.cut-*")
    assert kept.read_text().startswith(f"-------- {body}\n")
    assert kept.name in again.notes[0]


def test_a_line_of_an_older_start_does_not_count_nor_what_it_says_of_outputs(run: RunDir) -> None:
    writer = Writer(run)
    writer.finish("a", "1\n")
    writer = Writer(run)
    writer.finish("b", "2\n")
    writer.checkpoint.close()
    with open(run.checkpoint_log_path, "ab") as log:
        log.write(b'-------- {"k":"late","i":2,"s":1,"o":{"out.txt":5000},"c":{"n":1}}\n')
        log.write(b'-------- {"k":"c","i":2,"s":2,"c":{"n":1}}\n')
    again = opened(run)
    assert finished(again) == ["a", "b", "c"]
    assert again.standing.counters == {"n": 3}
    assert again.notes == []
    assert again.session == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head.pop("generation"),
        lambda head: head.update(offset=1 << 70),
        lambda head: head.update(offset=-3),
        lambda head: head.update(artifacts={OUT: "x"}),
        lambda head: head["loops"][0].update(watermark=7),
        lambda head: head["loops"][0].update(marks="zz"),
        lambda head: head["loops"][0].update(newest=["x"] * 600),
        lambda head: head["loops"][0].update(cursor=[5, 1, 1, ""]),
        lambda head: head["loops"][0].update(finished={"x": "y"}),
    ],
)
def test_a_head_that_cannot_be_meant_is_set_aside(run: RunDir, change: Any) -> None:
    writer = Writer(run)
    for key in "abc":
        writer.finish(key, key)
    writer.checkpoint.save_head()
    writer.checkpoint.close()
    head = json.loads(Path(run.checkpoint_path).read_bytes())
    change(head)
    Path(run.checkpoint_path).write_text(json.dumps(head))
    again = opened(run)
    assert finished(again) == ["a", "b", "c"]
    assert again.standing.counters == {"n": 3}
    assert Path(run.checkpoint_path + ".unused").exists()


def test_what_is_kept_beside_the_log_is_never_replaced_and_takes_no_memory(run: RunDir) -> None:
    writer = Writer(run)
    writer.finish("a")
    writer.checkpoint.close()
    tails = [bytes([65 + number]) * 99 + b"\n" for number in range(3)]
    for tail in tails:
        with open(run.checkpoint_log_path, "ab") as log:
            for _ in range(200):
                log.write(tail * 1000)
        tracemalloc.start()
        opened(run).close()
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
        tracemalloc.stop()
    kept = [path.read_bytes() for path in Path(run.path).glob("checkpoint.log.cut-*")]
    assert sorted(kept) == [tail * 200_000 for tail in tails]


def test_unfinished_files_of_a_process_that_was_killed_are_removed(run: RunDir) -> None:
    Writer(run).finish("a")
    drafts = [run.file(f".checkpoint.json.{number}-1") for number in range(3)]
    for draft in [*drafts, run.file(".checkpoint.log.draft")]:
        Path(draft).write_bytes(b"half")
    assert finished(opened(run)) == ["a"]
    assert not [name for name in os.listdir(run.path) if name.startswith(".")]


Step = tuple[str, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("finish"), st.integers(0, 9)),
        st.tuples(st.just("finish"), st.integers(0, 9)),
        st.tuples(st.just("head"), st.just(0)),
        st.tuples(st.just("torn log"), st.integers(1, 120)),
        st.tuples(st.just("long artifact"), st.integers(1, 20)),
        st.tuples(st.just("short artifact"), st.integers(1, 25)),
        st.tuples(st.just("damaged head"), st.integers(0, 40)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_after_any_damage_it_stands_exactly_where_a_beginning_of_the_items_stood(story: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = a_run(Path(folder) / "run")
        writer = Writer(run)
        log = Path(run.checkpoint_log_path)
        done: list[tuple[str, str, int]] = []  # key, text, length of the log with it
        count = 0
        for what, number in story:
            if what == "finish":
                key, text = f"item {count}", "x" * number
                count += 1
                writer.finish(key, text)
                done.append((key, text, log.stat().st_size))
                continue
            if what == "head":
                writer.checkpoint.save_head()
                continue
            if what == "torn log":
                size = max(0, log.stat().st_size - number)
                os.truncate(log, size)
                done = [each for each in done if each[2] <= size]
                if not size:
                    done = []
            elif what == "long artifact":
                with writer.out.open("a") as file:
                    file.write("?" * number)
            elif what == "short artifact" and writer.out.exists():
                size = max(0, writer.out.stat().st_size - number)
                os.truncate(writer.out, size)
                while done and sum(len(text) for _, text, _ in done) > size:
                    done.pop()
            elif what == "damaged head" and os.path.exists(run.checkpoint_path):
                os.truncate(run.checkpoint_path, min(number, os.path.getsize(run.checkpoint_path) - 2))
            writer = Writer(run)
            loop = writer.checkpoint.standing.loop(0)
            assert finished(writer.checkpoint) == sorted(key for key, _, _ in done)
            assert loop.chain.length == loop.done == len(done)
            assert loop.above == {}
            assert writer.checkpoint.standing.counters.get("n", 0) == len(done)
            written = "".join(text for _, text, _ in done)
            assert (writer.out.read_text() if writer.out.exists() else "") == written
        writer.checkpoint.close()
