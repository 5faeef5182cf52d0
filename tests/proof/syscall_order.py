"""Whether a recorded attempt would have survived a power cut at any moment. Pure: reads calls, opens nothing.

The disk keeps what was synced after it was written, and nothing else: a file's bytes by a sync of the file, a name by a
sync of the folder that it stands in. Held against that is what the run relies on: the lines of its log, and what it
counts as done.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.proof.syscalls import Call

LOG, HEAD, PROGRESS, ERRORS, OUTPUTS = "checkpoint.log", "checkpoint.json", "progress.json", "errors.jsonl", "artifacts"
BYTES = frozenset({"write", "pwrite64", "writev", "pwritev", "pwritev2"})
SYNCS = frozenset({"fsync", "fdatasync"})
RENAMES = frozenset({"rename", "renameat", "renameat2"})
NAMES = frozenset({"openat", "mkdir", "mkdirat"})
ORDERED = (*BYTES, *SYNCS, *RENAMES, *NAMES, "ftruncate")
"""The calls that a record has to hold."""

NOTHING: Mapping[str, int] = {}


def violations(
    calls: Iterable[Call], folder: Path, marks: Path, *, there: Mapping[str, int] = NOTHING, done: int = 0
) -> list[str]:
    """What a power cut at some moment would have made untrue, one line each. The attempt went to its end.

    `marks`: the file to which the body of each item writes first: what was finished before counts as done then.
    `there`: names that `folder` held before, and the sizes of what they name. `done`: items that were finished before.
    """
    disk = Disk(folder, marks, there, done)
    # What a call asks is asked when it is entered, what it does is done when it has returned.
    events: list[tuple[int, Callable[[Call], None], Call]] = []
    for call in calls:
        if call.succeeded and call.paths:
            events += [(call.began, disk.enter, call), (call.ended, disk.leave, call)]
    for line, take, call in sorted(events, key=lambda event: event[0]):
        disk.line = line + 1
        take(call)
    disk.end()
    return disk.violations


class Disk:
    """What of a run's folder is not on the disk yet."""

    def __init__(self, folder: Path, marks: Path, there: Mapping[str, int], done: int) -> None:
        self.violations: list[str] = []
        self.line = 0
        """Of the record."""
        self._folder, self._marks = folder, str(marks)
        self._written: dict[str, int] = {}
        """File -> the line at which it was written last, if it was not synced since."""
        self._named: dict[str, int] = {}
        """File or folder -> the line at which it got its name, if the folder was not synced since."""
        self._moved: dict[str, int] = {}
        """File -> the line at which it got its name, where a power cut leaves it under the name that it had before."""
        self._length: dict[str, int] = {"": 0, **there}
        self._synced_length = dict(self._length)
        self._items, self._synced_items = done, done
        """Of the log."""

    def enter(self, call: Call) -> None:
        name = self._name(call.paths[0])
        if call.name in BYTES and call.paths[0] == self._marks:
            self.count_as_done("the next item begins")
        elif name is not None and call.name in BYTES:
            self._check_bytes(name, call)
            self._written[name] = call.began
        elif call.name in RENAMES:
            self._check_rename(name, self._name(call.paths[1]))

    def leave(self, call: Call) -> None:
        name = self._name(call.paths[0])
        if name is None:
            return
        if call.name in BYTES:
            self._written[name] = call.ended
            self._length[name] = self._length.get(name, 0) + int(call.result)
        elif call.name == "ftruncate":
            self._cut(name, int(call.arguments.rpartition(" ")[2]))
        elif call.name in SYNCS:
            self._sync(name, call.began)
        elif call.name in RENAMES:
            self._rename(name, self._name(call.paths[1]), call.ended)
        elif name not in self._length and (call.name != "openat" or "O_CREAT" in call.arguments):
            self._length[name] = 0
            self._named[name] = call.ended

    def count_as_done(self, what: str) -> None:
        """Everything that is finished has to be there."""
        for name in filter(matters, self._written):
            self._complain(f"{what}, {name} is not synced")
        for name in filter(matters, self._named):
            self._complain(f"{what}, the name {name} is not synced")

    def end(self) -> None:
        """The run is completed: after a power cut nobody goes on with it, and finds what is not in its place."""
        self.count_as_done("the run is completed")
        for name in filter(matters, self._moved):
            self._complain(f"the run is completed, the name {name} is not synced")

    def _check_bytes(self, name: str, call: Call) -> None:
        if name == LOG:
            for output in filter(is_output, self._written):
                self._complain(f"the log says what {output} holds, which is not synced")
            for output in filter(is_output, self._named):
                self._complain(f"the log says what {output} holds, the name of which is not synced")
            self._items += call.arguments.count('{\\"k\\":')
        said = re.search(r'\\"processed_items\\":(\d+)', call.arguments) if PROGRESS in name else None
        if said and int(said[1]) > self._synced_items:
            self._complain(f"{said[1]} items count as done, {self._synced_items} are synced")

    def _check_rename(self, old: str | None, new: str | None) -> None:
        if old in self._written and new is not None and matters(new):
            self._complain(f"{new} is replaced by what is not synced")

    def _sync(self, name: str, began: int) -> None:
        if self._written.get(name, began) < began:
            del self._written[name]
            self._synced_length[name] = self._length[name]
        if name == LOG and name not in self._written:
            self._synced_items = self._items
        for names in (self._named, self._moved):
            for each, since in [*names.items()]:
                if since < began and each.rpartition("/")[0] == name:
                    del names[each]

    def _cut(self, name: str, length: int) -> None:
        self._length[name] = length
        if length <= self._synced_length.get(name, 0):
            # What was not synced is gone.
            self._written.pop(name, None)

    def _rename(self, old: str, new: str | None, now: int) -> None:
        since = self._written.pop(old, None)
        if new is not None and old in self._length:
            self._length[new] = self._length[old]
        names = self._moved if self._named.pop(old, None) is None else self._named
        if new is not None:
            self._written.pop(new, None)
            if since is not None:
                self._written[new] = since
            names[new] = now

    def _name(self, path: str) -> str | None:
        """In the folder, which is "" itself; None = it lies elsewhere."""
        if path == str(self._folder):
            return ""
        return path.removeprefix(f"{self._folder}/") if path.startswith(f"{self._folder}/") else None

    def _complain(self, what: str) -> None:
        self.violations.append(f"line {self.line}: {what}")


def is_output(name: str) -> bool:
    return name == ERRORS or name.startswith(f"{OUTPUTS}/")


def matters(name: str) -> bool:
    """Whether a run relies on it: not on a draft, nor on what it only reports."""
    return name in {LOG, HEAD, OUTPUTS} or is_output(name)
