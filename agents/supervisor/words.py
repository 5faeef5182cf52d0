"""What the agent of one attempt says of itself: its progress and heartbeat, as far as they are this attempt's."""

import time
from typing import NamedTuple

from overnight.agents.supervisor import members
from overnight.state import current
from overnight.state.health import is_stall, judged_silence, last_progress, stall_after
from overnight.state.records import AgentStatus, Attempt, Handle, Heartbeat, Progress, Records, Spec
from overnight.state.rundir import RunDir, changed_at, read_record


class Words(NamedTuple):
    """At one moment."""

    status: AgentStatus | None = None
    acknowledged: int = 0
    said_at: float = 0.0
    """When the progress changed, seconds since the epoch."""
    succeeded: float = 0.0
    """Items of all attempts that are finished and did not fail; counts may be older than this one."""
    reports: bool = False
    """There is a heartbeat."""
    handles: frozenset[str] = frozenset()
    pid: int | None = None
    """Of the process to signal; None = it names none that lives in the agent's session."""
    got_on_at: float | None = None
    """When it last got on, by its own word, seconds since the epoch."""
    item: str | None = None
    """What it has in hand."""
    stalled: bool = False
    """By the wall clock, which may have been set."""
    silence: float | None = None
    """Seconds by the wall clock in which it has not got on though it could; None = it could not, or nobody knows."""
    stall_after: float = 0.0
    """Seconds of silence that count as a stall."""

    def handled_by(self, what: Handle) -> int | None:
        """The process to signal for `what`; None = nobody says that it handles it."""
        return self.pid if what in self.handles else None


def words_of(run: RunDir, spec: Spec, attempt: Attempt | None) -> Words:
    """Read the agent's two files."""
    progress_path, heartbeat_path = run.progress_file(spec), run.heartbeat_file(spec)
    progress, heartbeat = read_record(Progress, progress_path), read_record(Heartbeat, heartbeat_path)
    if progress is None and heartbeat is None and spec.stall is None:
        # Nothing was ever reported, and nobody expects it.
        return Words()
    records = Records(
        id=run.id,
        directory=run.path,
        progress=progress if isinstance(progress, Progress) else None,
        progress_changed_at=changed_at(progress_path),
        heartbeat=heartbeat if isinstance(heartbeat, Heartbeat) else None,
        heartbeat_changed_at=changed_at(heartbeat_path),
        committed_at=changed_at(run.checkpoint_log_path),
        attempt=attempt,
        process_state=members.kernel_state(attempt) if attempt else None,
        spec=spec,
    )
    now = time.time()
    own, beat = current.own_progress(records), current.own_heartbeat(records)
    return Words(
        status=own.status if own else None,
        acknowledged=own.acknowledged if own else 0,
        item=own.current_item if own else None,
        said_at=records.progress_changed_at or 0.0,
        succeeded=_succeeded(records.progress),
        reports=beat is not None,
        handles=beat.handles if beat else frozenset(),
        got_on_at=last_progress(records),
        stalled=is_stall(records, now),
        silence=judged_silence(records, now),
        stall_after=stall_after(records) or 0.0,
        pid=beat.pid if beat and attempt and members.is_member(attempt, beat.pid) else None,
    )


def _succeeded(progress: Progress | None) -> float:
    """What counts as progress: a run that fails everywhere makes none."""
    return max(0.0, float(progress.processed_items or 0) - progress.failed_items) if progress else 0.0
