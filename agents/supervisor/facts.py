"""What a supervisor knows at one moment, and what it can do about it. Values only."""

from enum import StrEnum
from typing import NamedTuple

from overnight.agents.supervisor.outcome import Again, Asked, Budget, Ending, Over, Stop
from overnight.state.records import Request


class Life(StrEnum):
    """Where the attempt is."""

    NONE = "none"
    """None was started, or the newest one's end has been judged."""
    STARTING = "starting"
    """Its keeper has not said yet whether it runs."""
    RUNNING = "running"
    LEFTOVERS = "leftovers"
    """It has ended while it was being stopped; others of its process group have not."""
    ENDED = "ended"
    """How, stands in `ending`."""
    UNCLEAR = "unclear"
    """The process is gone, and its keeper may still be writing down how."""


class Stopping(NamedTuple):
    """A stop under way."""

    why: Stop
    since: float
    insisted: bool = False
    """SIGKILL was sent."""
    asked_rest: bool = False
    """What was left of the group got its SIGTERM too."""


class Sent(NamedTuple):
    """A pause or resume that was passed on to the agent."""

    number: int
    """Of the request."""
    at: float


class Facts(NamedTuple):
    """One moment. Times are on the supervisor's monotonic clock."""

    now: float
    life: Life = Life.NONE
    ending: Ending | None = None
    asked: Asked = Asked()
    budget: Budget = Budget()
    admitted: bool = True
    """It may begin: it is in no queue any more."""
    turn_due: bool = False
    """Something has changed that may make it its turn."""
    next_start: float | None = None
    """When the next attempt is due; None = now."""
    lasting: Request | None = None
    """The newest of pause, resume and cancel."""
    newest: int = 0
    """Number of the newest request of any kind."""
    acknowledged: int = 0
    """Up to this request the supervisor has put on record that it was obeyed."""
    agent_acknowledged: int = 0
    pause_wanted: bool = False
    kill: int | None = None
    """A kill not acted on yet, meant for this attempt."""
    restart: int | None = None
    stacks: int | None = None
    stopping: Stopping | None = None
    pause_sent: Sent | None = None
    resume_sent: Sent | None = None
    adopted: bool = False
    """An earlier supervisor started the attempt: what it did to it shortly before its end, nobody knows."""
    frozen: bool = False
    """Its process is stopped, or was told to and does so when the kernel next comes to it."""
    stands: bool = False
    """It is, as the kernel says."""
    stopped_outside: bool = False
    """The same, though nobody asked for it."""
    stop_noted: bool = False
    """That is on record."""
    own_paused: bool = False
    """The agent says that it is paused."""
    paused_since_asked: bool = False
    """It has said so since the pause was passed on."""
    cooperative: bool = False
    """The agent says that it handles pause, from a process of its own session."""
    reports: bool = False
    """This attempt has written a heartbeat."""
    stalled: bool = False
    """The health of the attempt says so."""
    stall_noted: bool = False
    got_on: bool = False
    """It has, since its stall was noted."""
    stacks_again_at: float | None = None
    """When it is to be asked for its stacks once more: what stays the same may hang. None = it is not."""
    restart_stalled: bool = False
    """The spec says that a stalled attempt is started again."""
    age: float = 0.0
    """Seconds since the attempt was started."""
    pause_grace: float = 30.0
    stop_grace: float = 20.0


class Wait(NamedTuple):
    """Nothing to do before `until`; None = before something happens."""

    until: float | None = None
    closely: bool = False
    """The agent's files are to be looked at again shortly: nobody rings for them."""


class NoteStall(NamedTuple):
    """Put a stall on record, and ask an agent that shows its stacks for them; or that it is over."""

    is_over: bool = False


class NoteStop(NamedTuple):
    """Put on record that a signal from outside has stopped the process; or that it goes on."""

    is_over: bool = False


class TakeTurn(NamedTuple):
    """Start what may start of the queue, this run if it is its turn."""


class Leave(NamedTuple):
    """End without a word: the run stays queued."""


class Start(NamedTuple):
    """Start the next attempt."""


class AskStop(NamedTuple):
    """SIGTERM to the agent."""

    why: Stop


class AskRest(NamedTuple):
    """SIGTERM to what an ended agent left of its group."""


class Insist(NamedTuple):
    """SIGKILL to the whole group."""

    why: Stop


class AskPause(NamedTuple):
    """SIGTSTP to an agent that handles it."""

    number: int


class Freeze(NamedTuple):
    """SIGSTOP to the whole group."""

    number: int


class Continue(NamedTuple):
    """SIGCONT."""

    number: int


class Acknowledge(NamedTuple):
    """Put on record that every request up to this one was obeyed."""

    number: int


class ShowStacks(NamedTuple):
    """SIGUSR1 to an agent that handles it."""

    number: int | None = None
    """Of the request; None = once more, some time after the first one."""


Signalling = AskStop | AskRest | Insist | AskPause | Freeze | Continue | ShowStacks
Action = Wait | TakeTurn | Leave | Start | Signalling | NoteStall | NoteStop | Acknowledge | Over | Again
