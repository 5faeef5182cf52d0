"""The parts of one attempt, put together: what `Run` hands out to its author."""

import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from overnight.agents.budget import Budget
from overnight.agents.commits import Commits
from overnight.agents.gate import Gates
from overnight.agents.heartbeat import Beat
from overnight.agents.hold import Hold
from overnight.agents.line import span
from overnight.agents.loops import DEATHS, Loops
from overnight.agents.marks import Marks, deaths_after, died_by_itself
from overnight.agents.orders import Orders
from overnight.agents.report import Report
from overnight.agents.retrying import Attempted, Retry, attempt, attempt_async, policy_of
from overnight.agents.steps import Steps
from overnight.agents.walk import Options, Order
from overnight.state import process
from overnight.state.checkpoint import Checkpoint
from overnight.state.errors import WrongUsage
from overnight.state.history import history_of
from overnight.state.records import Attempt, Spec, Verb
from overnight.state.rundir import RunDir
from overnight.state.standing import scope_of
from overnight.state.waits import EXPECTED

if TYPE_CHECKING:
    from overnight.agents.parallel import How

JUDGED = "judged"
"""The kept value: the newest attempt whose death has been counted."""
RETRIED = "retried"
"""The kept value: number of the newest request to do failed items again that was obeyed."""
DEFAULT_GRACE = 20.0
"""Seconds from a stop signal to SIGKILL where no spec says otherwise."""
MOST_IN_LINE = 1000
"""Items that one line of the log says are to be done again."""


class Work:
    """One attempt. Made when its checkpoint is open; everything but `commits.sync` belongs to the main thread."""

    def __init__(
        self, records: RunDir, checkpoint: Checkpoint, report: Report, beat: Beat, orders: Orders, *, power: bool
    ) -> None:
        self.records, self.attempt, self.report = records, report.attempt, report
        self.beside_line: Callable[[Callable[[], None]], None] = lambda write: write()
        """Does what writes to stdout. By hand a line of progress stands there, too."""
        self._wake = beat.wake_if_asleep
        self.commits = Commits(records, checkpoint, report, beat.wake_if_asleep, power=power)
        self.hold = self.commits.hold = Hold(orders, report, beat, self.commits.hands, self.commits.make_safe)
        self.marks = Marks(records.file("in-hand"), self.attempt)
        self._judge_last_death()
        self.marks.open()
        self._begin_again(checkpoint)
        self.loops = Loops(self.commits, report, beat, orders, self.hold, self.marks)
        self.steps = Steps(self.commits, report, beat.wake_if_asleep)
        self.budget = Budget(self.commits, self.hold, self.attempt)
        self.gates = Gates(self.commits, self.hold)

    def _judge_last_death(self) -> None:
        """What the last process had in hand counts against it, if nobody else ended that process."""
        left = self.marks.left
        if left is None or left.attempt <= (self.commits.kept(JUDGED) or 0):
            return
        last = self.records.attempt(left.attempt)
        if died_by_itself(
            last if isinstance(last, Attempt) else None,
            self.records.requests()[0],
            history_of(self.records),
            process.boot_id(),
        ):
            deaths = deaths_after(self.commits.kept(DEATHS) or {}, left.items)
            self.commits.note(keep={DEATHS: deaths, JUDGED: left.attempt})

    def _begin_again(self, checkpoint: Checkpoint) -> None:
        """An operator asked for the failed items once more: they are not finished any longer."""
        asked = [each.number for each in self.records.requests()[0] if _asks_for_errors(each.verb, each.options)]
        if not asked or asked[-1] <= (self.commits.kept(RETRIED) or 0):
            return
        for index, identities in checkpoint.failed_items().items():
            for start in range(0, len(identities), MOST_IN_LINE):
                self.commits.note(l=index, again=identities[start : start + MOST_IN_LINE])
        # Some had failed under a version that is no longer theirs: nothing of them is left to do.
        self.commits.note(keep={RETRIED: asked[-1], DEATHS: {}}, failed=0)
        self.commits.take_over()

    def close(self) -> None:
        """The process ends by its own will. Raises OSError where what is finished could not be put on the disk."""
        self.marks.forget()
        self.commits.close()

    def map(self, fn: Callable[[Any], Any], source: Iterable[Any], options: Options, how: "How") -> Iterator[Any]:
        """The loop behind `Run.map`. Who does not work on many items at once does not pay for it."""
        from overnight.agents.mapping import mapped

        return mapped(self.loops, fn, source, options, how, self._stop_grace)

    def amap(
        self,
        afn: Callable[[Any], Awaitable[Any]],
        source: Iterable[Any] | AsyncIterable[Any],
        options: Options,
        how: "How",
    ) -> AsyncIterator[Any]:
        """The loop behind `Run.amap`."""
        from overnight.agents.amapping import amapped

        return amapped(self.loops, afn, source, options, how, self._stop_grace)

    def _stop_grace(self) -> float:
        spec = self.records.spec()
        return spec.stop_grace if isinstance(spec, Spec) else DEFAULT_GRACE

    @staticmethod
    def how(workers: int, retry: int | Retry, timeout: float | None, order: Order, *, processes: bool = False) -> "How":
        """What an author says of the calls. Raises WrongUsage for what cannot be."""
        from overnight.agents.parallel import How

        if workers < 1:
            raise WrongUsage(f"workers={workers}", hint="Give 1 or more.")
        if timeout is not None and not timeout > 0:
            raise WrongUsage(f"timeout={timeout}", hint="Give seconds, more than 0; None = none.")
        return How(workers, processes, policy_of(retry), timeout, order == "source")

    def retrying(self, policy: Retry) -> Callable[..., Any]:
        """Calls a function again while its error is transient."""

        def call(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            return self._result_of(attempt(fn, args, kwargs, policy, self.hold.wait))

        return call

    def retrying_async(self, policy: Retry) -> Callable[..., Awaitable[Any]]:
        """The same for coroutine functions."""

        async def call(afn: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
            return self._result_of(await attempt_async(afn, args, kwargs, policy, self.hold.wait_async))

        return call

    def _result_of(self, attempted: Attempted) -> Any:
        hand = self.commits.hands.item()
        if hand is not None:
            hand.tries = max(hand.tries, attempted.tries)
        if attempted.error is not None:
            raise attempted.error
        return attempted.result

    def log(self, text: str) -> None:
        """A line on stdout, which is the run's log, and the run's message. Where it cannot be written, it is not."""
        hand = self.commits.hands.item()
        where = f" {hand.key}:" if hand is not None and hand.key else ""
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')}{where} {text}\n"
        self.beside_line(lambda: _put_out(line))
        self.report.message = text
        self._wake()

    def phase(self, name: str, share: float | None) -> AbstractContextManager[None]:
        """A stage of the run; inside of an item, what that is at."""
        hand = self.commits.hands.item()
        if hand is None:
            return self.report.phases.inside(name, share)
        if share is not None:
            raise WrongUsage(
                f"phase {name!r}: share={share} inside of an item", hint="Shares are for phases around loops."
            )
        return self.report.phases.inside_item(hand, name)

    def expect(self, seconds: float) -> None:
        """The item in hand may take so long."""
        hand = self.commits.hands.item()
        if hand is None or hand.loop is not None:
            who = None if hand is None else hand.identity
            self.hold.announce(who, seconds, f"{EXPECTED}{span(seconds)}", waits=False)

    def idempotency_key(self, item: object) -> str:
        """Of an item by its name, or of the one in hand, which another loop's is not."""
        from hashlib import blake2b  # only who asks pays for it

        if item is None:
            hand = self.commits.hands.need_item("run.idempotency_key()")
            assert hand.loop is not None
            name = f"{self.records.id}\0{scope_of(hand.loop.index, hand.identity)}"
        else:
            name = f"{self.records.id}\0\0{item}"
        return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _put_out(line: str) -> None:
    out = sys.stdout
    if out is None:
        return
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        out.write(line.encode(encoding, "backslashreplace").decode(encoding))
        out.flush()
    except (OSError, ValueError):
        # A full disk, a reader that has gone, a stdout that was closed.
        pass


def _asks_for_errors(verb: Verb, options: object) -> bool:
    return verb is Verb.RESUME and isinstance(options, dict) and options.get("errors") is True
