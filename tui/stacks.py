"""The stacks that an agent has shown of all its threads and tasks, and those that it was asked for. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from overnight.state.activity import Thread
from overnight.state.records import Records, Request, Verb

SLACK = 0.05
"""Seconds by which the time of a file may lie before that of a clock."""
_HEAD = re.compile(r"(?:Current thread|Thread|Task) (\S+)")
_THREAD = re.compile(r"(?:Current thread|Thread) (\S+)")


class Stacks(NamedTuple):
    """Of one attempt."""

    at: float
    """When it showed them."""
    lines: tuple[str, ...]
    """Clean; each thread with its newest call first."""
    earlier: tuple[str, ...] = ()
    """The same, the time before."""


def newest_of(lines: Sequence[str]) -> tuple[str, ...]:
    """The part in which no thread comes twice: the one before it was shown at another time."""
    seen: set[str] = set()
    begin = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        if (head := _THREAD.match(lines[number])) is not None:
            if head[1] in seen:
                break
            seen.add(head[1])
            begin = number
    return tuple(lines[begin:])


def newest_two_of(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The newest part, and the one before it; () = there is none."""
    newest = newest_of(lines)
    return newest, newest_of(lines[: len(lines) - len(newest)])


def unmoved(lines: Sequence[str], others: Sequence[str]) -> list[bool]:
    """Of each line whether it was the same the other time: calls from the first one on, and whole threads."""
    before = dict(_sections(others))
    same: list[bool] = []
    for head, calls in _sections(lines):
        told = before.get(head, [])
        kept = 0
        while kept < min(len(calls), len(told)) and calls[-1 - kept] == told[-1 - kept]:
            kept += 1
        is_whole = bool(calls) and kept == len(calls) == len(told)
        same += ([is_whole] if head else []) + [False] * (len(calls) - kept) + [True] * kept
    return same


def _sections(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Threads and tasks by their names, each with its calls. What stands before the first has none."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if (head := _HEAD.match(line)) is not None:
            found.append((head[1], []))
        elif found:
            found[-1][1].append(line)
        else:
            found.append(("", [line]))
    return found


def moved_words(stacks: Stacks) -> str:
    """`2 of 3 have not moved`; "" = they were shown once only."""
    if not stacks.earlier:
        return ""
    same = unmoved(stacks.lines, stacks.earlier)
    heads = [still for line, still in zip(stacks.lines, same, strict=True) if _HEAD.match(line)]
    return f"{sum(heads)} of {len(heads)} have not moved since the time before" if heads else ""


def thread_lines(threads: Sequence[Thread]) -> list[str]:
    """What the kernel tells of the threads of any process, in the same form."""
    lines: list[str] = []
    for each in threads:
        lines.append(f"Thread {each.tid} ({each.name}, process {each.pid}), as the kernel tells:")
        lines += [f"  {function}" for function in each.stack]
        if each.call is not None:
            lines.append(f"  system call {each.call}")
        if each.place is not None and each.place not in each.stack:
            lines.append(f"  waits in {each.place}")
        lines.append(f"  state {each.state}")
    return lines


def awaited(records: Records, shown: Stacks | None) -> Request | None:
    """The request for stacks that the agent has not answered yet; None = there is none."""
    attempt = records.attempt
    asked = next((each for each in reversed(records.requests) if each.verb is Verb.STACKS), None)
    if asked is None or attempt is None or asked.attempt not in {None, attempt.attempt}:
        return None
    return None if shown is not None and (asked.at is None or shown.at + SLACK >= asked.at) else asked
