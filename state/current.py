"""Which of the agent's words count for the attempt that runs now, and what is still asked of it. Pure."""

from collections.abc import Container

from overnight.state.records import AgentStatus, Handle, Heartbeat, Progress, Records, Request, Verb

LASTING = frozenset({Verb.PAUSE, Verb.RESUME, Verb.CANCEL})
"""What the run shall be: holds over restarts, backoff and queueing."""
LAST_WORDS = frozenset(AgentStatus) - {AgentStatus.IDLE, AgentStatus.RUNNING, AgentStatus.PAUSED}
"""With these an agent says that it has ended: what it reports with them is not changed any more."""

GROUP = "group"
"""The option of a pause or resume that was asked of a whole group: its name."""


def _is_current(records: Records, said: int | None, changed_at: float | None) -> bool:
    attempt = records.attempt
    if attempt is None:
        return False
    if said is not None:
        return said == attempt.attempt
    return changed_at is not None and changed_at >= attempt.started_at


def own_progress(records: Records) -> Progress | None:
    """progress.json if it is this attempt's."""
    progress = records.progress
    if progress is None or not _is_current(records, progress.attempt, records.progress_changed_at):
        return None
    return progress


def own_heartbeat(records: Records) -> Heartbeat | None:
    """heartbeat.json if it is this attempt's."""
    heartbeat = records.heartbeat
    if heartbeat is None or not _is_current(records, heartbeat.attempt, records.heartbeat_changed_at):
        return None
    return heartbeat


def own_status(records: Records) -> AgentStatus | None:
    progress = own_progress(records)
    return progress.status if progress else None


def handles(records: Records, what: Handle) -> bool:
    """Whether the attempt that runs now says that it obeys this."""
    heartbeat = own_heartbeat(records)
    return heartbeat is not None and what in heartbeat.handles


def keeps_place(records: Records) -> bool:
    """Whether its agent keeps a place of its own, in whatever form: it handles a stop, or found something finished."""
    progress = records.progress
    return handles(records, Handle.STOP) or (progress is not None and progress.resumed_items > 0)


def is_by_hand(records: Records) -> bool:
    """Whether its attempt is its own supervisor: somebody has started it without a launch."""
    supervisor, attempt = records.supervisor, records.attempt
    return supervisor is not None and attempt is not None and supervisor.pid == attempt.pid


def has_failed_items(records: Records) -> bool:
    """Whether any item counts as failed, by the agent's word at its end.

    An agent that was killed may have had no time for it: then any error that is on record, or was reported, will do.
    """
    own = own_progress(records)
    if own is not None and own.status in LAST_WORDS:
        return own.failed_items > 0
    return records.errors > 0


def acknowledged(records: Records) -> int:
    """The newest request that was obeyed, by the agent or on its behalf."""
    progress = own_progress(records)
    by_agent = progress.acknowledged if progress else 0
    by_supervisor = records.supervisor.acknowledged if records.supervisor else 0
    return max(by_agent, by_supervisor)


def wanted(records: Records) -> Request | None:
    """The newest request that says what the run shall be; None = nothing was ever asked.

    A cancel is final until a later resume takes it back.
    """
    return next((each for each in reversed(records.requests) if each.verb in LASTING), None)


def standing_pause(requests: tuple[Request, ...]) -> Request | None:
    """The pause that nobody has taken back: the newest of pause and resume is one."""
    newest = next((each for each in reversed(requests) if each.verb in {Verb.PAUSE, Verb.RESUME}), None)
    return newest if newest is not None and newest.verb is Verb.PAUSE else None


def pause_wanted(requests: tuple[Request, ...]) -> bool:
    """Whether the run shall be paused."""
    return standing_pause(requests) is not None


def paused_group(request: Request) -> str | None:
    """The group that was to be paused, this run with it; None = it was asked of this run."""
    group = request.options.get(GROUP)
    return group if isinstance(group, str) else None


def unobeyed(records: Records, among: Container[Verb] = frozenset(Verb)) -> Request | None:
    """The newest request that nobody has obeyed yet. A late one, for an attempt that is over, does not count."""
    if records.exit is not None:
        return None
    meant = (each for each in reversed(records.requests) if each.verb in among and not _is_late(records, each))
    newest = next(meant, None)
    nothing_works = not records.supervised and records.process_state is None
    if nothing_works and newest is not None and newest.verb in {Verb.PAUSE, Verb.RESUME}:
        # It is so already: whatever begins with the run has read what was asked.
        return None
    return newest if newest is not None and newest.number > acknowledged(records) else None


def _is_late(records: Records, request: Request) -> bool:
    if request.verb in LASTING or request.attempt is None or records.attempt is None:
        return False
    return request.attempt != records.attempt.attempt
