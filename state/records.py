"""The records of a run: frozen values, one for each kind of file. No disk, no clock.

Times are seconds since the epoch (float), durations seconds, sizes bytes. `codec` turns each of them
into the JSON of the protocol and back. They are named tuples: `dataclasses` would cost every
supervisor a megabyte and every verb six milliseconds.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

Count = int | float
LOG_LIMIT = 268_435_456
"""Bytes of a log that stay on disk where its spec says nothing else."""


class Verb(StrEnum):
    """What an operator can ask of a run."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    KILL = "kill"
    RESTART = "restart"
    STACKS = "stacks"
    EXPECT = "expect"


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class AgentStatus(StrEnum):
    """What an agent says of itself in progress.json."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class SupervisorState(StrEnum):
    """What a supervisor is doing."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    BACKOFF = "backoff"
    STOPPING = "stopping"


class Restart(StrEnum):
    """When a run whose process ended is started again."""

    NEVER = "never"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"


class Handle(StrEnum):
    """What an agent says in its heartbeat that it obeys."""

    PAUSE = "pause"
    STOP = "stop"
    STACKS = "stacks"


class Spec(NamedTuple):
    """What was launched. Written once, by the launching command."""

    id: str
    name: str
    command: tuple[str, ...]
    cwd: str
    group: str = "default"
    labels: Mapping[str, str] = {}
    priority: int = 0
    """In the queue of its group the higher one starts first."""
    after: tuple[str, ...] = ()
    """Runs that must have completed before its first attempt; `ID:ended` = however they ended."""
    start_at: float | None = None
    """Its first attempt does not begin before."""
    restart: Restart = Restart.NEVER
    retries: int = 0
    """Restarts allowed without progress between them."""
    pause_grace: float = 30.0
    stop_grace: float = 20.0
    stall: float | None = None
    """Seconds without progress that count as stalled; None = judged from the run's own pace."""
    on_stall: str = "mark"
    log_limit: int = LOG_LIMIT
    """Bytes of its log that stay on disk, the newest; 0 = all."""
    time_limit: float | None = None
    """Seconds that its attempts may work, pauses not counted, until the run has failed."""
    memory_limit: int | None = None
    """Bytes that its processes may hold together."""
    on_memory: str = "fail"
    """What follows when they hold more: fail, or restart."""
    nice: int = 0
    """How much its processes stand back for others, 0 to 19."""
    progress_file: str | None = None
    """Where the agent writes its progress; None = in the run's directory. Relative to `cwd`."""
    heartbeat_file: str | None = None
    created_at: float = 0.0
    by: str = ""


class Estimate(NamedTuple):
    """Seconds that remain, pauses and the wait that is under way not counted: an 80 % range and the likely value."""

    low: float
    likely: float
    high: float


class Pace(NamedTuple):
    """What an estimate rests on beside counts."""

    changed_at: float | None = None
    """When the pace last changed clearly, seconds since the epoch; None = it has not."""
    factor: float | None = None
    """By which it changed then: 0.5 = half as fast since."""
    workers: int = 1
    """Items that are worked at side by side."""


class Phase(NamedTuple):
    """One stage of a run."""

    name: str
    processed_items: Count = 0
    total_items: Count | None = None


class InHand(NamedTuple):
    """An item that was begun and is not finished."""

    item: str
    begun_at: float | None = None
    """Pauses since then are left out."""
    thread: int | None = None
    """Who works on it, by the kernel's number of that thread or process; None = the agent's first thread, or a task."""


class ItemSeconds(NamedTuple):
    """How long recent items took: what makes a silence unusual."""

    longest: float
    p95: float


class Progress(NamedTuple):
    """How far the agent is. Written by the agent."""

    status: AgentStatus | None = None
    total_items: Count | None = None
    """None = length unknown."""
    processed_items: Count | None = None
    """Finished items of all attempts, resumed ones included; None = only a percentage is known."""
    resumed_items: Count = 0
    failed_items: Count = 0
    current_item: str | None = None
    """Of several in hand the oldest."""
    unit: str | None = None
    phase: str | None = None
    phases: tuple[Phase, ...] = ()
    message: str | None = None
    errors: tuple[str, ...] = ()
    error_count: int = 0
    """Length of `errors` as the agent gave it, or the number it gave instead of a list."""
    estimate: Estimate | None = None
    estimated_completion: float | None = None
    percent_complete: float | None = None
    """0 to 100, by weight where items have weights."""
    active_seconds: float | None = None
    counters: Mapping[str, Count] = {}
    item_seconds: ItemSeconds | None = None
    acknowledged: int = 0
    attempt: int | None = None
    updated_at: float | None = None
    pace: Pace | None = None
    in_hand: tuple[InHand, ...] = ()
    """The oldest first, and not all where there are many; () = it does not say."""
    faults: tuple[str, ...] = ()
    """Fields that are not of their form, and so are as if they were not there: each with what is wrong with it."""


class Waiting(NamedTuple):
    """A wait that the agent announced: not a stall."""

    for_: str
    until: float | None = None


class Heartbeat(NamedTuple):
    """That the agent lives. Written by the agent about once a second."""

    status: str | None = None
    last_heartbeat: float | None = None
    uptime_seconds: float | None = None
    interval_seconds: float = 1.0
    pid: int | None = None
    last_progress: float | None = None
    handles: frozenset[str] = frozenset()
    waiting: Waiting | None = None
    attempt: int | None = None
    faults: tuple[str, ...] = ()
    """As of Progress."""


class Request(NamedTuple):
    """What an operator asked of a run. Written once, by whoever claimed the number."""

    number: int
    verb: Verb
    attempt: int | None = None
    """The attempt it was meant for; None = whichever is running."""
    by: str = ""
    at: float | None = None
    options: Mapping[str, Any] = {}


class AgentProcess(NamedTuple):
    """The process of the running attempt."""

    pid: int
    start_time: int
    """The kernel's, in clock ticks since boot."""
    started_at: float | None = None


class SupervisorRecord(NamedTuple):
    """What the supervisor knows and does. Written by the supervisor."""

    pid: int
    start_time: int
    boot_id: str
    host: str
    state: SupervisorState
    attempt: int = 0
    acknowledged: int = 0
    """The newest request it has obeyed on behalf of an agent that does not acknowledge by itself."""
    frozen: bool = False
    agent: AgentProcess | None = None
    next_start_at: float | None = None
    reason: str | None = None
    stopped_at: float | None = None
    """When its process was first seen to be stopped by a signal that nobody asked overnight for; None = it is not."""
    went_on_at: float | None = None
    """When the attempt's process went on that had been stopped by a signal; None = it never was."""
    updated_at: float | None = None


class Attempt(NamedTuple):
    """One process of a run. Written by its keeper, at its start and at its end."""

    attempt: int
    pid: int
    start_time: int
    boot_id: str
    started_at: float
    ended_at: float | None = None
    code: int | None = None
    signal: str | None = None
    max_rss: int | None = None
    """Bytes."""
    cpu_seconds: float | None = None
    exec_error: str | None = None
    """Why the command could not be executed; None = it could."""
    executed: bool = True
    """False = its process ended before it became the command: its keeper was killed, and nothing of it ran."""


class Exit(NamedTuple):
    """How the run ended. There = the run is over. Written by the supervisor."""

    outcome: Outcome
    code: int | None = None
    signal: str | None = None
    attempts: int = 0
    reason: str | None = None
    out_of_memory: bool | None = None
    started_at: float | None = None
    ended_at: float | None = None
    limit: str | None = None
    """Of what it took more than it may, and so was stopped: `time`, `memory`; None = of nothing."""
    worked: float | None = None
    """Seconds that its attempts worked together, pauses not counted; None = whoever wrote this did not count them."""


class ItemError(NamedTuple):
    """One item that failed. A line of errors.jsonl, written by the agent."""

    at: float | None = None
    attempt: int | None = None
    item: str = ""
    type: str = ""
    message: str = ""
    traceback: str | None = None
    transient: bool = False
    tries: int = 1
    outcome: str = "quarantined"


class Origin(NamedTuple):
    """The source that an attempt runs. A line of origins.jsonl, written by the agent where it is not the last one's."""

    at: float
    attempt: int
    digest: str
    """Of all files."""
    files: Mapping[str, str]
    """Path, relative to the folder of the agent, -> a short digest."""


class Event(NamedTuple):
    """Something that happened to a run. A line of history.jsonl, written by the supervisor; some follow from other
    records.
    """

    at: float
    event: str
    attempt: int | None = None
    by: str | None = None
    detail: Mapping[str, Any] = {}


class Damaged(NamedTuple):
    """A record that could not be read. A value, not an exception: the rest of the run still shows."""

    path: str
    problem: str
    intact: bool = False
    """Nothing may be wrong with what it holds: it could not be opened, or a newer version of us wrote it."""


class Records(NamedTuple):
    """Everything that was read of one run at one moment, and what the kernel says of its process."""

    id: str
    directory: str
    spec: Spec | None = None
    progress: Progress | None = None
    progress_changed_at: float | None = None
    """The file's own time, seconds since the epoch."""
    heartbeat: Heartbeat | None = None
    heartbeat_changed_at: float | None = None
    committed_at: float | None = None
    """When its checkpoint log was written to last; None = it has none, or no process lives."""
    requests: tuple[Request, ...] = ()
    """Oldest first."""
    supervisor: SupervisorRecord | None = None
    attempt: Attempt | None = None
    """The newest."""
    exit: Exit | None = None
    supervised: bool = False
    """The run's lock is held."""
    resumed: bool = False
    """It was resumed after its newest attempt, whose outcome was taken. Only of what nobody supervises; so the next."""
    kept: bool = False
    """The keeper of its newest attempt may be about to write down how that ended."""
    process_state: str | None = None
    """The kernel's letter for the attempt's process (R, S, D, T, …); None = it is gone, a zombie included."""
    boot_id: str = ""
    """Of the machine that read this."""
    errors: int = 0
    """Item errors, counted in errors.jsonl where it exists, else as the agent reports them."""
    damaged: tuple[Damaged, ...] = ()

    @property
    def begun(self) -> bool:
        """It has had an attempt, whose record may not be readable."""
        return self.attempt is not None or any("/attempts/" in each.path for each in self.damaged)

    @property
    def shut(self) -> Damaged | None:
        """What nobody lets us see, though only it tells whether the run goes on: its lock, or its newest attempt."""
        telling = (each for each in self.damaged if each.path.endswith("/lock") or "/attempts/" in each.path)
        return next((each for each in telling if each.intact), None)
