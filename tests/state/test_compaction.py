"""The shorter form of a log says what the long one says, and at any moment one of them is there whole."""

import os
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.state import compaction, logline
from overnight.state.checkpoint import Checkpoint
from overnight.state.compaction import draft_path
from overnight.state.rundir import RunDir
from tests.proof.syscalls import no_tracing
from tests.sdk.attempts import PROGRAMS
from tests.waiting import eventually

NEVER = 1 << 62
OUT = "out.txt"


@pytest.fixture(autouse=True)
def only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "LEAST", NEVER)
    monkeypatch.setattr(compaction, "REST", 1)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return a_run(tmp_path / "run")


def a_run(folder: Path) -> RunDir:
    (folder / "artifacts").mkdir(parents=True)
    return RunDir(str(folder))


def begin_compaction(checkpoint: Checkpoint) -> None:
    least, compaction.LEAST = compaction.LEAST, 1
    growth, compaction.GROWTH = compaction.GROWTH, 0
    try:
        checkpoint.save_head()
    finally:
        compaction.LEAST, compaction.GROWTH = least, growth


def end_compaction(checkpoint: Checkpoint) -> None:
    """The next head after the thread's end puts the new log in its place."""
    for thread in threading.enumerate():
        if thread.name == "overnight-compaction":
            thread.join()
    checkpoint.save_head()


class Writer:
    """An agent in miniature, with everything that a log can hold."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.out = Path(run.artifacts_path, OUT)
        self.checkpoint = self._opened()

    def _opened(self) -> Checkpoint:
        checkpoint = Checkpoint(self.run)
        # A start of which nothing is in the log did not happen.
        checkpoint.note(keep={"start": checkpoint.session})
        return checkpoint

    def reopen(self, *, head: bool) -> None:
        self.checkpoint.close()
        if not head and os.path.exists(self.run.checkpoint_path):
            os.unlink(self.run.checkpoint_path)
        self.checkpoint = self._opened()

    def finish(self, loop: int, position: int, key: str, version: str | None = None, *, failed: bool = False) -> None:
        with self.out.open("a") as file:
            file.write(key)
        more: dict[str, Any] = {}
        identity = key
        if version is not None:
            more["v"], identity = version, f"{key}\x1f{version}"
        if failed:
            more["e"] = {"type": "ValueError", "message": "odd", "log": self.checkpoint.standing.errors + 7}
        counters = {"n": 1} if position % 2 else {}
        self.checkpoint.commit(
            self.checkpoint.loop(loop), position, identity, 1, {OUT: self.out.stat().st_size}, counters, more or None
        )

    def write_late(self, loop: int, position: int, key: str) -> None:
        """What a process of an older start adds: it should have ended."""
        late = logline.item_line(key, position, self.checkpoint.session - 1, 1, loop)
        self.checkpoint._log.append(late)
        self.checkpoint.standing.offset += len(late)


def said(checkpoint: Checkpoint) -> dict[str, Any]:
    """All that a checkpoint knows, by no offset."""
    standing = checkpoint.standing
    plain = standing.plain()
    steps = {
        (scope, name): checkpoint.result_of(scope, name) for scope, names in standing.steps.items() for name in names
    }
    loops = standing.loops
    return {
        **{name: value for name, value in plain.items() if name not in {"offset", "compacted", "steps"}},
        "results": steps,
        "keys": [+checkpoint.finished_keys(loop) for loop in loops],
        "behind": [checkpoint.finished_keys(loop, 3) for loop in loops if not loop.reordered],
        "versions": [checkpoint.finished_versions(loop) for loop in loops],
        "failures": {index: Counter(items) for index, items in checkpoint.failed_items().items()},
    }


deeds = st.one_of(
    *[st.tuples(st.just("finish"), st.integers(0, 2), st.integers(0, 12), st.booleans())] * 5,
    st.tuples(st.just("finish version"), st.integers(0, 2), st.integers(0, 12), st.booleans()),
    st.tuples(st.just("step"), st.integers(-1, 2), st.integers(0, 3)),
    st.tuples(st.just("keep"), st.sampled_from("ab"), st.integers(0, 9)),
    st.tuples(st.just("again")),
    st.tuples(st.just("reorder"), st.integers(0, 2)),
    st.tuples(st.just("replace"), st.integers(1, 9)),
    st.tuples(st.just("fatal")),
    st.tuples(st.just("late"), st.integers(0, 2), st.integers(0, 12)),
    st.tuples(st.just("reopen"), st.booleans()),
    *[st.tuples(st.just("begin"))] * 2,
    *[st.tuples(st.just("end"))] * 2,
)


def do(writer: Writer, deed: tuple[Any, ...], number: int, *, compact: bool) -> None:
    checkpoint = writer.checkpoint
    match deed:
        case ("finish", loop, ahead, failed):
            writer.finish(loop, checkpoint.loop(loop).chain.length + ahead // 4, f"key {number % 17}", failed=failed)
        case ("finish version", loop, ahead, failed):
            at = checkpoint.loop(loop).chain.length + ahead // 4
            writer.finish(loop, at, f"key {number % 5}", f"v{number % 3}", failed=failed)
        case ("step", loop, name):
            checkpoint.note(step=f"step {name}", of="" if loop < 0 else f"{loop}:key {number % 17}", result=[number])
        case ("keep", name, value):
            checkpoint.note(keep={name: value})
        case ("again",):
            for index, identities in checkpoint.failed_items().items():
                checkpoint.note(l=index, again=identities)
        case ("reorder", loop):
            checkpoint.reorder(checkpoint.loop(loop))
        case ("replace", length):
            checkpoint.note(w={"whole.txt": length})
        case ("fatal",):
            checkpoint.note(e={"type": "OSError", "message": "", "log": checkpoint.standing.errors + 3})
        case ("late", loop, position):
            writer.write_late(loop, position, f"late {number}")
        case ("reopen", head):
            writer.reopen(head=head)
        case ("begin",) if compact:
            begin_compaction(checkpoint)
        case ("end",) if compact:
            end_compaction(checkpoint)
        case ("begin",) | ("end",):
            checkpoint.save_head()


@settings(max_examples=80, deadline=None)
@given(st.lists(deeds, max_size=60))
def test_before_and_after_it_the_log_says_the_same(story: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        long, short = (Writer(a_run(Path(folder, name))) for name in ("long", "short"))
        for number, deed in enumerate(story):
            do(long, deed, number, compact=False)
            do(short, deed, number, compact=True)
        begin_compaction(short.checkpoint)
        end_compaction(short.checkpoint)
        assert b"compacted" in Path(short.run.checkpoint_log_path).read_bytes()
        long.checkpoint.save_head()
        assert said(short.checkpoint) == said(long.checkpoint)
        for head in (True, False):
            long.reopen(head=True)
            short.reopen(head=head)
            assert said(short.checkpoint) == said(long.checkpoint)
        for writer in (long, short):
            writer.checkpoint.close()


def test_items_many_to_a_line_and_what_was_committed_meanwhile_as_it_was(run: RunDir) -> None:
    writer = Writer(run)
    for number in range(600):
        writer.finish(0, number, f"key {number}")
    begin_compaction(writer.checkpoint)
    for number in range(600, 650):
        writer.finish(0, number, f"key {number}")
    before = os.stat(run.checkpoint_log_path).st_size
    end_compaction(writer.checkpoint)
    lines = [logline.parse(line) or {} for line in Path(run.checkpoint_log_path).read_bytes().splitlines(keepends=True)]
    assert lines[0]["compacted"]
    assert [len(line["ks"]) for line in lines if "ks" in line] == [256, 256, 88]
    (base,) = [number for number, line in enumerate(lines) if "base" in line]
    assert [line["k"] for line in lines[base + 1 :]] == [f"key {number}" for number in range(600, 650)]
    assert os.stat(run.checkpoint_log_path).st_size < before / 2
    writer.checkpoint.close()


def test_going_on_reads_only_what_lies_behind_the_head(run: RunDir) -> None:
    writer = Writer(run)
    for number in range(300):
        writer.finish(0, number, f"key {number}")
    begin_compaction(writer.checkpoint)
    end_compaction(writer.checkpoint)
    writer.finish(0, 300, "key 300")
    writer.checkpoint.close()
    log = Path(run.checkpoint_log_path)
    lines = log.read_bytes().splitlines(keepends=True)
    # Not a line at all, of the same length: reading it would stop there.
    log.write_bytes(b"".join([lines[0], b"#" * (len(lines[1]) - 1) + b"\n", *lines[2:]]))
    checkpoint = Checkpoint(run)
    assert checkpoint.loop(0).chain.length == 301
    assert not checkpoint.notes
    checkpoint.close()


def test_a_line_of_an_older_start_behind_the_base_does_not_count(run: RunDir) -> None:
    writer = Writer(run)
    writer.finish(0, 0, "first")
    writer.reopen(head=True)
    begin_compaction(writer.checkpoint)
    end_compaction(writer.checkpoint)
    writer.write_late(0, 1, "late")
    assert writer.checkpoint.finished_keys(writer.checkpoint.loop(0)) == {"first": 1}
    begin_compaction(writer.checkpoint)
    end_compaction(writer.checkpoint)
    assert b"late" not in Path(run.checkpoint_log_path).read_bytes()
    writer.checkpoint.close()


def a_short_log(run: RunDir) -> tuple[bytes, dict[str, Any], int]:
    """With a tail of five lines: its bytes, what it says, and where the tail begins."""
    writer = Writer(run)
    for number in range(40):
        writer.finish(0, number, f"key {number}", failed=number % 9 == 4)
    writer.checkpoint.note(step="a step", of="", result={"x": 1})
    begin_compaction(writer.checkpoint)
    end_compaction(writer.checkpoint)
    tail = writer.checkpoint.standing.offset
    for number in range(40, 45):
        writer.finish(0, number, f"key {number}")
    writer.checkpoint.save_head()
    told = said(writer.checkpoint)
    writer.checkpoint.close()
    return Path(run.checkpoint_log_path).read_bytes(), told, tail


@pytest.mark.parametrize("head", [True, False])
def test_of_one_that_was_torn_all_counts_or_nothing(run: RunDir, tmp_path: Path, head: bool) -> None:
    log, told, tail = a_short_log(run)
    plain_head = Path(run.checkpoint_path).read_bytes()
    for length in sorted({*range(0, len(log), 37), *range(tail - 3, len(log) + 1, 5)}):
        torn = a_run(tmp_path / f"torn-{length}")
        Path(torn.checkpoint_log_path).write_bytes(log[:length])
        Path(torn.artifacts_path, OUT).write_bytes(Path(run.artifacts_path, OUT).read_bytes())
        if head:
            Path(torn.checkpoint_path).write_bytes(plain_head)
        checkpoint = Checkpoint(torn)
        found = sorted(checkpoint.finished_keys(checkpoint.loop(0)))
        whole_lines = log[tail:length].count(b"\n")
        wanted = 40 + whole_lines if length >= tail else 0
        assert found == sorted(f"key {number}" for number in range(wanted))
        assert checkpoint.standing.counters.get("n", 0) == wanted // 2
        assert checkpoint.standing.failed == (len(told["failures"][0]) if wanted else 0)
        if not wanted and log[:length].count(b"\n") > 1:
            (kept,) = Path(torn.path).glob("checkpoint.log.cut-0-*")
            assert kept.read_bytes() == log[:length]
            assert kept.name in checkpoint.notes[-1]
        checkpoint.close()


def test_of_one_that_was_damaged_inside_nothing_is_believed_without_a_head(run: RunDir, tmp_path: Path) -> None:
    log, told, tail = a_short_log(run)
    head = Path(run.checkpoint_path).read_bytes()
    for at in range(0, tail, 41):
        damaged = bytearray(log)
        damaged[at] ^= 1
        hurt = a_run(tmp_path / f"hurt-{at}")
        Path(hurt.artifacts_path, OUT).write_bytes(Path(run.artifacts_path, OUT).read_bytes())
        Path(hurt.checkpoint_log_path).write_bytes(damaged)
        checkpoint = Checkpoint(hurt)
        assert not checkpoint.finished_keys(checkpoint.loop(0))
        assert checkpoint.standing.counters == {}
        checkpoint.close()
        if at < log.index(b"\n"):
            continue
        # What the head says needs none of it.
        Path(hurt.checkpoint_log_path).write_bytes(damaged)
        Path(hurt.checkpoint_path).write_bytes(head)
        checkpoint = Checkpoint(hurt)
        assert checkpoint.loop(0).chain.length == 45
        assert checkpoint.standing.counters == told["counters"]
        checkpoint.close()


def test_one_that_cannot_be_written_leaves_the_log_as_it_was(run: RunDir) -> None:
    # A limit on the size of a file refuses the draft, as a full disk would; nothing is added to the log meanwhile.
    script = f"""
import resource, threading
from pathlib import Path
from overnight.state import compaction
from overnight.state.checkpoint import Checkpoint
from overnight.state.rundir import RunDir
compaction.LEAST, compaction.GROWTH = 1, 0
run = RunDir({run.path!r})
checkpoint = Checkpoint(run)
for number in range(400):
    checkpoint.commit(checkpoint.loop(0), number, f"key {{number}}", 1, {{}}, {{}})
before = Path(run.checkpoint_log_path).read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
checkpoint.save_head()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
compaction.LEAST = 1 << 60
checkpoint.save_head()
assert Path(run.checkpoint_log_path).read_bytes() == before
assert not Path(compaction.draft_path(run)).exists()
checkpoint.commit(checkpoint.loop(0), 400, "key 400", 1, {{}}, {{}})
compaction.LEAST = 1
checkpoint.save_head()
# Not again at once: it would be refused as often as a head is written.
assert threading.active_count() == 1
checkpoint.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    checkpoint = Checkpoint(run)
    assert checkpoint.finished_keys(checkpoint.loop(0)).total() == 401
    checkpoint.close()


def test_its_memory_does_not_grow_with_the_log(run: RunDir, tmp_path: Path) -> None:
    most = {}
    for count in (4_000, 40_000):
        checkpoint = Checkpoint(a_run(tmp_path / str(count)))
        loop = checkpoint.loop(0)
        for number in range(count):
            checkpoint.commit(loop, number, f"{number:060d}", 1, {}, {})
        tracemalloc.start()
        begin_compaction(checkpoint)
        end_compaction(checkpoint)
        most[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert loop.chain.length == count
        assert checkpoint.standing.compacted
        checkpoint.close()
    assert most[40_000] - most[4_000] < 200_000


def test_the_thread_is_gone_when_the_checkpoint_is_closed(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    # It would need a minute to its end.
    monkeypatch.setattr(compaction, "REST", 3000)
    writer = Writer(run)
    for number in range(5000):
        writer.checkpoint.commit(writer.checkpoint.loop(0), number, f"key {number}", 1, {}, {})
    begin_compaction(writer.checkpoint)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "overnight-compaction"]
    eventually(lambda: os.path.exists(draft_path(run)))
    writer.checkpoint.close()
    assert not thread.is_alive()
    assert not os.path.exists(draft_path(run))
    checkpoint = Checkpoint(run)
    assert checkpoint.loop(0).chain.length == 5000
    checkpoint.close()


@pytest.mark.parametrize("size", [1 << 20, 100_000])
def test_keys_that_are_long_do_not_make_a_line_that_is_longer(run: RunDir, size: int) -> None:
    writer = Writer(run)
    keys = [f"{number}{'x' * size}" for number in range(6)]
    for number, key in enumerate(keys):
        writer.checkpoint.commit(writer.checkpoint.loop(0), number, key, 1, {}, {})
    begin_compaction(writer.checkpoint)
    end_compaction(writer.checkpoint)
    lines = Path(run.checkpoint_log_path).read_bytes().splitlines()
    assert max(len(line) for line in lines if b'"ks"' in line) < size + compaction.MOST_BYTES + 1000
    assert len(Path(run.checkpoint_path).read_bytes()) < 50_000
    writer.checkpoint.close()
    checkpoint = Checkpoint(run)
    assert sorted(checkpoint.finished_keys(checkpoint.loop(0))) == keys
    checkpoint.close()


class Killed:
    """A small agent whose log is made shorter, hurt at a call that is done to the draft."""

    COUNT = 40

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.committed: list[int] = []

    def start(self, *harm: str) -> int:
        command = [sys.executable, str(PROGRAMS / "shortens.py"), self.run.path, str(self.COUNT)]
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", draft_path(self.run), *harm] if harm else []
        done = subprocess.run([*strace, *command], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode in {0, -9}, done.stderr
        self.committed += map(int, done.stdout.split())
        return done.returncode

    def judge(self) -> None:
        """Everything that was committed is there, once; what was in hand then may be."""
        log = Path(self.run.checkpoint_log_path).read_bytes()
        lines = [logline.parse(line) for line in log.splitlines(keepends=True)]
        assert None not in lines[:-1]
        assert ("compacted" in (lines[0] or {})) == any("base" in (line or {}) for line in lines)
        checkpoint = Checkpoint(self.run)
        keys = checkpoint.finished_keys(checkpoint.loop(0))
        count = len(keys)
        assert set(keys.values()) == {1}
        assert keys.keys() == {str(number) for number in range(count)}
        assert count - 1 <= len(self.committed) <= count
        assert checkpoint.loop(0).chain.length == checkpoint.standing.counters["n"] == count
        assert Path(self.run.artifacts_path, OUT).read_text() == "".join(f"item {n}\n" for n in range(count))
        assert checkpoint.failed_items()[0] == [str(number) for number in range(count) if number % 7 == 3]
        assert not checkpoint.notes
        checkpoint.close()
        self.committed = list(range(count))


CALLS = ("unlink", "openat", "write", "fdatasync", "close", "fcntl", "rename")
needs_strace = pytest.mark.skipif(bool(no_tracing()), reason=no_tracing())


@needs_strace
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_each_call_to_the_draft_one_log_is_whole(call: str, tmp_path: Path) -> None:
    for number in range(1, 20):
        killed = Killed(a_run(tmp_path / str(number)))
        if killed.start("-e", f"inject={call}:signal=KILL:when={number}") == 0:
            break
        killed.judge()
        assert killed.start() == 0
        killed.judge()
    assert number > 1


@needs_strace
@pytest.mark.parametrize("call", ["openat", "write", "fdatasync", "close", "fcntl", "rename"])
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_refused_at_each_call_to_the_draft_the_agent_works_on(call: str, error: str, tmp_path: Path) -> None:
    for number in range(1, 4):
        refused = Killed(a_run(tmp_path / str(number)))
        assert refused.start("-e", f"inject={call}:error={error}:when={number}") == 0
        refused.judge()
