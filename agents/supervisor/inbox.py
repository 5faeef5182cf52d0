"""What operators have asked of the run: control/, read as it grows, and what of it concerns one attempt."""

import os

from overnight.state.current import LASTING, pause_wanted
from overnight.state.records import Request, Verb
from overnight.state.rundir import RunDir, read_record

ONCE = frozenset({Verb.KILL, Verb.RESTART, Verb.STACKS})
"""For one attempt; a late one does nothing."""


class Inbox:
    """Every request so far. `look` reads the new ones only."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._read: dict[int, Request] = {}
        self.requests: tuple[Request, ...] = ()
        """Oldest first."""

    def look(self) -> None:
        """Read what is new. A request that cannot be read is tried again at the next look."""
        new = [number for number in self._numbers() if number not in self._read]
        if not new:
            return
        for number in new:
            request = read_record(Request, self._run.request_path(number))
            if isinstance(request, Request):
                self._read[number] = request
        self.requests = tuple(self._read[number] for number in sorted(self._read))

    @property
    def newest(self) -> int:
        return self.requests[-1].number if self.requests else 0

    @property
    def lasting(self) -> Request | None:
        """The newest of pause, resume and cancel: what the run shall be."""
        return self.newest_lasting(after=0, up_to=self.newest)

    def newest_lasting(self, *, after: int, up_to: int) -> Request | None:
        between = (each for each in reversed(self.requests) if after < each.number <= up_to)
        return next((each for each in between if each.verb in LASTING), None)

    @property
    def pause_wanted(self) -> bool:
        return pause_wanted(self.requests)

    def once(self, verb: Verb, attempt: int, after: int) -> int | None:
        """Number of the newest request of `verb` for this attempt past number `after`.

        A later resume takes back what was not acted on yet.
        """
        resumed = max((each.number for each in self.requests if each.verb is Verb.RESUME), default=0)
        return next(
            (
                each.number
                for each in reversed(self.requests)
                if each.verb is verb and each.number > max(after, resumed) and each.attempt in {None, attempt}
            ),
            None,
        )

    def _numbers(self) -> list[int]:
        try:
            names = os.listdir(self._run.control_path)
        except OSError:
            return []
        return [int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal()]
