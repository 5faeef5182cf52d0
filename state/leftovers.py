"""What lies in a home and serves nobody: removals and launches that were killed half-way. Looks, never acts."""

import os
from collections.abc import Mapping

from overnight.state import lock
from overnight.state.findings import Leftover
from overnight.state.home import Home

DOOMED = ".removed-"
"""Begins the name of a folder that is being deleted."""
LAUNCH_TAKES = 600.0
"""Seconds after which a folder without a run is no launch that is under way."""
BEFORE_SPEC = frozenset({"lock", "env.json", "control", "attempts"})
"""What a launch makes before the spec, with which the run exists."""


def leftovers_of(home: Home, now: float) -> list[Leftover]:
    """`now`: seconds since the epoch. Raises OSError."""
    try:
        names = sorted(os.listdir(home.runs_path))
    except FileNotFoundError:
        return []
    paths = [os.path.join(home.runs_path, name) for name in names]
    found = [_leftover(path, now) for path in paths if os.path.isdir(path)]
    return [each for each in found if each is not None]


def _leftover(path: str, now: float) -> Leftover | None:
    name = os.path.basename(path)
    if name.startswith(DOOMED):
        return Leftover(path, "a removal that was not finished")
    if name.startswith(".") or os.path.exists(os.path.join(path, "spec.json")):
        return None
    try:
        old = now - os.stat(path).st_mtime > LAUNCH_TAKES
        if old and is_unlaunched(names_in(path)) and not lock.is_held(os.path.join(path, "lock")):
            return Leftover(path, "a launch that was not finished")
    except OSError:
        # It is gone, or not ours to look into.
        return None
    return None


def names_in(path: str) -> dict[str, int]:
    """What lies in a folder; of folders how much is in them, of files 0. Raises OSError."""
    with os.scandir(path) as entries:
        return {
            entry.name: len(os.listdir(entry.path)) if entry.is_dir(follow_symlinks=False) else 0 for entry in entries
        }


def is_unlaunched(names: Mapping[str, int]) -> bool:
    """Whether nothing ever ran in a folder with this in it. Pure. Drafts, whose names begin with a dot, say nothing."""
    visible = {name: count for name, count in names.items() if not name.startswith(".")}
    return visible.keys() <= BEFORE_SPEC and not any(visible.values())
