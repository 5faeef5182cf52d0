"""The law of resuming: over any starts, breaks and changes of the source, each item is done exactly once."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.agents.clock import ActiveClock
from overnight.agents.report import Report
from overnight.agents.walk import Options, Walk
from overnight.state.checkpoint import Checkpoint
from overnight.state.rundir import RunDir


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
