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

LINE = re.compile(r"(\d+) (\d+) (begun|stepped|done) (\S+)\n")


class Effect(NamedTuple):
    """One line that a body wrote, with one write."""

    attempt: int
    pid: int
    what: str
    """`begun`, before anything else; `stepped`, in a step whose result is remembered; `done`, after everything else."""
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
        committed=[(line.get("l", 0), key) for line in whole_lines_of(run, torn=False) for key in finished_by(line)],
        failed=[error["item"] for error in _json_lines(run / "errors.jsonl")],
        said={name: progress[name] for name in ("status", "processed_items", "total_items", "failed_items")},
    )


def in_any_order(result: Result) -> Result:
    """For comparing what was done in different orders."""
    return result._replace(
        artifacts={name: b"".join(sorted(data.splitlines(True))) for name, data in result.artifacts.items()},
        committed=sorted(result.committed),
        failed=sorted(result.failed),
        counters={name: round(value, 6) for name, value in result.counters.items()},
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


def finished_by(line: dict[str, Any]) -> list[str]:
    """The items that a line of the log says are finished: one or, in the log's shorter form, many."""
    return [line["k"]] if "k" in line else line.get("ks", [])


def _json_lines(path: Path) -> list[dict[str, Any]]:
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    assert all(line.endswith(b"\n") for line in lines), f"a torn line in {path.name}"
    return [json.loads(line) for line in lines]


class Witness:
    """Looks at a run whenever nothing of it works, after each of its attempts."""

    def __init__(self, run: Path, effects: Effects) -> None:
        self._run, self._effects = run, effects
        self.committed = [frozenset[str]()]
        """Keys, after so many attempts."""
        self._remembered = [frozenset[str]()]
        """Keys of the items that have had their step, and are in hand."""
        self.broken_off: set[int] = set()
        """The attempts that may have left something undone that they had begun."""

    def look(self, *, broken_off: bool) -> None:
        """What is committed was done, and its outputs are there; the head is whole."""
        if broken_off:
            self.broken_off.add(len(self.committed))
        done = {effect.key for effect in self._effects.read() if effect.what == "done"}
        committed: set[str] = set()
        remembered: set[str] = set()
        lengths: dict[str, int] = {}
        for line in whole_lines_of(self._run, torn=True):
            remembered.update({line["of"].partition(":")[2]} if "step" in line else ())
            committed.update(finished_by(line))
            lengths |= line.get("base", {}).get("artifacts", {}) | line.get("o", {})
        assert committed <= done, f"committed before it was done: {committed - done}"
        for name, length in lengths.items():
            size = (self._run / "artifacts" / name).stat().st_size
            assert size >= length, f"{name}: {length} bytes were committed, {size} are there"
        head = self._run / "checkpoint.json"
        assert not head.exists() or isinstance(json.loads(head.read_bytes()), dict)
        self.committed.append(frozenset(committed))
        self._remembered.append(frozenset(remembered))

    def judge(self, keys: Collection[str]) -> None:
        """Each key was done; only what a kill had found begun and not committed was begun again."""
        effects = self._effects.read()
        attempts = [(attempt, list(told)) for attempt, told in groupby(effects, key=lambda effect: effect.attempt)]
        assert [attempt for attempt, _ in attempts] == sorted({each.attempt for each in effects}), "not one by one"
        for attempt, told in attempts:
            self._judge_attempt(attempt, told)
        done = {effect.key for effect in effects if effect.what == "done"}
        assert not (lost := set(keys) - done), f"never done: {sorted(lost)}"

    def _judge_attempt(self, attempt: int, told: list[Effect]) -> None:
        before, after = self.committed[attempt - 1 : attempt + 1]
        begun = Counter(effect.key for effect in told if effect.what == "begun")
        assert not (twice := {key for key, times in begun.items() if times > 1}), f"begun twice: {twice}"
        assert not (again := begun.keys() & before), f"begun again in attempt {attempt}: {again}"
        stepped = {effect.key for effect in told if effect.what == "stepped"}
        assert not (again := stepped & self._remembered[attempt - 1]), f"a remembered step was repeated: {again}"
        assert before <= after, f"forgotten in attempt {attempt}: {before - after}"
        if attempt not in self.broken_off:
            assert begun.keys() <= after, f"attempt {attempt} was not killed and left undone: {begun.keys() - after}"
        assert len({effect.pid for effect in told}) == 1, f"two processes worked as attempt {attempt}"
