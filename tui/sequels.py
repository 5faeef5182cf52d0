"""What followed an event of a history: when a request was obeyed, how long a pause or a stall has lasted. Pure."""

from collections.abc import Sequence

from overnight.state.records import Event, Verb
from overnight.tui import numbers

ENDS_A_PAUSE = frozenset({"resumed", "died", "retrying", "ended", "started"})
ENDS_A_STALL = frozenset({"recovered", "died", "retrying", "ended", "started"})
LASTING = {"paused": ENDS_A_PAUSE, "frozen": ENDS_A_PAUSE, "stalled": ENDS_A_STALL}
OBEYED_BY_END = {Verb.CANCEL: ("ended",), Verb.KILL: ("ended", "retrying"), Verb.RESTART: ("retrying", "ended")}
"""These are not acknowledged: what follows shows that they were obeyed."""
AT_ONCE = 1.0
"""Seconds that nobody waits for."""


def sequels_of(history: Sequence[Event], now: float, *, over: bool) -> list[tuple[Event, str]]:
    """Each event with what followed it, "" = there is nothing to tell. `history`: oldest first; `over`: the run has
    ended.

    That a request was acknowledged is told with the request.
    """
    asked = {_number_of(each) for each in history if each.event == "requested"}
    return [
        (event, _sequel(event, history[index + 1 :], now, over=over))
        for index, event in enumerate(history)
        if event.event != "acknowledged" or _number_of(event) not in asked
    ]


def _number_of(event: Event) -> int | None:
    """Of the request that it is about; None = it does not say."""
    number = event.detail.get("number")
    return number if isinstance(number, int) else None


def _sequel(event: Event, later: Sequence[Event], now: float, *, over: bool) -> str:
    if event.event == "requested":
        return _obeyed(event, later, over=over)
    if event.event in LASTING:
        end = next((each for each in later if each.event in LASTING[event.event]), None)
        if end is not None:
            return f"for {numbers.duration(end.at - event.at)}"
        return "" if over else f"for {numbers.age(now - event.at)} so far"
    return ""


def _obeyed(asked: Event, later: Sequence[Event], *, over: bool) -> str:
    verb, number = str(asked.detail.get("verb")), _number_of(asked)
    if verb in OBEYED_BY_END:
        end = next((each for each in later if each.event in OBEYED_BY_END[Verb(verb)]), None)
        return _after(asked, end) if end is not None else "" if over else "not obeyed yet"
    if verb not in {Verb.PAUSE, Verb.RESUME} or number is None:
        return ""
    for each in later:
        told = _number_of(each)
        if each.event in {"acknowledged", "frozen"} and told is not None and told >= number:
            return _after(asked, each) if told == number else "overtaken by a later request"
        if each.event == "started" and verb == Verb.RESUME:
            # What nothing worked of goes on with its next attempt.
            return _after(asked, each)
    return "" if over else "not obeyed yet"


def _after(asked: Event, end: Event) -> str:
    seconds = end.at - asked.at
    return "obeyed at once" if seconds < AT_ONCE else f"obeyed after {numbers.duration(seconds)}"
