"""Doing what was decided: signals, starts, endings, and what is put on record about them."""

import os
import signal
import time

from overnight.agents.retry import delay_before
from overnight.agents.supervisor import book, memory
from overnight.agents.supervisor.facts import (
    Acknowledge,
    Action,
    AskPause,
    AskRest,
    AskStop,
    Continue,
    Freeze,
    Insist,
    Leave,
    Life,
    NoteStall,
    NoteStop,
    Sent,
    ShowStacks,
    Start,
    Stopping,
    TakeTurn,
)
from overnight.agents.supervisor.ledger import Ledger
from overnight.agents.supervisor.outcome import Again, Over, Stop
from overnight.agents.supervisor.report import FAILED, NOT_YET, STARTED, Say
from overnight.agents.supervisor.situation import Situation
from overnight.agents.supervisor.usage import LIMITED
from overnight.agents.supervisor.words import words_of as words_of_agent
from overnight.state.records import Attempt, Handle, Outcome, Request, Verb

STACKS_APART = 2.0
"""Seconds between the two times that an agent is asked for its stacks: what works has moved on by then."""
START_AGAIN = 5.0
"""Seconds until an attempt that could not be put on record is tried again."""


class Acts:
    """Each kind of action, by `do`.

    What raises OSError has signalled nobody, and is decided upon again: what was done is noted after the signal.
    """

    def __init__(self, situation: Situation, ledger: Ledger, say: Say) -> None:
        self._at, self._ledger, self._say = situation, ledger, say
        self.over = False
        """Its end is on record."""
        self.left = False
        """It is left to others."""

    def do(self, action: Action) -> None:
        match action:
            case TakeTurn():
                self._take_turn()
            case Leave():
                self.left = True
            case Start():
                self._start()
            case AskStop(why):
                self._ask_stop(why)
            case AskRest():
                self._ask_rest()
            case Insist(why):
                self._insist(why)
            case AskPause(number):
                self._ask_pause(number)
            case Freeze(number):
                self._freeze(number)
            case Continue(number):
                self._continue(number)
            case Acknowledge(number):
                self._acknowledge(number)
            case ShowStacks(number):
                self._show_stacks(number)
            case NoteStall() | NoteStop():
                self._note(action)
            case Again():
                self._again(action)
            case Over():
                self._end(action)

    def _take_turn(self) -> None:
        at = self._at
        at.reason = at.turn.take(at.record, at.inbox.pause_wanted)
        if at.reason is not None:
            self._ledger.complain(at.reason)

    def _start(self) -> None:
        self.prepare_start()
        try:
            self._at.child.start()
        except OSError as error:
            self.postpone(error.strerror or str(error))

    def prepare_start(self) -> None:
        """Note what an attempt is compared to later."""
        at = self._at
        at.forget_attempt()
        at.succeeded_before = words_of_agent(at.run, at.spec, None).succeeded
        at.memory_kills, at.log_from = memory.kills(), _length_of(at.run.output_path)
        at.next_start = at.reason = None

    def open(self, attempt: Attempt, supervisor: int) -> bool:
        """Put on record that an attempt starts, in the process that is about to execute. Whether all of it is.

        `supervisor`: its pid. It touches nothing for it then, and shares its memory with others.
        """
        at = self._at
        at.child.is_to_be(attempt)
        try:
            if not at.begin(supervisor):
                # Killed meanwhile: whoever adopts the run puts himself on record.
                return False
            self._note_started(attempt)
            self._ledger.supervisor(at.record())
        except OSError:
            return False
        return self._ledger.is_written

    def postpone(self, problem: str) -> None:
        """No attempt could be started, for a reason that may pass."""
        self._at.reason = f"no attempt could be started: {problem}"
        self._at.next_start = time.monotonic() + START_AGAIN
        self._ledger.complain(self._at.reason)
        self._say(NOT_YET, problem)

    def wait(self) -> None:
        """Nothing is done before something happens: whoever waits for a start need not wait for a pause to end."""
        if self._at.child.life is Life.NONE:
            self._say(NOT_YET, self._at.reason or "")
            # Somebody has deleted the run: nothing of it can begin any more.
            self.left = not os.path.exists(self._at.run.path)

    def started(self, attempt: Attempt) -> None:
        """The command of an attempt runs."""
        if "started" not in self._at.told:
            self._note_started(attempt)
        self.opened()

    def opened(self) -> None:
        """The same, where that is on record."""
        self._say(STARTED, "")

    def _note_started(self, attempt: Attempt) -> None:
        at = self._at
        self._ledger.note(
            "started", attempt.attempt, pid=attempt.pid, succeeded_items=at.succeeded_before, log_from=at.log_from
        )

    def adopted(self, attempt: Attempt) -> None:
        """The command of an attempt runs that somebody else started."""
        self._ledger.note("adopted", attempt.attempt, pid=attempt.pid)
        self._say(STARTED, "")

    def _ask_stop(self, why: Stop) -> None:
        at = self._at
        if why is Stop.LIMIT:
            self._note_limit()
        # One that waits for a child that was stopped before it executed does not look stopped.
        stood = at.frozen or at.adopted or at.child.is_stopped()
        self._signal_agent(Handle.STOP, signal.SIGTERM) or self._signal_group(signal.SIGTERM)
        if stood:
            # It hears the SIGTERM before it works on.
            self._signal_group(signal.SIGCONT)
        at.stopping, at.frozen = Stopping(why, time.monotonic()), False
        self._handle(at.inbox.once(Verb.RESTART, at.child.number, at.handled))

    def _note_limit(self) -> None:
        """Before the first signal: a later supervisor then knows why the attempt ended."""
        limit = self._at.usage.limit
        if limit is not None:
            self._at.reason = limit.reason
        if limit is not None and LIMITED not in self._at.told:
            detail = {"reason": limit.reason, "limit": limit.of, "restart": limit.again or None}
            self._ledger.note(LIMITED, self._at.child.number, **detail)
            self._at.told |= {LIMITED}

    def _ask_rest(self) -> None:
        self._signal_group(signal.SIGTERM)
        self._signal_group(signal.SIGCONT)
        if self._at.stopping is not None:
            self._at.stopping = self._at.stopping._replace(asked_rest=True)

    def _insist(self, why: Stop) -> None:
        at = self._at
        self._signal_group(signal.SIGKILL)
        at.stopping = Stopping(why, time.monotonic(), insisted=True)
        self._handle(at.inbox.once(Verb.KILL, at.child.number, at.handled))

    def _ask_pause(self, number: int) -> None:
        # Before the signal: an agent that pauses at once says so after that.
        sent, sent_at = Sent(number, time.monotonic()), time.time()
        self._signal_agent(Handle.PAUSE, signal.SIGTSTP)
        self._at.pause_sent, self._at.pause_sent_at = sent, sent_at

    def _freeze(self, number: int) -> None:
        self._at.frozen = self._signal_group(signal.SIGSTOP)
        if self._at.frozen:
            self._ledger.note("frozen", self._at.child.number, number=number)

    def _continue(self, number: int) -> None:
        at = self._at
        stood = at.frozen or at.child.is_stopped()
        # What was frozen as a group goes on as a group; what was only asked hears it alone.
        if stood or not self._signal_agent(Handle.PAUSE, signal.SIGCONT):
            self._signal_group(signal.SIGCONT)
        at.resume_sent, at.frozen = Sent(number, time.monotonic()), False
        if stood:
            # Before the next look: it may have gone on before it is seen to stand. That it was resumed is noted.
            at.stopped_at = None
            at.went_on_at = round(time.time(), 3)

    def _acknowledge(self, number: int) -> None:
        obeyed = self._at.inbox.newest_lasting(after=self._at.acknowledged, up_to=number)
        if obeyed is not None:
            self._note_obeyed(obeyed)
        self._at.acknowledged = number

    def _note_obeyed(self, asked: Request) -> None:
        at, attempt = self._at, self._at.child.number or None
        self._ledger.note("acknowledged", attempt, number=asked.number, verb=str(asked.verb))
        if at.child.life is not Life.RUNNING:
            return
        if asked.verb is Verb.PAUSE and not at.frozen:
            self._ledger.note("paused", attempt, number=asked.number)
        if asked.verb is Verb.RESUME:
            if at.resume_sent is not None:
                self._ledger.note("resumed", attempt, number=asked.number)
            at.pause_sent = at.resume_sent = None

    def _show_stacks(self, number: int | None) -> None:
        self._ask_for_stacks(is_first=number is not None)
        self._handle(number)

    def _ask_for_stacks(self, *, is_first: bool) -> None:
        is_asked = self._signal_agent(Handle.STACKS, signal.SIGUSR1)
        self._at.stacks_again_at = time.monotonic() + STACKS_APART if is_asked and is_first else None

    def _note(self, action: NoteStall | NoteStop) -> None:
        note = self._note_stall if isinstance(action, NoteStall) else self._note_stop
        note(is_over=action.is_over)

    def _note_stall(self, *, is_over: bool) -> None:
        at = self._at
        if not is_over:
            self._ask_for_stacks(is_first=True)
        at.stall_noted, at.stalled_since = not is_over, at.words.got_on_at
        self._ledger.note("recovered" if is_over else "stalled", at.child.number)

    def _note_stop(self, *, is_over: bool) -> None:
        at = self._at
        at.stopped_at = None if is_over else round(time.time(), 3)
        self._ledger.note("resumed" if is_over else "frozen", at.child.number, from_outside=True)

    def _again(self, action: Again) -> None:
        at = self._at
        left = self._left()
        if action.backoff:
            self._note_died(action.reason, **left)
        delay = delay_before(action.used, _chance()) if action.backoff else 0.0
        self._ledger.note(
            "retrying",
            at.child.number,
            restarts=action.used,
            delay=round(delay, 3),
            reason=action.reason,
            items=max(0, round(at.words.succeeded - at.succeeded_before)) or None,
            **(left if not action.backoff else {}),
        )
        at.child.judged()
        at.forget_attempt()
        if at.inbox.once(Verb.KILL, at.child.number, at.handled) is None:
            for verb in (Verb.RESTART, Verb.STACKS):
                self._handle(at.inbox.once(verb, at.child.number, at.handled))
        at.restarts, at.next_start, at.reason = action.used, time.monotonic() + delay, action.reason

    def _end(self, over: Over) -> None:
        at = self._at
        ending, attempt = at.child.ending, at.child.attempt
        left = self._left() if ending else {}
        starved = self._starved(attempt) if ending and attempt else False
        ended = book.exit_of(at.run, over.outcome, over.reason, last=attempt, out_of_memory=starved, limit=over.limit)
        if over.outcome is Outcome.FAILED:
            self._note_died(over.reason)
        at.acknowledged, at.reason = at.inbox.newest, over.reason
        self._ledger.supervisor(at.record())
        self._ledger.end(ended, told="ended" in at.told, **left)
        self._say(FAILED if ending and ending.exec_error else NOT_YET, over.reason or "")
        self.over = True

    def _left(self) -> dict[str, list[str]]:
        """Processes that go on though the attempt has ended: nobody signals them unless `doctor` is told to."""
        at = self._at
        if at.child.is_childless and not at.adopted:
            # The kernel gives orphans to a subreaper.
            return {}
        from overnight.agents.supervisor.family import left_of  # rare

        left = left_of(at.run, ours=not at.adopted)
        return {"left": left} if left else {}

    def _note_died(self, reason: str | None, **left: list[str]) -> None:
        at, attempt = self._at, self._at.child.attempt
        # One who was killed before it could end the run may have told it.
        if attempt is None or "died" in at.told:
            return
        from overnight.agents.supervisor.evidence import evidence_of  # rare

        self._ledger.note(
            "died",
            attempt.attempt,
            code=attempt.code,
            signal=attempt.signal,
            reason=reason,
            out_of_memory=self._starved(attempt),
            **evidence_of(at.run, attempt, at.log_from, at.words.item),
            **left,
        )

    def _starved(self, attempt: Attempt) -> bool | None:
        return memory.out_of_memory(attempt.signal, self._at.memory_kills)

    def _handle(self, number: int | None) -> None:
        self._at.handled = max(self._at.handled, number or 0)

    def _signal_agent(self, what: Handle, number: signal.Signals) -> bool:
        """Signal the process that says in its heartbeat that it handles this. False = there is none."""
        at = self._at
        pid = words_of_agent(at.run, at.spec, at.child.attempt).handled_by(what)
        return pid is not None and at.child.signal_member(pid, number)

    def _signal_group(self, number: signal.Signals) -> bool:
        return self._at.child.signal_group(number)


def _length_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _chance() -> float:
    """Uniform in 0 to 1. (`random` costs a supervisor half a megabyte.)"""
    return int.from_bytes(os.urandom(6), "big") / (1 << 48)
