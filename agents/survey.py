"""Looking at every run that is not over: who waits, who holds a slot, whom nobody supervises. Looks, never acts.

Small: a supervisor loads it when its run is queued, or has ended.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from overnight.agents.supervisor.settle import has_open_attempt, is_between_attempts
from overnight.state.groups import path_of, read
from overnight.state.queue import FREE, Group, Queue, Waiter, dependency, waiter_of
from overnight.state.records import Exit, Outcome, Spec, SupervisorRecord, SupervisorState
from overnight.state.rundir import LASTING, RunDir, Stamp, stamp_of


class Survey(NamedTuple):
    """What was seen. `runs`: those that wait or hold a slot, by id."""

    queue: Queue
    runs: Mapping[str, RunDir] = {}
    orphans: tuple[str, ...] = ()
    """They go on, or their end is on record, and nobody supervises them. They hold a slot until that is judged."""
    awaited: Mapping[str, Mapping[str, Stamp]] = {}
    """Of the runs that others come after: files by which it shows that one has ended or was removed, as they were."""
    groups: tuple[str, Stamp] = ("", None)
    """groups.json, as it was."""


class Watch(NamedTuple):
    """By what it is cheap to see that the queue of one group may go on."""

    stamps: Mapping[str, Stamp] = {}
    """Files that were as these say."""
    busy: tuple[RunDir, ...] = ()
    """Runs that were not over, and supervised."""
    until: float | None = None
    """When the time of the next one has come."""


def survey(home: str, now: float) -> Survey:
    """Everything as it is now. Raises DamagedRecord, for groups.json, and OSError."""
    # Before the runs: one that begins meanwhile without asking has read the same, or is seen.
    stamp = (path_of(home), stamp_of(path_of(home)))
    return survey_with(read(home), home, now)._replace(groups=stamp)


def survey_with(groups: Mapping[str, Group], home: str, now: float) -> Survey:
    waiters, orphans = list[Waiter](), list[str]()
    busy, runs = dict[str, list[str]](), dict[str, RunDir]()
    for run in unended(home):
        spec = run.spec()
        if not isinstance(spec, Spec):
            continue
        place = _place_if_known(run, spec)
        if place is None:
            continue
        runs[run.id] = run
        if isinstance(place, Waiter):
            waiters.append(place)
            continue
        busy.setdefault(spec.group, []).append(run.id)
        if place is Slot.ORPHAN:
            orphans.append(run.id)
    named = {dependency(word)[0] for waiter in waiters for word in waiter.after}
    outcomes, awaited = _outcomes(home, named)
    holders = {group: tuple(ids) for group, ids in busy.items()}
    return Survey(Queue(now, tuple(waiters), holders, groups, outcomes), runs, tuple(orphans), awaited)


def watch_of(seen: Survey, run_id: str) -> Watch:
    """What the group of a queued run waits for."""
    waiters = seen.queue.waiters
    group = next((each.group for each in waiters if each.id == run_id), None)
    mine = [each for each in waiters if each.group == group]
    named = {dependency(word)[0] for each in mine for word in each.after}
    limited = group is not None and seen.queue.groups.get(group, FREE).slots is not None
    holders = seen.queue.busy.get(group, ()) if group is not None and limited else ()
    times = [each.start_at for each in mine if each.start_at is not None and each.start_at > seen.queue.now]
    awaited = [stamped for each in named for stamped in seen.awaited[each].items()]
    return Watch(
        dict([seen.groups, *awaited]),
        tuple(seen.runs[each] for each in holders),
        min(times, default=None),
    )


def unended(home: str) -> list[RunDir]:
    """Every run without an outcome. Asking for one file each is all that the ended ones cost."""
    folder = os.path.join(home, "runs")
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [
        RunDir(f"{folder}/{name}")
        for name in names
        if not name.startswith(".") and not os.access(f"{folder}/{name}/exit.json", os.F_OK)
    ]


class Slot(StrEnum):
    """Who looks after a run that holds one."""

    SUPERVISED = "supervised"
    """Its supervisor does; or its keeper does, for a moment."""
    ORPHAN = "orphan"
    """Nobody does."""


def _place_if_known(run: RunDir, spec: Spec) -> Waiter | Slot | None:
    """None also where nobody is let into a folder of the run: it must not hold up all others. Raises OSError."""
    try:
        return place_of(run, spec)
    except OSError as error:
        if error.errno not in LASTING:
            raise
        return None


def place_of(run: RunDir, spec: Spec) -> Waiter | Slot | None:
    """None = it neither waits nor works: it is over by now, or lost. Raises OSError where nobody can know."""
    # The lock before exit.json: a run that ends in between is over. And after spec.json: who launches held it before.
    held = run.is_supervised()
    if os.path.exists(run.exit_path):
        return None
    number, record = run.last_attempt_number(), run.supervisor()
    waits = isinstance(record, SupervisorRecord) and record.state is SupervisorState.WAITING
    if held and not waits:
        return Slot.SUPERVISED
    if held or number == 0 or is_between_attempts(run, waits=waits):
        requests, _ = run.requests()
        return waiter_of(spec, run.id, requests, begun=number > 0, supervised=held)
    # The keeper before what it writes: whoever finds none here, finds on record what it has written.
    kept = run.is_kept(number)
    if has_open_attempt(run):
        return Slot.ORPHAN
    return Slot.SUPERVISED if kept else None


def _outcomes(home: str, ids: set[str]) -> tuple[dict[str, Outcome | None], dict[str, dict[str, Stamp]]]:
    """Of those that are there; None = not over, or nobody can read how."""
    outcomes, stamps = dict[str, Outcome | None](), dict[str, dict[str, Stamp]]()
    for run_id in ids:
        run = RunDir(f"{home}/runs/{run_id}")
        # What was removed without an end has never had an exit.json, but a spec, which is written once.
        stamps[run_id] = {path: stamp_of(path) for path in (run.exit_path, run.spec_path)}
        if os.path.isdir(run.path):
            ended = run.exit()
            outcomes[run_id] = ended.outcome if isinstance(ended, Exit) else None
    return outcomes, stamps
