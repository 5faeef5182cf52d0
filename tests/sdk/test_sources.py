"""The law of resuming in full: whatever happens to source, agent and log, what is left is done, and nothing else.

Sources of every kind, in which items come, go, move and get other versions; several items in hand that are finished in
any order; items that fail and are asked for again; kills, heads that are lost, logs that are put into the shorter form.
"""

import json
import os
import random
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents.clock import ActiveClock
from overnight.agents.lines import JsonLines, Lines
from overnight.agents.report import Report
from overnight.agents.walk import Options, Walk
from overnight.state import compaction
from overnight.state.checkpoint import Checkpoint
from overnight.state.rundir import RunDir

IN_HAND = 4


class Item(NamedTuple):
    key: str
    version: int


class Model:
    """What is finished, by key."""

    def __init__(self) -> None:
        self.finished: dict[str, int] = {}
        self.failed: set[Item] = set()
        """Finished items that failed."""
        self.again: set[Item] = set()
        """Those of them that are asked for once more."""

    def left(self, source: list[Item]) -> set[Item]:
        return {item for item in source if self.finished.get(item.key) != item.version or item in self.again}

    def finish(self, item: Item, *, failed: bool) -> None:
        self.finished[item.key] = item.version
        self.again.discard(item)
        if failed:
            self.failed.add(item)
        else:
            self.failed.discard(item)

    def ask_again(self) -> None:
        self.again |= self.failed
        self.failed.clear()


class Kind(NamedTuple):
    """What an author hands over, and what is said of it."""

    name: str
    versions: bool = False
    any_order: bool = False

    def options(self) -> Options:
        version = (lambda item: item_of(item).version) if self.versions else None
        order = "any" if self.any_order else "source"
        return Options(key=lambda item: item_of(item).key, version=version, order=order)  # type: ignore[arg-type]

    def source(self, items: list[Item], folder: str) -> Iterable[Any]:
        path = Path(folder, "items")
        match self.name:
            case "list":
                return items
            case "lines":
                path.write_text("".join(f"{item.key} {item.version}\n" for item in items))
                return Lines(path)
            case "jsonlines":
                path.write_text("".join(f"{json.dumps(item)}\n\n" for item in items))
                return JsonLines(path)
            case _:
                return iter(items)


def item_of(given: Any) -> Item:
    if isinstance(given, str):
        key, version = given.split(" ")
        return Item(key, int(version))
    return Item(*given)


class Start(NamedTuple):
    """One start of the agent, and what comes before it."""

    change: str
    at: int
    most: int
    """Items that are finished before it is killed."""
    again: bool
    """Failed items are asked for."""
    lose_head: bool
    compact: bool
    seed: int


class Agent:
    """A loop with several items in hand, without its process."""

    def __init__(self, folder: str, kind: Kind) -> None:
        self.run, self.kind, self.folder = RunDir(folder), kind, folder
        self.model = Model()

    def work(self, items: list[Item], start: Start) -> None:
        chance = random.Random(start.seed)
        checkpoint, report = Checkpoint(self.run), Report(1, ActiveClock())
        if start.again:
            for index, identities in checkpoint.failed_items().items():
                checkpoint.note(l=index, again=identities)
            self.model.ask_again()
        report.processed = checkpoint.loop(0).done
        walk: Walk[Any] = Walk(checkpoint.loop(0), self.kind.source(items, self.folder), self.kind.options())
        walk.begin(checkpoint, report)
        left = self.model.left(items)
        given: list[Item] = []
        done, ended = 0, False
        in_hand: list[tuple[int, Item, str]] = []
        todo = walk.todo(report)
        while done < start.most and not (ended and not in_hand):
            if not ended and len(in_hand) < IN_HAND and (chance.random() < 0.7 or not in_hand):
                each = next(todo, None)
                ended = each is None
                if each is not None:
                    in_hand.append((each[0], item_of(each[1]), each[2]))
                    given.append(in_hand[-1][1])
                continue
            position, item, identity = in_hand.pop(chance.randrange(len(in_hand)))
            failed = chance.random() < 0.2
            self._commit(checkpoint, walk, position, item, identity, failed=failed)
            self.model.finish(item, failed=failed)
            done, report.processed = done + 1, report.processed + 1
            if chance.random() < 0.15:
                walk.mark_cursor()
                checkpoint.save_head()
        assert len(set(given)) == len(given)
        assert set(given) <= left
        if ended:
            assert set(given) == left
        if ended and not in_hand:
            assert walk.loop.done == len(items) == report.processed
        if start.compact:
            shorten(checkpoint, walk)
        checkpoint.close()
        if start.lose_head and os.path.exists(self.run.checkpoint_path):
            os.unlink(self.run.checkpoint_path)

    def _commit(
        self, checkpoint: Checkpoint, walk: Walk[Any], position: int, item: Item, identity: str, *, failed: bool
    ) -> None:
        more: dict[str, Any] = {}
        if self.kind.versions:
            more["v"] = identity[len(item.key) + 1 :]
        if failed:
            more["e"] = {"type": "ValueError", "message": "odd", "log": 0}
        checkpoint.commit(walk.loop, position, identity, 1, {}, {}, more or None)


def shorten(checkpoint: Checkpoint, walk: Walk[Any]) -> None:
    least, growth = compaction.LEAST, compaction.GROWTH
    compaction.LEAST, compaction.GROWTH = 1, 0
    walk.mark_cursor()
    try:
        checkpoint.save_head()
        for thread in threading.enumerate():
            if thread.name == "overnight-compaction":
                thread.join()
    finally:
        compaction.LEAST, compaction.GROWTH = least, growth
    checkpoint.save_head()
    assert checkpoint.standing.compacted


def changed(items: list[Item], start: Start, number: int) -> list[Item]:
    at = start.at % (len(items) + 1)
    fresh = [Item(f"new-{number}-{each}", 0) for each in range(1 + start.at % 3)]
    match start.change:
        case "insert":
            return [*items[:at], *fresh, *items[at:]]
        case "remove":
            return items[:at] + items[at + 1 + start.at % 4 :]
        case "append":
            return [*items, *fresh]
        case "rotate":
            return items[at:] + items[:at]
        case "reverse":
            return [*items[:at][::-1], *items[at:]]
        case "renew" | "revert":
            step = 1 if start.change == "renew" else -1
            return [
                each._replace(version=each.version + step) if at <= i < at + 4 else each for i, each in enumerate(items)
            ]
    return items


CHANGES = ("same", "same", "same", "append", "insert", "remove", "rotate", "reverse", "renew", "revert")
starts = st.lists(
    st.builds(
        Start,
        st.sampled_from(CHANGES),
        st.integers(0, 12) | st.integers(0, 700),
        st.integers(0, 8) | st.integers(0, 200) | st.just(10_000),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.integers(0, 1 << 16),
    ),
    max_size=8,
)
KINDS = (
    Kind("list"),
    Kind("stream"),
    Kind("lines"),
    Kind("jsonlines"),
    Kind("list", versions=True),
    Kind("stream", versions=True),
    Kind("jsonlines", versions=True),
    Kind("list", any_order=True),
    Kind("stream", versions=True, any_order=True),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind)))
@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 8) | st.integers(0, 600), story=starts)
def test_what_is_left_is_done_and_nothing_else(kind: Kind, size: int, story: list[Start]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(folder, kind)
        items = [Item(f"item-{number}", 0) for number in range(size)]
        for number, start in enumerate(story):
            items = changed(items, start, number)
            if not kind.versions:
                items = [item._replace(version=0) for item in items]
            agent.work(items, start)
        agent.work(items, Start("same", 0, 1 << 60, False, False, False, 1))
        assert not agent.model.left(items)


twice = st.lists(
    st.tuples(st.sampled_from(CHANGES[:8]), st.integers(0, 60), st.integers(0, 40) | st.just(10_000), st.booleans()),
    max_size=6,
)


@pytest.mark.parametrize("kind", ["list", "stream", "lines"])
@settings(max_examples=60, deadline=None)
@given(size=st.integers(0, 60), story=twice)
def test_what_comes_more_than_once_is_done_as_often_as_it_comes(
    kind: str, size: int, story: list[tuple[str, int, int, bool]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run, path = RunDir(folder), Path(folder, "items")
        finished: Counter[str] = Counter()
        items = [Item(str(number % 5), 0) for number in range(size)]
        for number, (change, at, most, lose_head) in enumerate([*story, ("same", 0, 10_000, False)]):
            items = changed(items, Start(change, at, 0, False, False, False, 0), number)
            names = [item.key for item in items]
            path.write_text("".join(f"{name}\n" for name in names))
            source: Any = {"list": names, "stream": iter(names), "lines": Lines(path)}[kind]
            checkpoint, report = Checkpoint(run), Report(1, ActiveClock())
            walk: Walk[Any] = Walk(checkpoint.loop(0), source, Options(duplicates=True))
            walk.begin(checkpoint, report)
            left, given = Counter(names) - finished, Counter[str]()
            for (position, item, identity), _ in zip(walk.todo(report), range(most), strict=False):
                checkpoint.commit(walk.loop, position, identity, 1, {}, {})
                finished[item] += 1
                given[item] += 1
                if finished.total() % 7 == 3:
                    walk.mark_cursor()
                    checkpoint.save_head()
            assert given <= left
            assert given == left or given.total() == most
            if most % 2:
                walk.mark_cursor()
                checkpoint.save_head()
            checkpoint.close()
            if lose_head and os.path.exists(run.checkpoint_path):
                os.unlink(run.checkpoint_path)
