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


def newest_versions(run: RunDir, loop: int, end: int) -> dict[str, str]:
    """Key -> the identity under which it was finished last, of a loop whose items have versions."""
    newest: dict[str, str] = {}
    for fields in _counting(run, 0, end):
        if place_of(fields)[0] == loop:
            finished = [identity_of(fields)] if "k" in fields else fields.get("ks", ())
            newest.update((key_of(identity), identity) for identity in finished)
    return newest


def failed_items(run: RunDir, end: int) -> dict[int, list[str]]:
    """Of each loop the identities of the finished items that failed."""
    found: dict[int, Counter[str]] = {}
    for fields in _counting(run, 0, end):
        if "again" in fields or ("k" in fields and "e" in fields):
            failed = found.setdefault(place_of(fields)[0], Counter())
            failed.subtract(fields.get("again", ()))
            failed.update([identity_of(fields)] if "k" in fields else ())
    return {index: list(failed.elements()) for index, failed in found.items() if any(failed.elements())}


def _counting(run: RunDir, start: int, end: int) -> Iterator[dict[str, Any]]:
    """The lines that count."""
    fence = Fence()
    for line in lines_of(run, start, end):
        fields = logline.parse(line)
        if fields is not None and fence.lets_pass(fields):
            yield fields
