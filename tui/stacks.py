"""The stacks that an agent has shown of all its threads, and those that it was asked for. Pure."""

import re
from typing import NamedTuple

from overnight.state.records import Records, Request, Verb

SLACK = 0.05
"""Seconds by which the time of a file may lie before that of a clock."""
_HEAD = re.compile(r"(?:Current thread|Thread) (0x[0-9a-f]+)")


class Stacks(NamedTuple):
    """Of one attempt."""

    at: float
    """When it showed them."""
    lines: tuple[str, ...]
    """Clean; each thread with its newest call first."""


def newest_of(lines: list[str]) -> tuple[str, ...]:
    """The part in which no thread comes twice: the one before it was shown at another time."""
    seen: set[str] = set()
    begin = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        if (head := _HEAD.match(lines[number])) is not None:
            if head[1] in seen:
                break
            seen.add(head[1])
            begin = number
    return tuple(lines[begin:])


def awaited(records: Records, shown: Stacks | None) -> Request | None:
    """The request for stacks that the agent has not answered yet; None = there is none."""
    attempt = records.attempt
    asked = next((each for each in reversed(records.requests) if each.verb is Verb.STACKS), None)
    if asked is None or attempt is None or asked.attempt not in {None, attempt.attempt}:
        return None
    return None if shown is not None and (asked.at is None or shown.at + SLACK >= asked.at) else asked
