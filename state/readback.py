"""What the checkpoint log says when it is asked again: which items are finished, and which of them failed."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from overnight.state import logline
from overnight.state.rundir import RunDir
from overnight.state.standing import identity_of, key_of, place_of


def lines_of(run: RunDir, start: int, end: int | None = None) -> Iterator[bytes]:
    """The lines of a run's log from one offset to another, or to its end."""
    with open(run.checkpoint_log_path, "rb") as file:
        file.seek(start)
        for line in file:
            if end is not None and start >= end:
                return
            start += len(line)
            yield line


class Fence:
    """Which lines count: behind one of a newer start, one of an older was written by what should have ended."""

    __slots__ = ("session",)

    def __init__(self, session: int = 0) -> None:
        self.session = session

    def lets_pass(self, line: Mapping[str, Any]) -> bool:
        session = int(line["base"]["session"] if "base" in line else line.get("s", self.session))
        if session < self.session:
            return False
        self.session = session
        return True


def finished_keys(run: RunDir, loop: int, end: int, from_position: int = 0) -> Counter[str]:
    """Identities of the loop's items in the log up to `end`, each as often as it was finished, less those that are to
    be done again.

    `from_position`: of a source whose order was never another; those that stand before it are left out. Less often
    than never: one that is to be done again stands there.
    """
    keys: Counter[str] = Counter()
    failed: set[tuple[int, str]] = set()
    for fields in _counting(run, 0, end):
        index, first = place_of(fields)
        if index != loop:
            continue
        if "k" in fields:
            identity = identity_of(fields)
            # What failed before and is done again fills the place of what was asked for once more.
            keys[identity] += first >= from_position or (first, identity) in failed
            if "e" in fields:
                failed.add((first, identity))
        elif "ks" in fields:
            keys.update(fields["ks"][max(0, from_position - first) :])
            before = enumerate(fields["ks"][: max(0, from_position - first)], first) if failed else ()
            keys.update(identity for position, identity in before if (position, identity) in failed)
        elif "again" in fields:
            keys.subtract(fields["again"])
    return keys


def finished_versions(run: RunDir, loop: int, end: int, from_position: int = 0) -> Counter[str]:
    """`finished_keys` of a loop whose items have versions and come once: only the newest that was done of a key is."""
    newest: dict[str, tuple[str, int, bool]] = {}
    for fields in _counting(run, 0, end):
        index, first = place_of(fields)
        if index != loop:
            continue
        finished = [identity_of(fields)] if "k" in fields else fields.get("ks", ())
        newest.update((key_of(each), (each, position, True)) for position, each in enumerate(finished, first))
        for each in fields.get("again", ()):
            identity, position, _ = newest.get(key_of(each), ("", 0, False))
            if identity == each:
                newest[key_of(each)] = (identity, position, False)
    return Counter(
        {each: 1 if done else -1 for each, position, done in newest.values() if done == (position >= from_position)}
    )


def failed_items(run: RunDir, end: int) -> dict[int, list[str]]:
    """Of each loop the identities of the finished items that failed. Of versions the newest that was done of a key
    counts.
    """
    failures: dict[int, _Failures] = {}
    for fields in _counting(run, 0, end):
        if "k" in fields or "ks" in fields or "again" in fields:
            failures.setdefault(place_of(fields)[0], _Failures()).take(fields)
    return {index: left for index, each in failures.items() if (left := each.left())}


class _Failures:
    """Of one loop."""

    def __init__(self) -> None:
        self._plain: Counter[str] = Counter()
        self._versions: dict[str, str] = {}
        """Key -> identity of what failed."""

    def take(self, fields: Mapping[str, Any]) -> None:
        if "v" in fields and "e" in fields:
            self._versions[str(fields["k"])] = identity_of(fields)
        elif "e" in fields and "k" in fields:
            self._plain[identity_of(fields)] += 1
        elif self._versions:
            for identity in [identity_of(fields)] if "k" in fields else fields.get("ks", ()):
                self._versions.pop(key_of(identity), None)
        for identity in fields.get("again", ()):
            if self._versions.get(key_of(identity)) == identity:
                del self._versions[key_of(identity)]
            else:
                self._plain[identity] -= 1

    def left(self) -> list[str]:
        return [*self._plain.elements(), *self._versions.values()]


def _counting(run: RunDir, start: int, end: int) -> Iterator[dict[str, Any]]:
    """The lines that count."""
    fence = Fence()
    for line in lines_of(run, start, end):
        fields = logline.parse(line)
        if fields is not None and fence.lets_pass(fields):
            yield fields
