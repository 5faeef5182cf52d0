"""What lines of a log amount to: the same as its writer knows, and of what is not ours nothing."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.state import codec, logline
from overnight.state.checkpoint import Checkpoint
from overnight.state.rundir import RunDir
from overnight.state.standing import (
    DOES_NOT_FIT,
    VERSION_MARK,
    Cursor,
    Standing,
    identity_of,
    key_of,
    standing_of,
    versioned,
)

odd_text = st.text(st.characters(codec=None) | st.sampled_from(["\x1f", "\ud800", "\udcff", "\0", "\n", '"', "\\"]))


@given(odd_text, odd_text)
def test_an_identity_gives_its_key_back_whatever_it_holds(key: str, version: str) -> None:
    identity = versioned(key, version)
    assert key_of(identity) == key
    assert identity_of({"k": key, "v": version}) == identity
    assert identity_of({"k": key, "v": identity[len(key) + 1 :]}) == identity
    assert identity_of({"k": key}) == key


def test_different_keys_and_versions_have_different_identities() -> None:
    pairs = [(f"a{VERSION_MARK}b", "c"), ("a", f"b{VERSION_MARK}c"), ("a", "b"), ("a", ""), ("", "a")]
    assert len({versioned(*pair) for pair in pairs}) == len(pairs)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.just(1e400) | st.just(1 << 70) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("k", "i", "s", "d", "o", "c", "e", "l", "v", "w", "n", "keep", "again", "reordered", "step", "of", "base")
lines = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=5)
GOOD = (
    {"k": "a", "i": 0, "s": 1, "c": {"n": 1}, "o": {"out": 3}},
    {"k": "b", "i": 2, "s": 1, "e": {"log": 7}},
    {"s": 1, "step": "x", "of": "", "result": 1},
    {"s": 1, "keep": {"x": 1}},
)


@settings(max_examples=500, deadline=None)
@given(st.lists(lines, max_size=6))
def test_a_line_that_is_not_ours_changes_nothing(read: list[dict[str, Any]]) -> None:
    standing = Standing(10)
    for line in GOOD:
        standing.apply(line, 50)
    for line in read:
        before = json.dumps(standing.plain())
        try:
            standing.apply(line, 50)
        except DOES_NOT_FIT:
            assert json.dumps(standing.plain()) == before


@settings(max_examples=300, deadline=None)
@given(json_values | st.dictionaries(st.sampled_from([*Standing().plain(), "x"]), json_values))
def test_a_head_that_is_not_ours_is_an_error_that_is_named(plain: Any) -> None:
    with pytest.raises(DOES_NOT_FIT):
        standing_of(plain)


deeds = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.sampled_from(["", "v", "e", "n"]), st.booleans()), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(deeds)
def test_a_writer_knows_what_the_lines_say_that_it_wrote(story: list[tuple[int, int, str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(folder)
        checkpoint = Checkpoint(run)
        for number, (index, ahead, rare, counts) in enumerate(story):
            loop = checkpoint.loop(index)
            fields: dict[str, dict[str, Any]] = {"v": {"v": "1"}, "e": {"e": {"log": number}}, "n": {"n": 2}}
            identity = versioned(str(number), "1") if rare == "v" else str(number)
            counters = {"n": 1, "x": 0.5} if counts else {}
            checkpoint.commit(loop, loop.chain.length + ahead, identity, 1, {}, counters, fields.get(rare))
            if rare == "e":
                checkpoint.note(l=index, again=[str(number)])
        known, offset = checkpoint.standing.plain(), checkpoint.standing.offset
        checkpoint.close()
        said, at = Standing(), 0
        for line in Path(run.checkpoint_log_path).read_bytes().splitlines(keepends=True):
            said.apply(logline.parse(line) or {}, len(line))
            at += len(line)
        assert said.offset == offset == at
        assert said.plain() == {**known, "session": 1 if story else 0}
        assert standing_of(json.loads(codec.to_json(said.plain()))).plain() == said.plain()


def test_a_cursor_is_kept_with_the_watermark_that_it_belongs_to() -> None:
    standing = Standing()
    loop = standing.loop(0)
    for number in range(300):
        loop.finish(number, str(number))
    loop.place_cursor(Cursor(300, 900, 300, "ab"))
    for number in range(300, 600):
        loop.finish(number, str(number))
    again = standing_of(json.loads(codec.to_json(standing.plain()))).loop(0)
    assert again.cursor == Cursor(300, 900, 300, "ab")
    assert again.cursor_chain.length == 300
    for number in range(300, 600):
        again.cursor_chain.add(str(number))
    assert again.cursor_chain.agrees_with(loop.chain)


def test_many_items_that_are_done_again_cost_no_more_each() -> None:
    def seconds(count: int) -> float:
        loop = Standing().loop(0)
        for number in range(count):
            loop.finish(number, str(number))
        loop.undo(map(str, range(count)))
        began = time.process_time()
        for number in range(count):
            loop.finish(number, str(number))
        assert not loop.again
        return (time.process_time() - began) / count

    assert seconds(50_000) < 20 * min(seconds(1000) for _ in range(5))
