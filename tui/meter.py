"""Measures what the processes of the open run use, by what the kernel says of them. Looks, and signals nobody."""

import os
import time
from collections.abc import Iterable
from itertools import islice
from math import inf
from typing import NamedTuple

from overnight.agents.supervisor.family import family_of, resident_of, share_of
from overnight.state import current, process
from overnight.state.activity import Activity, Doing, Who, activity_of, teller_of
from overnight.state.health import DOUBTFUL, health_of
from overnight.state.records import Attempt, Records
from overnight.state.status import Status, status_of
from overnight.state.threads import Peers, doing_of, threads_of
from overnight.tui.descent import child_awaited, child_of
from overnight.tui.growth import Growing, Look, growth_of, with_look
from overnight.tui.resources import Resources

SOONEST, EVERY = 0.5, 2.0
"""Seconds between the first two looks, and any other two; processor time is a mean over them."""
MOST_WALKED = 1 << 30
"""Bytes up to which the kernel is asked for shares: it walks every page for that."""
MOST_THREADS = 100
"""That are looked at."""
FILES_LIMIT, THREADS_LIMIT = "Max open files", "Max processes"
TICKS = os.sysconf("SC_CLK_TCK")


class Use(NamedTuple):
    """What a process has used until now."""

    start_time: int
    """The kernel's; with the pid it says which process this is."""
    cpu_ticks: int
    threads: int


class Meter:
    """Measures one attempt, again when some time has passed."""

    def __init__(self) -> None:
        self._attempt: Attempt | None = None
        self._before: dict[int, Use] = {}
        self._doings: dict[tuple[int, int], Doing] = {}
        self._looks: dict[str, tuple[Look, ...]] = {}
        self._at = 0.0
        self._found: Resources | None = None

    def read(self, attempt: Attempt | None, agent: int | None = None, worker: int | None = None) -> Resources | None:
        """What it uses, as it was measured last; None = it is gone, or was never there.

        `agent`: the process that says that it is the agent; None = the attempt's own. `worker`: the thread or process
        that has its oldest item; None = its first thread, or that is not known.
        """
        now = time.monotonic()
        if attempt != self._attempt:
            self._attempt, self._before, self._looks, self._found = attempt, {}, {}, None
        elif self._found is not None and now - self._at < (SOONEST if self._found.cpu is None else EVERY):
            return self._found
        pids = family_of(attempt) if attempt is not None and attempt.ended_at is None else set()
        uses = {pid: use for pid in pids if (use := _use_of(pid)) is not None}
        cpu = self._cpu(uses, now - self._at) if self._before else None
        doings = _doings_of(uses, agent or attempt.pid) if attempt is not None else {}
        activity = self._activity(cpu, doings, worker) if cpu is not None and uses else None
        self._found = _sum_of(uses)._replace(cpu=cpu, activity=activity) if uses else None
        if self._found is not None:
            self._found = self._found._replace(growing=self._growing(self._found, uses, now))
        self._before, self._doings, self._at = uses, doings, now
        return self._found

    def _cpu(self, uses: dict[int, Use], seconds: float) -> int:
        """Of one that has begun meanwhile all it has used; what one that has ended has used last is not known."""
        ticks = sum(use.cpu_ticks - self._ticks_before(pid, use) for pid, use in uses.items())
        return round(100 * ticks / TICKS / seconds)

    def _activity(self, cpu: int, doings: dict[tuple[int, int], Doing], worker: int | None) -> Activity:
        """A thread beside the first one may be anywhere for a moment: it counts if it was there the last time."""
        lasting = [each for key, each in doings.items() if each.is_first or self._doings.get(key) == each]
        teller = teller_of(lasting, worker)
        activity = activity_of(cpu, lasting, worker, child_awaited(teller) if teller is not None else None)
        return activity._replace(child=child_of(activity.pid)) if activity.who is Who.CHILD else activity

    def _growing(self, found: Resources, pids: Iterable[int], now: float) -> dict[str, Growing]:
        """Of its files those of the process that has most of what it may have."""
        files = max((_files_of(pid) for pid in pids), key=lambda each: each[0] / (each[1] or inf), default=(0, None))
        limits = {"memory": None, "open files": files[1], "threads": _limit_of(next(iter(pids)), THREADS_LIMIT)}
        growing = {}
        for name, used in (("memory", found.memory), ("open files", files[0]), ("threads", found.threads)):
            self._looks[name] = with_look(self._looks.get(name, ()), (now, used))
            if (growth := growth_of(self._looks[name])) is not None:
                growing[name] = Growing(used, growth, limits[name])
        return growing

    def _ticks_before(self, pid: int, use: Use) -> int:
        before = self._before.get(pid)
        return before.cpu_ticks if before is not None and before.start_time == use.start_time else 0


def _sum_of(uses: dict[int, Use]) -> Resources:
    resident = sum(map(resident_of, uses))
    is_share = resident <= MOST_WALKED
    return Resources(
        cpu=None,
        memory=sum(map(share_of, uses)) if is_share else resident,
        is_share=is_share,
        files=sum(map(_files, uses)),
        threads=sum(use.threads for use in uses.values()),
        children=len(uses) - 1,
    )


def _doings_of(pids: Iterable[int], agent: int) -> dict[tuple[int, int], Doing]:
    """By process and thread; those of the agent before all others."""
    peers, in_order = Peers(), sorted(pids, key=lambda pid: (pid != agent, pid))
    threads = (each for pid in in_order for each in threads_of(pid, most=MOST_THREADS))
    return {(each.pid, each.tid): doing_of(each, agent, peers) for each in islice(threads, MOST_THREADS)}


def _use_of(pid: int) -> Use | None:
    try:
        fields = process.stat_of(pid)
    except OSError:
        return None
    if fields is None:
        return None
    ticks = int(fields[process.USER_TIME]) + int(fields[process.SYSTEM_TIME])
    return Use(int(fields[process.START_TIME]), ticks, int(fields[process.THREADS]))


def _files_of(pid: int) -> tuple[int, int | None]:
    """So many are open, and so many may be."""
    return _files(pid), _limit_of(pid, FILES_LIMIT)


def _limit_of(pid: int, name: str) -> int | None:
    """The soft one; None = there is none, or nobody may know."""
    try:
        with open(f"/proc/{pid}/limits", encoding="ascii", errors="replace") as file:
            told = next((line.removeprefix(name).split()[0] for line in file if line.startswith(name)), "")
    except OSError:
        return None
    return int(told) if told.isdecimal() else None


def _files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        # Gone, or of another user.
        return 0


def activities_of(runs: Iterable[Records], now: float) -> dict[str, Activity]:
    """What the processes do of those that may hang, by id: they are looked at twice, which takes half a second."""
    meters = {each.id: (Meter(), each) for each in runs if may_hang(each, now)}
    for meter, records in meters.values():
        meter.read(records.attempt, agent_of(records), worker_of(records))
    if meters:
        time.sleep(SOONEST)
    found = {
        id: meter.read(records.attempt, agent_of(records), worker_of(records))
        for id, (meter, records) in meters.items()
    }
    return {id: each.activity for id, each in found.items() if each is not None and each.activity is not None}


def may_hang(records: Records, now: float) -> bool:
    """Whether its health does not say if it works."""
    doubtful = status_of(records, now) in {Status.RUNNING, Status.STALLED, Status.STALE}
    return doubtful and health_of(records, now).verdict in DOUBTFUL


def agent_of(records: Records) -> int | None:
    """The process that says that it is the agent; None = none does."""
    heartbeat = current.own_heartbeat(records)
    return heartbeat.pid if heartbeat is not None else None


def worker_of(records: Records) -> int | None:
    """The thread or process that has its oldest item; None = its first thread, or it does not say."""
    progress = current.own_progress(records)
    return progress.in_hand[0].thread if progress is not None and progress.in_hand else None
