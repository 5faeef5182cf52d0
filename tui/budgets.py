"""What a run has counted beside the limits of its budget, and how its breakers stand, in words. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from overnight.state.kept import TIME, Kept, KeptBreaker, KeptLimit
from overnight.state.records import Count
from overnight.tui import numbers
from overnight.tui.view import Row

NEARLY = 0.9
"""The part of a limit from which it is near."""


class Counter(NamedTuple):
    """One thing that is counted, or that is limited and not counted yet."""

    name: str
    used: Count
    limit: KeptLimit | None
    """None = there is no end to it."""

    @property
    def text(self) -> str:
        """`3.71`, `1h07` of the time."""
        return amount_text(self.name, self.used)

    @property
    def of_text(self) -> str:
        """` of 5`; "" = it has no limit."""
        return f" of {amount_text(self.name, self.limit.most)}" if self.limit is not None else ""

    @property
    def share(self) -> float:
        """Of its limit; 0 = it has none."""
        return self.used / self.limit.most if self.limit is not None and self.limit.most else 0.0


def counters_of(row: Row, kept: Kept) -> Iterator[Counter]:
    """Those with a limit first."""
    limits = {each.name: each for each in kept.limits}
    used: dict[str, Count] = {name: kept.active_seconds if name == TIME else 0 for name in limits}
    used |= row.records.progress.counters if row.records.progress is not None else {}
    for name, value in used.items():
        yield Counter(name, value, limits.get(name))


def amount_text(name: str, value: Count) -> str:
    return numbers.duration(value) if name == TIME else numbers.number(value)


def breaker_words(breaker: KeptBreaker, now: float) -> str:
    failed = f"{breaker.name} failed {breaker.failures} times in a row"
    if breaker.opened_at is not None:
        return f"{failed}; since {numbers.age(now - breaker.opened_at)} nobody calls it"
    return failed if breaker.failures else f"{breaker.name} works"
