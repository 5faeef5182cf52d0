"""`run.breaker`: passes while the thing behind it works, waits while it does not. Its state survives a restart."""

import threading
import time
from types import TracebackType

from overnight.agents.breaker import after_failure, after_pass, after_success, from_plain, may_pass, plain
from overnight.agents.commits import Commits
from overnight.agents.hold import Hold
from overnight.state.errors import WrongUsage
from overnight.state.kept import BREAKER


class Gate:
    """`with` or `async with`: one call to an outside thing. Any Exception inside is a failure of that thing."""

    def __init__(self, name: str, failures: int, reset: float, commits: Commits, hold: Hold) -> None:
        """`failures` in a row close the way for `reset` seconds. Raises WrongUsage for less than one, or none."""
        if failures < 1 or not reset > 0:
            raise WrongUsage(
                f"breaker({name!r}, failures={failures}, reset={reset})",
                hint="failures= is 1 or more, reset= more than 0 seconds.",
            )
        self._name, self._failures, self._reset = name, failures, reset
        self._commits, self._hold = commits, hold
        self._state = from_plain(commits.kept(BREAKER + name))
        # Threads that work on items beside each other pass one gate.
        self._lock = threading.Lock()
        self._keeping = threading.Lock()
        """Apart from the other: a write may wait for the disk."""

    def __enter__(self) -> None:
        """Waits until one may pass, hearing pause and stop. Raises Stopped."""
        while (seconds := self._ask()) > 0:
            self._hold.wait(seconds, self._reason())

    async def __aenter__(self) -> None:
        """`with`, while other tasks go on."""
        while (seconds := self._ask()) > 0:
            await self._hold.wait_async(seconds, self._reason())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, Exception):
            self._note(failed=error is not None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _reason(self) -> str:
        return f"{self._name} failed {self._state.failures} times in a row, waiting"

    def _ask(self) -> float:
        """Seconds to wait; 0 = passed."""
        with self._lock:
            now = time.time()
            seconds = may_pass(self._state, now, self._reset)
            if not seconds:
                self._state = after_pass(self._state, now)
            return seconds

    def _note(self, *, failed: bool) -> None:
        with self._lock:
            before = self._state
            self._state = after_failure(before, time.time(), self._failures) if failed else after_success()
            changed = self._state != before
        if changed:
            with self._keeping:
                # As it is by now: the newest state is kept last.
                self._commits.keep_value(BREAKER + self._name, plain(self._state))


class Gates:
    """The breakers of a run, by their names."""

    def __init__(self, commits: Commits, hold: Hold) -> None:
        self._commits, self._hold = commits, hold
        self._gates: dict[str, Gate] = {}

    def named(self, name: str, failures: int, reset: float) -> Gate:
        """The one of this name; the first call says what it bears."""
        if name not in self._gates:
            # Threads may ask for the same one at the same time.
            self._gates.setdefault(name, Gate(name, failures, reset, self._commits, self._hold))
        return self._gates[name]
