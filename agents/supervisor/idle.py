"""Whether a run needs nothing of its supervisor, which then touches next to nothing of the memory that it shares.

Most of that is the forking process's, as long as it is left alone. So this looks from outside, and remembers nothing:
whatever is not as it was ends the quiet, and everything is looked at.
"""

import os

from overnight.state.records import Spec
from overnight.state.rundir import RunDir


class Idle:
    """Of one run, since this was made."""

    def __init__(self, run: RunDir, spec: Spec) -> None:
        self._control, self._words = run.control_path, (run.progress_file(spec), run.heartbeat_file(spec))
        self._before = self._names()
        self._is_measured = not (spec.time_limit is spec.memory_limit is spec.stall is None)

    def may_last(self) -> bool:
        """Whether nobody has asked for anything, and nothing is to be measured of the agent."""
        return not self._is_measured and self._names() == self._before

    def has_words(self) -> bool:
        """Whether the agent says anything."""
        return any(os.access(each, os.F_OK) for each in self._words)

    def _names(self) -> list[str] | None:
        """Of the requests. Not the time of their folder: two within one tick of the clock look alike."""
        try:
            return os.listdir(self._control)
        except OSError:
            return None
