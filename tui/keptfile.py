"""The files of a checkpoint, as far as panes and cards tell of them: its head, and the items in hand."""

import json
import os

from overnight.agents import marks
from overnight.state.kept import Kept, kept_in
from overnight.state.rundir import RunDir, open_to_read
from overnight.state.standing import key_of
from overnight.tui.clean import clean

LARGEST = 1 << 20
"""Bytes of a head that are read: one of a source that was finished in another order may be long."""
MOST_NAMES, LONGEST = 1000, 500
"""Items and breakers, and characters of each, that are told."""


def kept_of(run: RunDir) -> Kept:
    """What its newest attempt keeps; nothing where the head cannot be read."""
    try:
        with open_to_read(run.checkpoint_path) as file:
            said = file.read(LARGEST + 1)
        kept = kept_in(json.loads(said) if len(said) <= LARGEST else None, run.last_attempt_number())
    except (OSError, ValueError, RecursionError):
        return Kept()
    return kept._replace(
        breakers=tuple(each._replace(name=clean(each.name, LONGEST)) for each in kept.breakers[:MOST_NAMES]),
        limits=tuple(each._replace(name=clean(each.name, 40), on=clean(each.on, 40)) for each in kept.limits),
    )


def in_hand_of(run: RunDir) -> tuple[str, ...] | None:
    """Keys of the items that were begun and are not finished; None = its agent marks none."""
    path = run.file("in-hand")
    if not os.path.isfile(path) or not os.path.getsize(path):
        # Where there was no room for the page, nothing is marked.
        return None
    left = marks.read(path)
    return tuple(map(_key_in, left.items[:MOST_NAMES])) if left is not None else ()


def _key_in(mark: str) -> str:
    """Without the loop before it and the version behind it."""
    identity = mark.partition(":")[2]
    return clean(key_of(identity), LONGEST)
