"""HOME/groups.json: the slots and pauses of groups. Changed by whoever holds HOME/queue.lock, by replacing it.

A file that cannot be read is never taken for an empty one: a limit that was set would be gone without a word.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from overnight.state import codec, forms, lock
from overnight.state.atomic import replace
from overnight.state.errors import DamagedRecord
from overnight.state.queue import FREE, Group
from overnight.state.records import Damaged
from overnight.state.rundir import open_to_read

FILE, LOCK = "groups.json", "queue.lock"
LOOK_AFTER = 0.01
"""Seconds between two tries to take the lock."""


def path_of(home: str) -> str:
    return os.path.join(home, FILE)


def lock_path_of(home: str) -> str:
    return os.path.join(home, LOCK)


def read(home: str) -> Mapping[str, Group]:
    """What was said of groups, by name; nothing where nothing was ever said. Raises DamagedRecord."""
    found = found_in(home)
    if isinstance(found, Damaged):
        hint = "`overnight doctor --repair` sets it aside; then say the slots again."
        if found.intact:
            hint = "Make it readable, or, where a newer overnight wrote it, use that one."
        raise DamagedRecord(f"{found.path} cannot be read: {found.problem}", hint=hint)
    return found


def found_in(home: str) -> Mapping[str, Group] | Damaged:
    """The same, with what is wrong with it as a value."""
    path = path_of(home)
    try:
        with open_to_read(path) as file:
            data = file.read(codec.LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        return Damaged(path, error.strerror or str(error), intact=True)
    try:
        return _decoded(json.loads(data), path)
    except (ValueError, RecursionError) as error:
        return Damaged(path, f"not what it should be: {error}")


def _decoded(raw: Any, path: str) -> Mapping[str, Group] | Damaged:
    """Raises ValueError."""
    fields = forms.mapping(raw)
    if fields.get("version") != codec.VERSION:
        words = f"version {forms.brief(fields.get('version'))} is not one that this overnight reads"
        return Damaged(path, words, intact="version" in fields)
    return {name: _group(forms.mapping(each)) for name, each in forms.mapping(fields.get("groups")).items()}


def _group(fields: Mapping[str, Any]) -> Group:
    slots, at = fields.get("slots"), fields.get("at")
    return Group(
        slots=None if slots is None else int(forms.count(slots)),
        paused=forms.flag(fields.get("paused", False)),
        by=forms.text(fields.get("by", "")),
        at=None if at is None else forms.instant(at),
    )


def write(home: str, groups: Mapping[str, Group]) -> None:
    """For whoever holds the lock. What says nothing is left out. Raises OSError: it is as it was."""
    plain = {
        name: group._asdict() | {"at": None if group.at is None else forms.iso(group.at)}
        for name, group in groups.items()
        if group != FREE
    }
    replace(path_of(home), codec.to_json({"version": codec.VERSION, "groups": plain}) + b"\n")


def acquire(home: str, patience: float) -> int | None:
    """A descriptor that holds the lock of the queue; None = somebody else has held it for `patience` seconds.

    Raises OSError.
    """
    deadline = time.monotonic() + patience
    while (held := lock.acquire(lock_path_of(home))) is None and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
    return held
