"""How the last run of an agent went, for the forecasts of its next one: one small file an agent in the home.

An agent is known by its run's name and the folder it works in; its arguments may be others each night. What is not
there, or says nothing that can be, is no harm: then only the run's own past is asked.
"""

import json
import os
from binascii import crc32
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from overnight.state import atomic
from overnight.state.experts import Profile
from overnight.state.forms import MOST
from overnight.state.private import have_folder
from overnight.state.records import Spec
from overnight.state.rundir import RunDir

FOLDER = "paces"
MOST_AGENTS = 500
"""Of more than so many the one that ran longest ago is forgotten."""
LARGEST = 16_384
"""Bytes; ours have about 1,000."""


MOST_PHASES, LONGEST_NAME = 64, 120


class Measure(StrEnum):
    """What work is counted in."""

    ITEMS = "items"
    WEIGHT = "weight"
    SHARES = "shares"
    """Of phases."""


class Earlier(NamedTuple):
    """How it went."""

    profile: Profile
    measure: Measure = Measure.ITEMS
    """What the profile is over: of another measure it says nothing."""
    phases: Mapping[str, float] = {}
    """By full name: the part of the time that each had of those beside it."""


def recalled(run: RunDir) -> Earlier | None:
    """What the last complete run of this name in this folder left; None = nothing."""
    path = _path_of(run)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            return _earlier_of(json.loads(file.read(LARGEST)))
    except (OSError, ValueError, RecursionError):
        return None


def keep(run: RunDir, earlier: Earlier) -> None:
    """For the next one. Where nothing can be written, nothing is kept."""
    path = _path_of(run)
    if path is None:
        return
    profile, phases = earlier.profile, earlier.phases
    said: dict[str, Any] = {"version": 1, "seconds": round(profile.seconds, 3), "shares": profile.shares}
    said["measure"] = str(earlier.measure)
    if 0 < len(phases) <= MOST_PHASES and all(len(name) <= LONGEST_NAME for name in phases):
        said["phases"] = {name: round(share, 4) for name, share in phases.items()}
    try:
        have_folder(os.path.dirname(path))
        atomic.replace(path, json.dumps(said, separators=(",", ":")).encode() + b"\n")
        _forget_oldest(os.path.dirname(path))
    except OSError:
        return


def _path_of(run: RunDir) -> str | None:
    spec = run.spec()
    if not isinstance(spec, Spec):
        return None
    return os.path.join(run.home, FOLDER, f"{spec.name}-{crc32(os.fsencode(spec.cwd)):08x}.json")


def _forget_oldest(folder: str) -> None:
    with os.scandir(folder) as entries:
        known = [(entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith(".json")]
    for _, path in sorted(known)[:-MOST_AGENTS]:
        atomic.discard(path)


def _earlier_of(raw: Any) -> Earlier | None:
    if not isinstance(raw, dict) or (profile := _profile_of(raw)) is None:
        return None
    measure, phases = raw.get("measure", Measure.ITEMS), raw.get("phases", {})
    if not isinstance(phases, dict) or not all(_is_amount(share) and 0 <= share <= 1 for share in phases.values()):
        phases = {}
    return Earlier(profile, Measure(measure), phases) if measure in [*map(str, Measure)] else None


def _profile_of(raw: Mapping[str, Any]) -> Profile | None:
    seconds, shares = raw.get("seconds"), raw.get("shares")
    if not isinstance(shares, list) or len(shares) < 2 or not all(map(_is_amount, (seconds, *shares))):
        return None
    profile = Profile(float(seconds or 0), tuple(map(float, shares)))
    rises = list(profile.shares) == sorted(profile.shares) and profile.shares[0] == 0 and profile.shares[-1] == 1
    return profile if profile.seconds > 0 and rises else None


def _is_amount(raw: Any) -> bool:
    return isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) <= MOST
