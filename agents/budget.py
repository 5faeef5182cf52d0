"""Limits on what a run may use: when one is reached it pauses and says so, or fails."""

from collections.abc import Callable, Mapping
from math import floor, isfinite
from typing import Literal, NamedTuple

from overnight.agents.commits import Commits
from overnight.agents.hold import Hold, OwnPause
from overnight.state.errors import OvernightError, WrongUsage
from overnight.state.kept import GRANTED, LIMITS, TIME
from overnight.state.records import Count

OnLimit = Literal["pause", "fail"]


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
        # An author who has raised it since means that.
        most = max(limit.most, granted.get(name, 0.0)) if limit.on == "pause" else limit.most
        if used(name) >= most:
            return limit._replace(most=most)
    return None


def raised(limit: Limit, step: float, used: float) -> float:
    """The limit that was reached, by `step` more, and as often as it takes. Pure."""
    return limit.most + step * (floor(max(0.0, used - limit.most) / step) + 1)


class Budget:
    """Watches the counters after each commit; what it asks for is obeyed at the item edge."""

    def __init__(self, commits: Commits, hold: Hold, attempt: int) -> None:
        self._commits, self._hold, self._attempt = commits, hold, attempt
        self._limits: dict[str, Limit] = {}
        self._granted: dict[str, float] = dict(commits.kept(GRANTED) or {})

    def set(self, limits: Mapping[str, float | None], on: OnLimit) -> None:
        """Raises WrongUsage for a limit that is none."""
        if on not in {"pause", "fail"}:
            raise WrongUsage(f"budget(on={on!r})", hint='on= is "pause" or "fail".')
        given = {name: Limit(name, most_of(name, most), on) for name, most in limits.items() if most is not None}
        self._limits |= given
        if given:
            self._commits.keep_value(LIMITS, self._plain())
        if self._limits:
            self._commits.watch, self._hold.own_wish = self._look, self.wish
            self._look()

    def _plain(self) -> dict[str, object]:
        """For whoever looks at the run."""
        limits = self._limits.values()
        return {
            "attempt": self._attempt,
            "most": {each.name: each.most for each in limits},
            "on": {each.name: each.on for each in limits},
        }

    def _look(self) -> None:
        if self._reached() is not None:
            self._hold.look_at_edge()

    def _reached(self) -> Limit | None:
        return exceeded(self._limits, self._used, self._granted)

    def _used(self, name: str) -> Count:
        if name == TIME:
            return self._commits.active_seconds()
        return self._commits.checkpoint.standing.counters.get(name, 0)

    def wish(self) -> OwnPause | BudgetExceeded | None:
        """What the limit that is reached asks for; None = none is."""
        limit = self._reached()
        if limit is None:
            return None
        used = float(self._used(limit.name))
        said = f"budget: {_amount(used)} of {_amount(limit.most)} {_unit(limit.name)} used"
        if limit.on == "fail":
            return BudgetExceeded(said, hint="What is finished is kept. Raise the limit, then `overnight retry`.")
        return OwnPause(f"{said}; resume grants the same again", lambda: self._grant(limit))

    def _grant(self, limit: Limit) -> None:
        """Somebody asked for more."""
        step, used = self._limits[limit.name].most, float(self._used(limit.name))
        self._granted[limit.name] = raised(limit, step, used)
        self._commits.keep_value(GRANTED, self._granted)


def most_of(name: str, most: object) -> float:
    """Raises WrongUsage for a limit that is none."""
    if isinstance(most, int | float) and most > 0:
        return float(most)
    raise WrongUsage(f"budget({name}={most!r})", hint="A limit is a number, more than 0.")


def amount_of(name: str, value: Count) -> Count:
    """What may be counted, as JSON holds it. Raises WrongUsage for anything else."""
    if type(value) is int:
        return value
    try:
        number = value.__index__() if hasattr(value, "__index__") else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not isfinite(number):
        raise WrongUsage(f"count({name}={value!r})", hint="Count finite numbers.")
    return number


def _amount(value: float) -> str:
    if value == int(value) or value >= 1000:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3g}"


def _unit(name: str) -> str:
    return "seconds" if name == TIME else name
