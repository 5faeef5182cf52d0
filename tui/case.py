"""One run at one moment, as it is asked why it is as it is, and words that several answers share. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from overnight.state import current
from overnight.state.activity import Activity
from overnight.state.queue import Stand
from overnight.state.records import Event, Records, Request, Spec, Verb
from overnight.state.status import Status
from overnight.tui.numbers import MINUTE, age

Reason = tuple[str, str]
"""Why, without a full stop; and what can be done, as whole sentences."""
UNKNOWN = Spec("", "", (), "")
"""Stands for a spec that cannot be read."""


class Seen(NamedTuple):
    """What was looked at beside its records."""

    activity: Activity | None = None
    """What its processes do; None = that was not looked at."""
    has_checkpoint: bool = False
    printed_at: float | None = None
    """When its log last changed; None = there is none."""


NOTHING_SEEN = Seen()


class Case(NamedTuple):
    """One run at one moment."""

    records: Records
    history: Sequence[Event]
    """Oldest first."""
    now: float
    stand: Stand | None = None
    """Of a queued run: what it waits for; None = that is not known."""
    unfit: str | None = None
    """Of a queued run: what is wrong with what its launch gave it."""
    begins_in: float | None = None
    """Of a queued run: seconds until it is expected to begin."""
    awaited: Status | None = None
    """Of a queued run: how the first of those stands that it waits for; None = that was not looked at."""
    seen: Seen = NOTHING_SEEN
    calm: bool = False
    """It is told again and again: seconds would draw a line anew each time."""

    @property
    def id(self) -> str:
        return self.records.id

    @property
    def spec(self) -> Spec:
        return self.records.spec or UNKNOWN

    def newest(self, *verbs: Verb) -> Request | None:
        return next((each for each in reversed(self.records.requests) if each.verb in verbs), None)

    def pause(self) -> Request | None:
        """The pause that holds it; None = nobody asked for one, or it was taken back."""
        return current.standing_pause(self.records.requests)

    def ago(self, at: float | None) -> str:
        """` 12m ago`; "" = it is not known when."""
        if at is None:
            return ""
        return " just now" if self.calm and self.now - at < MINUTE else f" {age(self.now - at)} ago"

    def cannot_read(self, name: str) -> bool:
        return any(each.path.endswith(name) for each in self.records.damaged)

    def asked(self, request: Request, for_what: str) -> str:
        group = current.paused_group(request)
        whom = "it" if group is None else f"its group {group}"
        return f"{request.by or 'somebody'} asked {whom} to {for_what}{self.ago(request.at)}"


def next_attempt_words(case: Case) -> str:
    """What the next attempt does with what is finished."""
    has_place = case.seen.has_checkpoint or current.keeps_place(case.records)
    return "continues it from its checkpoint" if has_place else "starts it again from the beginning"


def doctor_words() -> str:
    return "`overnight doctor` says what can be done, and with --repair does it."


def resume_words(case: Case, what: str) -> str:
    pause = case.pause()
    group = current.paused_group(pause) if pause is not None else None
    also = f" `overnight group {group} resume` lets its group go on." if group is not None else ""
    return f"`overnight resume {case.id}` {what}.{also}"
