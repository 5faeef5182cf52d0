"""What an operator can do to a group: say its slots, pause it, let it go on; and what there is of each. The command
line calls this.

All raise DamagedRecord, for groups.json, and HomeUnusable where nothing can be written.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from overnight.agents import operate
from overnight.agents.dispatch import PATIENCE
from overnight.agents.orphans import adopt_orphans
from overnight.agents.survey import survey
from overnight.state import current, groups
from overnight.state.errors import HomeUnusable, NoSuchRun, NotPossibleNow
from overnight.state.home import Home
from overnight.state.operator import operator_name
from overnight.state.queue import FREE, Group
from overnight.state.records import Request, Verb
from overnight.state.rundir import RunDir

Asked = list[tuple[RunDir, Request | None]]
"""Runs and what is on record for each."""


class GroupNow(NamedTuple):
    """A group at one moment."""

    name: str
    said: Group
    running: tuple[str, ...]
    """Ids of the runs that hold its slots; those that are paused hold theirs."""
    queued: tuple[str, ...]


def all_now(home: Home) -> list[GroupNow]:
    """Every group of which something was said, or that has a run which is not over, by name."""
    queue = survey(home.path, time.time()).queue
    names = queue.groups.keys() | queue.busy.keys() | {each.group for each in queue.waiters}
    return [
        GroupNow(
            name,
            queue.groups.get(name, FREE),
            tuple(sorted(queue.busy.get(name, ()))),
            tuple(sorted(each.id for each in queue.waiters if each.group == name)),
        )
        for name in sorted(names)
    ]


def group_now(home: Home, name: str) -> GroupNow:
    """One of them; of a group that nobody has named yet there is nothing."""
    return next((each for each in all_now(home) if each.name == name), GroupNow(name, FREE, (), ()))


def set_slots(home: Home, name: str, slots: int | None) -> None:
    """So many of its runs work at once from now on; None = no limit. What works goes on, also where it is more."""
    _change(home, name, lambda group: group._replace(slots=slots))
    adopt_orphans(home)


def pause(home: Home, name: str) -> Asked:
    """Nothing new starts in it, and those of its runs that work are asked to pause, unless they are asked already."""
    _change(home, name, lambda group: _paused(group) if not group.paused else group)
    seen = survey(home.path, time.time())
    working = [seen.runs[run_id] for run_id in seen.queue.busy.get(name, ())]
    return _ask(Verb.PAUSE, name, [run for run in working if not current.pause_wanted(run.requests()[0])])


def resume(home: Home, name: str) -> Asked:
    """The reverse: of its runs those go on that its pause holds, and nothing that was paused by itself."""
    _change(home, name, lambda group: Group(slots=group.slots))
    seen = survey(home.path, time.time())
    waiting = [each.id for each in seen.queue.waiters if each.group == name]
    held = [seen.runs[run_id] for run_id in (*seen.queue.busy.get(name, ()), *waiting)]
    asked = _ask(Verb.RESUME, name, [run for run in held if _is_held_by(run, name)])
    adopt_orphans(home)
    return asked


def _paused(group: Group) -> Group:
    return group._replace(paused=True, by=operator_name(), at=time.time())


def _is_held_by(run: RunDir, name: str) -> bool:
    pause = current.standing_pause(run.requests()[0])
    return pause is not None and current.paused_group(pause) == name


def _ask(verb: Verb, name: str, runs: list[RunDir]) -> Asked:
    asked: Asked = []
    for run in runs:
        try:
            asked.append((run, operate.ask(run, verb, options={current.GROUP: name})))
        except (NotPossibleNow, NoSuchRun):
            # It has ended meanwhile, or was removed.
            continue
    return asked


def _change(home: Home, name: str, change: Callable[[Group], Group]) -> None:
    home.prepare()
    with _held(home):
        known = groups.read(home.path)
        changed = change(known.get(name, FREE))
        if changed == known.get(name, FREE):
            return
        try:
            groups.write(home.path, {**known, name: changed})
        except OSError as error:
            raise _unwritable(error, groups.path_of(home.path)) from None


@contextmanager
def _held(home: Home) -> Iterator[None]:
    """The lock of the queue."""
    path = groups.lock_path_of(home.path)
    try:
        held = groups.acquire(home.path, PATIENCE)
    except OSError as error:
        raise _unwritable(error, path) from None
    if held is None:
        raise HomeUnusable(
            f"{path}: held by another process for {PATIENCE:g} s", hint="`overnight doctor` says which; then try again."
        )
    try:
        yield
    finally:
        os.close(held)


def _unwritable(error: OSError, path: str) -> HomeUnusable:
    return HomeUnusable(
        f"{error.filename or path}: {error.strerror}", hint="The group is as it was. Free some space, then try again."
    )
