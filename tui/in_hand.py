"""What an agent has in hand, in words: of several items the oldest first. Pure; texts are clean."""

from collections.abc import Callable

from overnight.state import current
from overnight.state.records import Records
from overnight.tui.numbers import MINUTE, age, duration

MOST_NAMED = 4


def item_words(records: Records, now: float, *, calm: bool = False) -> str:
    """`25, in hand for 4m12, and 29, 30`; "" = it does not say.

    `calm`: it is told again and again, and what changes each second would draw a line anew each time.
    """
    progress = current.own_progress(records)
    if progress is None or not progress.current_item:
        return ""
    in_hand = [each for each in progress.in_hand if each.item != progress.current_item]
    oldest = next((each for each in progress.in_hand if each.item == progress.current_item), None)
    since = oldest.begun_at if oldest is not None else None
    told: Callable[[float], str] = age if calm else duration
    long = since is not None and (not calm or now - since >= MINUTE)
    held = f", in hand for {told(now - since)}" if since is not None and long else ""
    named = ", ".join(each.item for each in in_hand[: MOST_NAMED - 1])
    more = " and more" if len(in_hand) >= MOST_NAMED else ""
    return f"{progress.current_item}{held}{f'; beside it {named}{more}' if named else ''}"
