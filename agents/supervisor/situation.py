"""What a supervisor remembers between two steps, and the facts it makes of it. Looks, never acts."""

import time

from overnight.agents.retry import LONGEST_DELAY
from overnight.agents.supervisor import book, members
from overnight.agents.supervisor.child import Child
from overnight.agents.supervisor.facts import Facts, Life, Sent, Stopping
from overnight.agents.supervisor.inbox import Inbox
from overnight.agents.supervisor.outcome import Asked, Budget, Ending, Stop, signal_of
from overnight.agents.supervisor.turn import Turn
from overnight.agents.supervisor.usage import Usage
from overnight.agents.supervisor.words import Words, words_of
from overnight.state import process
from overnight.state.operator import host_name
from overnight.state.records import (
    AgentProcess,
    AgentStatus,
    Attempt,
    Handle,
    Spec,
    SupervisorRecord,
    SupervisorState,
    Verb,
)
from overnight.state.rundir import RunDir

SAME_TIME = 0.5
"""Seconds by which two tellings of one moment may differ: a beat counts back to it from its own time."""
SOONEST = 0.05
"""Seconds until the next look for a stall."""
PASSED_ON = ((Verb.KILL, Stop.KILL), (Verb.RESTART, Stop.RESTART))


class Situation:
    """Of one run. Changed by what acts; `facts` and `record` say what it comes to."""

    def __init__(self, run: RunDir, spec: Spec, child: Child, admitted: bool) -> None:
        self.run, self.spec, self.child = run, spec, child
        self.inbox, self.turn = Inbox(run), Turn(run, admitted)
        self.words = Words()
        self.usage = Usage(run, spec)
        self.shutdown = False
        """The supervisor itself was told to end."""
        self.acknowledged = 0
        self.handled = 0
        """Up to this number, requests for one attempt were acted on or came too late."""
        self.restarts = 0
        """Without progress."""
        self.next_start: float | None = None
        self.succeeded_before = 0.0
        """Finished items when the attempt began."""
        self.memory_kills: int | None = None
        """The control group's count when the attempt began."""
        self.log_from = 0
        """How long the log was when the attempt began."""
        self.reason: str | None = None
        self._me: process.Identity | None = None
        self.forget_attempt()

    def begin(self, pid: int) -> bool:
        """`pid`: of the process that works from now on. False = it is gone. Raises OSError."""
        self._me = process.identity_of(pid)
        return self._me is not None

    def forget_attempt(self) -> None:
        """Drop what holds for one attempt only."""
        self.stopping: Stopping | None = None
        self.pause_sent: Sent | None = None
        self.pause_sent_at = 0.0
        """The same on the wall clock, to which the times of files are compared."""
        self.resume_sent: Sent | None = None
        self.frozen = False
        self._stood = False
        """At the last look its process was stopped."""
        self.went_on_at: float | None = None
        """When it went on after that, by the wall clock."""
        self.stopped_at: float | None = None
        """When a signal from outside was seen to have stopped it, by the wall clock."""
        self.stall_noted = False
        self.stalled_since: float | None = None
        """What it said of when it got on last, when its stall was noted."""
        self.stacks_again_at: float | None = None
        self.adopted = False
        """An earlier supervisor started it."""
        self.told: frozenset[str] = frozenset()
        """The kinds of events that it, or who acted for us, has put on record of it."""
        self.words = Words()
        self._got_on_at: float | None = None
        """What it said of that when it was last seen to have got on."""
        self._heard_at = self._quiet_since = time.monotonic()
        """When it got on, as far as was seen: on the wall clock a machine that slept looks like a silence."""
        self.usage.forget_attempt()

    def recall(self) -> Attempt | None:
        """Take up what the records of an earlier supervisor say. The attempt that is to be watched or judged, if any.

        One whose outcome was taken before the run was resumed, or that a restart already follows, is not.
        """
        run, number, judged = self.run, self.run.last_attempt_number(), self.run.judged_attempts()
        self.child.number = number
        previous = run.supervisor()
        if isinstance(previous, SupervisorRecord):
            self.acknowledged = self.handled = previous.acknowledged
            self.frozen = previous.frozen and previous.attempt == number
            if previous.attempt == number:
                self.went_on_at, self.stopped_at = previous.went_on_at, previous.stopped_at
        self.usage.recall(number)
        retried, restarts = book.last_retry(run)
        self.restarts = restarts if retried > judged else 0
        if number == 0:
            self.next_start = None if self.spec.start_at is None else from_wall(self.spec.start_at)
        if number or previous is not None:
            # It was begun before, or has waited for its turn.
            book.sweep_drafts(run)
        if number in {judged, 0}:
            return None
        # It has held its place all the time.
        self.turn.admitted = True
        if retried == number:
            due = previous.next_start_at if isinstance(previous, SupervisorRecord) else None
            # Never later than it was to be: the clock may have been set back since then.
            self.next_start = None if due is None else min(from_wall(due), time.monotonic() + LONGEST_DELAY)
            return None
        self.succeeded_before, self.log_from = book.before(run, number)
        self.adopted = True
        self.told = book.told_of(run, number)
        attempt = run.attempt(number)
        # Of an attempt whose record is damaged only the number is known: nothing that lives can have this identity.
        return attempt if isinstance(attempt, Attempt) else Attempt(number, 0, 0, "", time.time())

    def look(self) -> None:
        """See what has changed: the process, the requests, and the agent's words."""
        self.child.refresh(time.monotonic())
        self.inbox.look()
        if self.spec.start_at is not None and not self.turn.admitted and self.child.number == 0:
            # Of the wall clock: the machine may have been asleep, or the clock set.
            self.next_start = from_wall(self.spec.start_at)
        if self.child.life in {Life.RUNNING, Life.ENDED}:
            self.hear(words_of(self.run, self.spec, self.child.attempt))
        running = self.child.attempt if self.child.life is Life.RUNNING else None
        stands = running is not None and self.child.is_stopped()
        if self._stood and running is not None and not stands:
            self.went_on_at = round(time.time(), 3)
        self._stood = stands
        self.usage.look(running, time.monotonic(), works=self._works())

    def hear(self, words: Words) -> None:
        """What the agent says now."""
        now, said = time.monotonic(), words.got_on_at
        if not words.silence:
            self._quiet_since = now
        elif said is not None and (self._got_on_at is None or abs(said - self._got_on_at) > SAME_TIME):
            # Between the last look and this one.
            self._quiet_since, self._got_on_at = max(self._heard_at, now - words.silence), said
        self._heard_at, self.words = now, words

    def due(self) -> float | None:
        """When something is to be done about a silence that lasts; monotonic. None = nothing is."""
        words = self.words
        if self.stopping is not None:
            return None
        if self.stacks_again_at is not None:
            return self.stacks_again_at
        if self.stall_noted or words.silence is None or not words.stall_after or self.child.life is not Life.RUNNING:
            return None
        quiet = min(words.silence, self._heard_at - self._quiet_since)
        return self._heard_at + max(SOONEST, words.stall_after - quiet)

    def _works(self) -> bool:
        """Whether its time counts; nobody counts it where there is no limit to it."""
        if self.spec.time_limit is None:
            return False
        return not (self.words.status is AgentStatus.PAUSED or self.frozen or self.child.is_stopped())

    def facts(self) -> Facts:
        inbox, number, words, life = self.inbox, self.child.number, self.words, self._life()
        stopped = life is Life.RUNNING and self.child.is_stopped()
        return Facts(
            now=time.monotonic(),
            life=life,
            ending=self._ending() if life is Life.ENDED else None,
            asked=self.asked(),
            budget=Budget(self.spec.restart, self.spec.retries, self.restarts),
            admitted=self.turn.admitted,
            turn_due=self.turn.is_due(inbox.pause_wanted),
            next_start=self.next_start,
            lasting=inbox.lasting,
            newest=inbox.newest,
            acknowledged=self.acknowledged,
            agent_acknowledged=words.acknowledged,
            pause_wanted=inbox.pause_wanted,
            kill=inbox.once(Verb.KILL, number, self.handled),
            restart=inbox.once(Verb.RESTART, number, self.handled),
            stacks=inbox.once(Verb.STACKS, number, self.handled),
            stopping=self.stopping,
            pause_sent=self.pause_sent,
            resume_sent=self.resume_sent,
            adopted=self.adopted,
            frozen=stopped or (life is Life.RUNNING and self.frozen),
            stands=stopped or (life is Life.RUNNING and self.frozen and self.child.is_held_up()),
            stopped_outside=stopped and not (self.frozen or inbox.pause_wanted),
            stop_noted=self.stopped_at is not None,
            own_paused=words.status is AgentStatus.PAUSED,
            paused_since_asked=self._paused_since_asked(),
            cooperative=words.handled_by(Handle.PAUSE) is not None,
            reports=words.reports,
            stalled=words.stalled and time.monotonic() - self._quiet_since >= words.stall_after,
            stall_noted=self.stall_noted,
            got_on=self._has_got_on(),
            stacks_again_at=self.stacks_again_at,
            restart_stalled=self.spec.on_stall == "restart",
            age=members.age_of(self.child.attempt) if self.child.attempt else 0.0,
            pause_grace=self.spec.pause_grace,
            stop_grace=self.spec.stop_grace,
        )

    def _has_got_on(self) -> bool:
        """Since its stall was noted. Only what it has done counts: not that it was paused, or says something else."""
        said, before = self.words.got_on_at, self.stalled_since
        if self.words.stalled or said is None or self.words.status is AgentStatus.PAUSED:
            return False
        return before is None or said > before + SAME_TIME

    def asked(self) -> Asked:
        lasting = self.inbox.lasting
        return Asked(
            stop=self.stopping.why if self.stopping else self._stop_by_predecessor(),
            cancel_wanted=lasting is not None and lasting.verb is Verb.CANCEL,
            shutdown=self.shutdown,
            limit=self.usage.limit,
        )

    def _stop_by_predecessor(self) -> Stop | None:
        """What an earlier supervisor passed on before it was killed: asked for, and the attempt ended by a signal."""
        ending, number = self.child.ending, self.child.number
        if not self.adopted or ending is None:
            return None
        if self.usage.limit is not None:
            return Stop.LIMIT
        if signal_of(ending) is None:
            return None
        # From the first request on: what he passed on he may have noted as handled, and been killed before he judged.
        return next((stop for verb, stop in PASSED_ON if self.inbox.once(verb, number, 0) is not None), None)

    def record(self) -> SupervisorRecord:
        """supervisor.json as it should read now."""
        assert self._me is not None, "a process that runs is there"
        alive = self.child.attempt if self._life() in {Life.RUNNING, Life.LEFTOVERS} else None
        return SupervisorRecord(
            pid=self._me.pid,
            start_time=self._me.start_time,
            boot_id=self._me.boot_id,
            host=host_name(),
            state=self._state(),
            attempt=self.child.number,
            acknowledged=self.acknowledged,
            frozen=self.frozen,
            agent=AgentProcess(alive.pid, alive.start_time, alive.started_at) if alive else None,
            next_start_at=to_wall(self.next_start),
            reason=self.reason,
            stopped_at=self.stopped_at,
            went_on_at=self.went_on_at,
        )

    def _state(self) -> SupervisorState:
        if self.stopping is not None:
            return SupervisorState.STOPPING
        match self.child.life:
            case Life.NONE if not self.turn.admitted:
                return SupervisorState.WAITING
            case Life.NONE if self.child.number == 0:
                return SupervisorState.STARTING
            case Life.NONE:
                return SupervisorState.BACKOFF
            case Life.STARTING:
                return SupervisorState.STARTING
            case _:
                return SupervisorState.RUNNING

    def _life(self) -> Life:
        life = self.child.life
        return Life.LEFTOVERS if life is Life.ENDED and self.stopping and self.child.leftovers() else life

    def _ending(self) -> Ending | None:
        ending = self.child.ending
        return ending and ending._replace(
            own_status=self.words.status,
            progressed=self.words.succeeded > self.succeeded_before,
            unexecuted=book.unexecuted_attempts(self.run, self.child.number),
        )

    def _paused_since_asked(self) -> bool:
        """For agents that say `paused` but acknowledge nothing."""
        lasting, sent = self.inbox.lasting, self.pause_sent
        asked_for_this = sent is not None and lasting is not None and sent.number == lasting.number
        silent = self.words.acknowledged == 0 and self.words.said_at >= self.pause_sent_at
        return asked_for_this and silent and self.words.status is AgentStatus.PAUSED


def from_wall(at: float) -> float:
    """A time of the wall clock on the monotonic one."""
    return time.monotonic() + at - time.time()


def to_wall(at: float | None) -> float | None:
    return None if at is None else round(time.time() + at - time.monotonic(), 3)
