"""Whether a run needs nothing of its supervisor, which then touches next to nothing of the memory that it shares.

Most of that is the forking process's, as long as it is left alone. So this looks from outside and keeps nothing; what
an agent says is looked at by a copy of the process, now and then. Whatever gives something to do ends the rest: then
everything is looked at, here.
"""

import os
import time

from overnight.agents.supervisor.decide import decide
from overnight.agents.supervisor.facts import Wait
from overnight.agents.supervisor.glimpse import glimpse
from overnight.agents.supervisor.situation import Situation

GLIMPSE_AFTER = 10.0
"""Seconds between two looks at what an agent says of which nothing is wanted; it stalls after 30 at the soonest."""


class Rest:
    """Of one run, from when this is made."""

    def __init__(self, situation: Situation) -> None:
        self._at = situation
        run, spec = situation.run, situation.spec
        self._control, self._words = run.control_path, (run.progress_file(spec), run.heartbeat_file(spec))
        self._before = self._names()
        self._is_measured = not (spec.time_limit is spec.memory_limit is spec.stall is None)
        self._glimpse_due = 0.0

    def may_last(self) -> bool:
        """Whether what was asked before is obeyed, nothing was asked since, and the agent goes on as it should."""
        return (
            not self._is_measured
            and self._at.inbox.newest <= self._at.acknowledged
            and self._names() == self._before
            and self._at.child.is_kept()
            and not self._at.child.looks_stopped()
            and self._is_well()
        )

    def _names(self) -> list[str] | None:
        """Of the requests. Not the time of their folder: two within one tick of the clock look alike."""
        try:
            return os.listdir(self._control)
        except OSError:
            return None

    def _is_well(self) -> bool:
        """Whether what the agent says, if anything, gives nothing to do."""
        now = time.monotonic()
        if now < self._glimpse_due or not any(os.access(each, os.F_OK) for each in self._words):
            return True
        self._glimpse_due = now + GLIMPSE_AFTER
        seen = glimpse(self._look)
        if seen:
            got_on_at, silence = map(float, seen.split())
            self._at.hear(self._at.words._replace(got_on_at=got_on_at, silence=silence))
        return bool(seen)

    def _look(self) -> bytes:
        """When the agent last got on, by its own word, and its silence; nothing where there is something to do."""
        self._at.look()
        facts, words = self._at.facts(), self._at.words
        # What somebody has stopped is watched, to know when it goes on.
        nothing = isinstance(decide(facts), Wait) and not facts.frozen
        return b"%r %r" % (words.got_on_at or 0.0, words.silence or 0.0) if nothing else b""
