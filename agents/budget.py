"""Limits on what a run may use: when one is reached it pauses and says so, or fails."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from overnight.agents.commits import Commits
from overnight.agents.hold import Hold
from overnight.state.errors import OvernightError, WrongUsage
from overnight.state.records import Count

OnLimit = Literal["pause", "fail"]
GRANTED = "budget"
"""The kept value: what each limit has been raised to."""
TIME = "time"
"""The limit on active seconds."""


class BudgetExceeded(OvernightError):
    """The run has used what it was given."""


class Limit(NamedTuple):
    """How much of something may be used, and how much each resume adds."""

    name: str
    most: float
    on: OnLimit


def exceeded(limits: Mapping[str, Limit], used: Callable[[str], Count], granted: Mapping[str, float]) -> Limit | None:
    """The first limit that is reached, `most` as it stands now. Pure."""
    for name, limit in limits.items():
        most = granted.get(name, limit.most)
        if used(name) >= most:
            return limit._replace(most=most)
    return None


class Budget:
    """Watches the counters after each commit."""

    def __init__(self, commits: Commits, hold: Hold) -> None:
        self._commits, self._hold = commits, hold
        self._limits: dict[str, Limit] = {}
        self._granted: dict[str, float] = dict(commits.kept(GRANTED) or {})

    def set(self, limits: Mapping[str, float | None], on: OnLimit) -> None:
        """Raises WrongUsage for a limit that is none; what `look` raises."""
        if on not in {"pause", "fail"}:
            raise WrongUsage(f"budget(on={on!r})", hint='on= is "pause" or "fail".')
        for name, most in limits.items():
            if most is not None and not most > 0:
                raise WrongUsage(f"budget({name}={most})", hint="A limit is more than 0.")
            if most is not None:
                self._limits[name] = Limit(name, float(most), on)
        self._commits.watch = self.look if self._limits else None
        self.look()

    def _used(self, name: str) -> Count:
        return (
            self._commits.active_seconds() if name == TIME else self._commits.checkpoint.standing.counters.get(name, 0)
        )

    def look(self) -> None:
        """Raises BudgetExceeded where a limit that shall fail the run is reached."""
        limit = exceeded(self._limits, self._used, self._granted)
        if limit is None:
            return
        said = f"budget: {_amount(self._used(limit.name))} of {_amount(limit.most)} {_unit(limit.name)} used"
        if limit.on == "fail":
            raise BudgetExceeded(said, hint="What is finished is kept. Raise the limit, then `overnight retry`.")
        self._hold.pause_itself(f"{said}; resume grants the same again", lambda: self._grant(limit.name))

    def _grant(self, name: str) -> None:
        """Somebody asked for more."""
        step, used = self._limits[name].most, float(self._used(name))
        most = self._granted.get(name, step)
        while most <= used:
            most += step
        self._granted[name] = most
        self._commits.keep_value(GRANTED, self._granted)


def _amount(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 1000 else f"{value:.2f}"


def _unit(name: str) -> str:
    return "seconds" if name == TIME else name
