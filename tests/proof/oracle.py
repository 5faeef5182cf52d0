"""The judge who stands outside: what an agent did, by its word in a file outside of its run, and what is left of it.

Reads files with its own eyes: nothing of what is judged takes part. Each function raises an AssertionError that
says what is wrong.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

LINE = re.compile(r"(\d+) (\d+) (begun|done) (\S+)\n")


class Effect(NamedTuple):
    """One line that a body wrote, with one write."""

    attempt: int
    pid: int
    what: str
    """`begun`, before anything else; `done`, after everything else."""
    key: str


class Effects:
    """The file to which the bodies of the items append."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self) -> list[Effect]:
        if not self.size():
            return []
        found = []
        for line in self.path.read_text().splitlines(keepends=True):
            match = LINE.fullmatch(line)
            assert match, f"a torn line among the effects: {line!r}"
            attempt, pid, what, key = match.groups()
            found.append(Effect(int(attempt), int(pid), what, key))
        return found


class Result(NamedTuple):
    """What a run leaves behind: equal for a tortured run and for one that nobody touched."""

    artifacts: dict[str, bytes]
    counters: dict[str, float]
    committed: list[tuple[int, str]]
    """Loop and key, in the order of the log."""
    failed: list[str]
    """Keys in errors.jsonl, in its order."""
    said: dict[str, Any]
    """Of progress.json what does not depend on time."""


def result_of(run: Path) -> Result:
    """What is left of a run that has completed. Every line of every file must be whole."""
    progress = json.loads((run / "progress.json").read_bytes())
    artifacts = run / "artifacts"
    return Result(
        artifacts={
            str(path.relative_to(artifacts)): path.read_bytes() for path in artifacts.rglob("*") if path.is_file()
        },
        counters=progress["counters"],
        committed=[(line.get("l", 0), line["k"]) for line in whole_lines_of(run, torn=False) if "k" in line],
        failed=[error["item"] for error in _json_lines(run / "errors.jsonl")],
        said={name: progress[name] for name in ("status", "processed_items", "total_items", "failed_items")},
    )


def assert_same(result: Result, undisturbed: Result) -> None:
    """Field by field: a difference of megabytes is not printed."""
    assert result.artifacts.keys() == undisturbed.artifacts.keys()
    for name, data in undisturbed.artifacts.items():
        assert result.artifacts[name] == data, f"{name}: {_difference(result.artifacts[name], data)}"
    assert result.committed == undisturbed.committed, "the log holds other keys"
    assert result._replace(artifacts={}) == undisturbed._replace(artifacts={})


def _difference(found: bytes, wanted: bytes) -> str:
    at = next(
        (at for at, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted))
    )
    here = slice(max(0, at - 20), at + 40)
    return f"{len(found)} bytes instead of {len(wanted)}, at byte {at} {found[here]!r} instead of {wanted[here]!r}"


def whole_lines_of(run: Path, *, torn: bool) -> Iterator[dict[str, Any]]:
    """What the lines of checkpoint.log say; each with its checksum. With `torn` the last one may be a part of one."""
    path = run / "checkpoint.log"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    for number, line in enumerate(lines, 1):
        if torn and number == len(lines) and not line.endswith(b"\n"):
            return
        whole = line.endswith(b"\n") and line[8:9] == b" " and line[:8] == b"%08x" % crc32(line[9:-1])
        assert whole, f"line {number} of {len(lines)} of the log is not whole: {line!r}"
        said = json.loads(line[9:])
        assert isinstance(said, dict)
        yield said


def _json_lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    assert all(line.endswith(b"\n") for line in lines), f"a torn line in {path.name}"
    return [json.loads(line) for line in lines]


def assert_nothing_lost_yet(run: Path, effects: Effects) -> None:
    """At any instant at which nothing of the run works: what is committed was done, and its outputs are there."""
    done = {effect.key for effect in effects.read() if effect.what == "done"}
    lengths: dict[str, int] = {}
    for line in whole_lines_of(run, torn=True):
        assert "k" not in line or line["k"] in done, f"{line['k']} was committed before it was done"
        lengths |= line.get("o", {})
    for name, length in lengths.items():
        size = (run / "artifacts" / name).stat().st_size
        assert size >= length, f"{name}: {length} bytes were committed, {size} are there"
    head = run / "checkpoint.json"
    if head.exists():
        assert isinstance(json.loads(head.read_bytes()), dict)


def assert_done_once(effects: list[Effect], keys: Collection[str], broken_off: Collection[int]) -> None:
    """Each key was done; one was begun again only where an attempt was broken off in it, once for each time.

    `broken_off`: the attempts that were killed. At most one item is in hand at a time: the last one that was begun.
    """
    allowed = Counter(dict.fromkeys(keys, 1))
    begun: Counter[str] = Counter()
    for attempt, told in groupby(effects, key=lambda effect: effect.attempt):
        begun.update(_begun_in(list(told), attempt, allowed, attempt in broken_off))
    finished = {effect.key for effect in effects if effect.what == "done"}
    assert not (lost := set(keys) - finished), f"never done: {sorted(lost)}"
    assert not (doubled := begun - allowed), f"done again without a kill: {dict(doubled)}"


def _begun_in(told: list[Effect], attempt: int, allowed: Counter[str], broken_off: bool) -> list[str]:
    """What one attempt began, one item after the other; what it was broken off in may be begun once more."""
    steps = [(effect.what, effect.key) for effect in told]
    begun = [key for what, key in steps if what == "begun"]
    whole = [(what, key) for key in begun for what in ("begun", "done")]
    assert steps in (whole, whole[:-1]), f"attempt {attempt} did not do one item after the other: {steps}"
    assert broken_off or steps == whole, f"attempt {attempt} was not killed and left {begun[-1]} undone"
    assert len({effect.pid for effect in told}) == 1, f"two processes worked as attempt {attempt}"
    if broken_off:
        allowed[begun[-1]] += 1
    return begun
