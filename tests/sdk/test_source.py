"""The law of resuming: over any starts, breaks and changes of the source, each item is done exactly once."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents.clock import ActiveClock
from overnight.agents.lines import Lines
from overnight.agents.report import Report
from overnight.agents.seen import WINDOW, DuplicateKey
from overnight.agents.source import Rest
from overnight.agents.walk import Options, Walk
from overnight.state.checkpoint import Checkpoint
from overnight.state.rundir import RunDir
from overnight.state.standing import Loop


class Agent:
    """The loop of `run.each` without its process."""

    def __init__(self, run: RunDir) -> None:
        self.run = run
        self.done: Counter[str] = Counter()
        self.said: str | None = None

    def work(self, source: Sequence[str], most: int, *, stream: bool, head: bool) -> None:
        """One start that does at most `most` items and is then killed."""
        checkpoint, report = Checkpoint(self.run), Report(1, ActiveClock())
        walk = Walk(checkpoint.loop(0), iter(source) if stream else source, Options(duplicates=True))
        walk.begin(checkpoint, report)
        if head:
            checkpoint.save_head()
        for left, (position, item, identity) in zip(range(most, -1, -1), walk.todo(report), strict=False):
            if not left:
                break
            self.done[item] += 1
            checkpoint.commit(walk.loop, position, identity, 1, {}, {})
            if head and left % 5 == 1:
                checkpoint.save_head()
        if head:
            checkpoint.save_head()
        self.said = report.message
        checkpoint.close()


def changed(source: list[str], change: tuple[str, int], fresh: str) -> list[str]:
    what, number = change
    at = number % (len(source) + 1)
    return {
        "same": source,
        "insert": [*source[:at], fresh, *source[at:]],
        "remove": source[:at] + source[at + 1 :],
        "append": [*source, fresh],
        "rotate": source[at:] + source[:at],
        "swap": [*source[:at][::-1], *source[at:]],
    }[what]


changes = st.tuples(
    st.sampled_from(["same", "same", "insert", "remove", "append", "rotate", "swap"]), st.integers(0, 400)
)
starts = st.lists(st.tuples(changes, st.integers(0, 120), st.booleans(), st.booleans(), st.booleans()), max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), starts)
def test_each_item_is_done_once_whatever_happens_to_the_source(
    size: int, story: list[tuple[tuple[str, int], int, bool, bool, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(folder)
        agent = Agent(run)
        source = [f"item {number}" for number in range(size)]
        for number, (change, most, stream, head, lose_head) in enumerate(story):
            source = changed(source, change, f"new {number}")
            agent.work(source, most, stream=stream, head=head)
            if lose_head and os.path.exists(run.checkpoint_path):
                os.unlink(run.checkpoint_path)
        agent.work(source, 10_000, stream=False, head=False)
        assert set(source) <= set(agent.done)
        assert set(agent.done.values()) <= {1}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abc"), max_size=200), st.lists(st.integers(0, 90), max_size=4), st.booleans())
def test_an_item_that_stands_twice_is_done_twice(source: list[str], portions: list[int], stream: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(RunDir(folder))
        for most in [*portions, 1000]:
            agent.work(source, most, stream=stream, head=most % 2 == 0)
        assert agent.done == Counter(source)


def test_what_changed_is_counted(tmp_path: Path) -> None:
    agent = Agent(RunDir(str(tmp_path)))
    old = [f"item {number}" for number in range(100)]
    agent.work(old, 60, stream=False, head=True)
    new = [key for key in old if key not in {"item 3", "item 4", "item 99"}]
    new[10:10] = ["new 1", "new 2"]
    agent.work(new, 0, stream=False, head=True)
    assert agent.said == "the source changed: 2 new, 3 gone"


def test_an_unchanged_source_is_not_read_from_the_log(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    agent = Agent(run)
    source = [f"item {number}" for number in range(1000)]
    agent.work(source, 501, stream=False, head=True)
    log = Path(run.checkpoint_log_path)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], *(b"#" * (len(line) - 1) + b"\n" for line in lines[1:400]), *lines[400:]]))
    agent.work(source, 1000, stream=False, head=True)
    assert agent.done == Counter(source)


# ---- versions, duplicates, odd keys


def versions_of(run: RunDir, source: Any, most: int = 1000) -> tuple[list[tuple[str, Any]], str | None]:
    """One start over pairs of key and version: what was done, and what it said of the source."""
    checkpoint, report = Checkpoint(run), Report(1, ActiveClock())
    options = Options(key=lambda pair: pair[0], version=lambda pair: pair[1])
    walk: Walk[Any] = Walk(checkpoint.loop(0), source, options)
    done = []
    try:
        walk.begin(checkpoint, report)
        for (position, item, identity), _ in zip(walk.todo(report), range(most), strict=False):
            checkpoint.commit(walk.loop, position, identity, 1, {}, {}, {"v": str(item[1])})
            done.append(item)
        checkpoint.save_head()
    finally:
        checkpoint.close()
    return done, report.message


@pytest.mark.parametrize("kind", [list, iter])
def test_an_item_whose_version_changed_is_done_again_and_it_says_so(tmp_path: Path, kind: Any) -> None:
    run = RunDir(str(tmp_path))
    old = [(f"k{number}", 0) for number in range(10)]
    assert versions_of(run, kind(old)) == (old, None)
    assert versions_of(run, kind(old)) == ([], None)
    changed = [(key, 1 if key in {"k3", "k7"} else 0) for key, _ in old]
    assert versions_of(run, kind(changed)) == ([("k3", 1), ("k7", 1)], "the source changed: 2 changed")
    assert versions_of(run, kind(changed)) == ([], None)
    # What was done last is what counts, not what was done ever.
    back = [*changed[:3], ("k3", 0), *changed[4:], ("k10", 0)]
    assert versions_of(run, kind(back))[0] == [("k3", 0), ("k10", 0)]
    gone = [pair for pair in back if pair[0] != "k5"]
    assert versions_of(run, kind(gone)) == ([], "the source changed: 1 gone")
    assert versions_of(run, kind(gone)) == ([], None)


def test_a_version_that_failed_twice_is_done_again_once(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    failed = {"e": {"type": "E", "message": "", "log": 0}}
    for version in ("0", "1", "0"):
        checkpoint = Checkpoint(run)
        loop = checkpoint.loop(0)
        if version == "1":
            checkpoint.reorder(loop)
        checkpoint.commit(loop, loop.chain.length, f"a\x1f{version}", 1, {}, {}, {"v": version, **failed})
        checkpoint.reorder(loop)
        checkpoint.close()
    checkpoint = Checkpoint(run)
    assert checkpoint.failed_items() == {0: ["a\x1f0"]}
    # Asked twice, by who was killed in between and by the next one.
    for _ in range(2):
        checkpoint.note(l=0, again=["a\x1f0"])
    checkpoint.close()
    assert versions_of(run, [("a", "0")])[0] == [("a", "0")]
    assert versions_of(run, [("a", "0")])[0] == []


def test_an_equal_line_behind_the_cursor_of_a_changed_file_is_not_passed_over(tmp_path: Path) -> None:
    """What counts by its key is counted once: also where the lines that it was counted for are not read again."""
    run, path = RunDir(str(tmp_path)), tmp_path / "items"
    path.write_text("x\na\n")
    assert keys_of(run, Lines(path)) == ["x", "a"]
    path.write_text("new\nx\na\nx\ny\n")
    checkpoint, report = Checkpoint(run), Report(1, ActiveClock())
    walk = Walk(checkpoint.loop(0), Lines(path), Options())
    walk.begin(checkpoint, report)
    todo = walk.todo(report)
    position, item, identity = next(todo)
    assert item == "new"
    checkpoint.commit(walk.loop, position, identity, 1, {}, {})
    # In hand when it is killed, behind those that were passed over.
    assert next(todo)[:2] == (3, "x")
    walk.mark_cursor()
    checkpoint.save_head()
    assert walk.loop.cursor is not None
    checkpoint.close()
    assert keys_of(run, Lines(path)) == ["x", "y"]


def keys_of(run: RunDir, source: Any, most: int = 100_000, **options: Any) -> list[str]:
    checkpoint, report = Checkpoint(run), Report(1, ActiveClock())
    try:
        walk: Walk[Any] = Walk(checkpoint.loop(0), source, Options(**options))
        walk.begin(checkpoint, report)
        done = []
        for (position, _, identity), _ in zip(walk.todo(report), range(most), strict=False):
            checkpoint.commit(walk.loop, position, identity, 1, {}, {})
            done.append(identity)
        return done
    finally:
        checkpoint.close()


def test_a_list_with_a_key_that_comes_twice_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    with pytest.raises(DuplicateKey, match="two items have the key 'a'"):
        keys_of(run, ["x", "a", *map(str, range(5000)), "a"])
    assert b'"k"' not in Path(run.checkpoint_log_path).read_bytes()
    assert keys_of(run, ["a", "b"], 1) == ["a"]
    # Also when it has grown, or changed.
    for source in (["a", "b", "c", "b"], ["b", "b"], ["c", "a", "b", "a"]):
        with pytest.raises(DuplicateKey):
            keys_of(run, source)
    assert keys_of(run, ["a", "b"]) == ["b"]


def test_a_range_of_which_nobody_could_remember_all_numbers_begins_and_goes_on(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    assert keys_of(run, range(10**12), 2) == ["0", "1"]
    assert keys_of(run, range(10**12 + 1), 2) == ["2", "3"]


def test_two_versions_of_a_key_in_one_source_are_refused_too(tmp_path: Path) -> None:
    source = [("a", 1), ("a", 2)]
    for pairs in (source, iter(source)):
        with pytest.raises(DuplicateKey, match="the key 'a'"):
            versions_of(RunDir(str(tmp_path)), pairs)


def test_of_a_stream_a_key_that_comes_again_soon_is_refused(tmp_path: Path) -> None:
    keys = [str(number) for number in range(3 * WINDOW)]
    with pytest.raises(DuplicateKey):
        keys_of(RunDir(str(tmp_path)), iter([*keys, keys[-WINDOW]]))
    assert len(keys_of(RunDir(str(tmp_path)), iter([*keys, keys[-WINDOW]]), duplicates=True)) == 1


@pytest.mark.parametrize("kind", [list, iter])
def test_what_comes_twice_is_done_twice_where_that_is_said(tmp_path: Path, kind: Any) -> None:
    run = RunDir(str(tmp_path))
    assert keys_of(run, kind("abab"), 3, duplicates=True) == list("aba")
    assert keys_of(run, kind("abab"), duplicates=True) == ["b"]
    assert keys_of(run, kind("babaa"), duplicates=True) == ["a"]
    assert keys_of(run, kind("babaa"), duplicates=True) == []


def test_items_that_failed_are_done_again_each_once(tmp_path: Path) -> None:
    run = RunDir(str(tmp_path))
    source = list("abcdef")
    checkpoint = Checkpoint(run)
    for position, key in enumerate(source):
        more = {"e": {"type": "E", "message": "", "log": 0}} if key in "bdf" else None
        checkpoint.commit(checkpoint.loop(0), position, key, 1, {}, {}, more)
    assert checkpoint.failed_items() == {0: ["b", "d", "f"]}
    checkpoint.note(l=0, again=["b"])
    # Killed before the others were noted, and asked once more.
    checkpoint.close()
    checkpoint = Checkpoint(run)
    assert checkpoint.failed_items() == {0: ["d", "f"]}
    checkpoint.note(l=0, again=["d", "f"])
    checkpoint.close()
    # The source has another order by now, and one of them is gone.
    assert keys_of(run, ["f", "e", "new", "c", "b", "a"]) == ["f", "new", "b"]
    assert keys_of(run, ["f", "e", "new", "c", "b", "a", "d"]) == ["d"]
    assert keys_of(run, ["f", "e", "new", "c", "b", "a", "d"]) == []


odd_keys = st.lists(
    st.text(st.characters(codec=None) | st.sampled_from(["\x1f", "\ud800", "\udcff", "\0", "\n", '"']), max_size=6)
    | st.sampled_from(["x" * 20_000, "x" * 20_001, "y" * (1 << 20)]),
    unique=True,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(odd_keys, st.integers(0, 40), st.booleans(), st.booleans())
def test_a_key_may_hold_anything(keys: list[str], most: int, head: bool, stream: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(folder)
        agent = Agent(run)
        agent.work(keys, most, stream=stream, head=head)
        agent.work(keys[::-1], most // 2, stream=stream, head=head)
        agent.work(keys, 1000, stream=stream, head=head)
        assert agent.done == Counter(keys)
        agent.work(keys, 1000, stream=stream, head=True)
        assert agent.done == Counter(keys)
        assert agent.said is None
        # A head is written often: it must not hold what is long.
        assert os.stat(run.checkpoint_path).st_size < 300_000


def test_a_source_that_came_back_to_its_order_is_told_of_once(tmp_path: Path) -> None:
    agent = Agent(RunDir(str(tmp_path)))
    source = [f"item {number}" for number in range(1000)]
    agent.work(source, 2000, stream=True, head=True)
    agent.work(source[10:], 2000, stream=True, head=True)
    assert agent.said == "the source changed: 10 gone"
    agent.work(source[10:], 2000, stream=True, head=True)
    assert agent.said is None
    agent.work(source, 2000, stream=True, head=True)
    assert agent.said == "the source changed: another order"
    assert agent.done == Counter(source)


def test_memory_to_prove_a_stream_does_not_grow_with_it() -> None:
    held = {}
    for count in (20_000, 2_000_000):
        loop = Loop(0)
        for number in range(count):
            loop.finish(number, str(number))
        rest: Rest[str] = Rest(loop, str, None)
        source, held[count] = map(str, range(count)), 0
        while rest.wanted:
            rest.prove(list(islice(source, rest.wanted)))
            held[count] = max(held[count], len(rest.unread) + rest.wanted)
        assert rest.position == count
    assert held[2_000_000] <= 4096
