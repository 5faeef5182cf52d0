"""Measures what the processes of the open run use, by what the kernel says of them. Looks, and signals nobody."""

import os
import time
from typing import NamedTuple

from overnight.agents.supervisor.family import family_of, resident_of, share_of
from overnight.state import process
from overnight.state.records import Attempt
from overnight.tui.resources import Resources

SOONEST, EVERY = 0.5, 2.0
"""Seconds between the first two looks, and any other two; processor time is a mean over them."""
MOST_WALKED = 1 << 30
"""Bytes up to which the kernel is asked for shares: it walks every page for that."""
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
        self._at = 0.0
        self._found: Resources | None = None

    def read(self, attempt: Attempt | None) -> Resources | None:
        """What it uses, as it was measured last; None = it is gone, or was never there."""
        now = time.monotonic()
        if attempt != self._attempt:
            self._attempt, self._before, self._found = attempt, {}, None
        elif self._found is not None and now - self._at < (SOONEST if self._found.cpu is None else EVERY):
            return self._found
        pids = family_of(attempt) if attempt is not None and attempt.ended_at is None else set()
        uses = {pid: use for pid in pids if (use := _use_of(pid)) is not None}
        cpu = self._cpu(uses, now - self._at) if self._before else None
        self._found = _sum_of(uses, cpu) if uses else None
        self._before, self._at = uses, now
        return self._found

    def _cpu(self, uses: dict[int, Use], seconds: float) -> int:
        """Of one that has begun meanwhile all it has used; what one that has ended has used last is not known."""
        ticks = sum(use.cpu_ticks - self._ticks_before(pid, use) for pid, use in uses.items())
        return round(100 * ticks / TICKS / seconds)

    def _ticks_before(self, pid: int, use: Use) -> int:
        before = self._before.get(pid)
        return before.cpu_ticks if before is not None and before.start_time == use.start_time else 0


def _sum_of(uses: dict[int, Use], cpu: int | None) -> Resources:
    resident = sum(map(resident_of, uses))
    is_share = resident <= MOST_WALKED
    return Resources(
        cpu=cpu,
        memory=sum(map(share_of, uses)) if is_share else resident,
        is_share=is_share,
        files=sum(map(_files, uses)),
        threads=sum(use.threads for use in uses.values()),
        children=len(uses) - 1,
    )


def _use_of(pid: int) -> Use | None:
    try:
        fields = process.stat_of(pid)
    except OSError:
        return None
    if fields is None:
        return None
    ticks = int(fields[process.USER_TIME]) + int(fields[process.SYSTEM_TIME])
    return Use(int(fields[process.START_TIME]), ticks, int(fields[process.THREADS]))


def _files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        # Gone, or of another user.
        return 0
