"""The stacks that an agent has shown of all its threads and tasks, and those that it was asked for. Pure."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from overnight.state.activity import Thread, place_words
from overnight.state.records import Records, Request, Verb
from overnight.tui.numbers import plural

SLACK = 0.05
"""Seconds by which the time of a file may lie before that of a clock."""
_HEAD = re.compile(r"(?:Current thread|Thread|Task) (\S+)")
_DONE = re.compile(r"Items done: (\d{1,15})$")
_OURS = re.compile(r'/agents/(heartbeat\.py", line \d+ in _go_round|workers/processes\.py", line \d+ in _watch)')
_IDLE = re.compile(r'/agents/workers/threads\.py", line \d+ in _next')
_IDLE_ELSEWHERE = re.compile(r'/concurrent/futures/thread\.py", line \d+ in _worker')
_WAITS = re.compile(
    r'/agents/orders\.py", line \d+ in poll\n.*/agents/mapping\.py", line \d+ in mapped'
    r'|/selectors\.py", line \d+ in select\n.*/asyncio/base_events\.py", line \d+ in _run_once'
)
_HAS_ITEM = re.compile(r'/agents/(workers/pool\.py", line \d+ in _contained|entry\.py", line \d+ in _call)')
_THREAD = re.compile(r"(?:Current thread|Thread) (\S+)")


class Stacks(NamedTuple):
    """Of one attempt."""

    at: float
    """When it showed them."""
    lines: tuple[str, ...]
    """Clean; each thread with its newest call first."""
    earlier: tuple[str, ...] = ()
    """The same, the time before."""
    done: int | None = None
    """Items that were done in between; None = it does not say."""


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


def stacks_in(at: float, lines: Sequence[str]) -> Stacks | None:
    """What an agent has shown last, and the time before; None = nothing."""
    newest = newest_of(lines)
    earlier = newest_of(lines[: len(lines) - len(newest)])
    (newest, done), (earlier, done_before) = _apart(newest), _apart(earlier)
    if not newest:
        return None
    between = None if done is None or done_before is None else max(0, done - done_before)
    return Stacks(at, newest, earlier, between)


def _apart(lines: Sequence[str]) -> tuple[tuple[str, ...], int | None]:
    """Threads and tasks, and how many items were done; None = it does not say."""
    counts = [int(found[1]) for line in lines if (found := _DONE.match(line)) is not None]
    return tuple(line for line in lines if _DONE.match(line) is None), counts[-1] if counts else None


class Kind(IntEnum):
    """What a thread or task is there for, by its calls; in the order in which they are worth a look."""

    HAS_ITEM = 0
    OTHER = 1
    WAITS_FOR_WORKERS = 2
    IDLE = 3
    """It waits for something to do."""
    OURS = 4
    """It does nothing of the agent's."""


class Section(NamedTuple):
    """One thread or task."""

    kind: Kind
    lines: tuple[tuple[str, bool], ...]
    """Its head and its calls, and of each whether it was the same the other time."""

    @property
    def is_same(self) -> bool:
        """All of it."""
        return self.lines[0][1]


def arranged(lines: Sequence[str], others: Sequence[str]) -> list[Section]:
    """Those with an item in hand first. `others`: as they were the other time."""
    marked = iter(unmoved(lines, others))
    found: list[Section] = []
    for head, calls in _sections(lines):
        texts = ([head] if head else []) + calls
        pairs = tuple((text, next(marked)) for text in texts)
        shown = tuple(pair for pair in pairs if pair[0].strip())
        if shown:
            found.append(Section(_kind_of(calls), shown))
    return sorted(found, key=lambda each: each.kind)


def _kind_of(calls: Sequence[str]) -> Kind:
    newest, text = calls[0] if calls else "", "\n".join(calls)
    if _OURS.search(text):
        return Kind.OURS
    if _IDLE.search(text) or _IDLE_ELSEWHERE.search(newest):
        return Kind.IDLE
    if _WAITS.search(text):
        return Kind.WAITS_FOR_WORKERS
    return Kind.HAS_ITEM if _HAS_ITEM.search(text) else Kind.OTHER


def told_lines(sections: Sequence[Section]) -> list[tuple[str, bool]]:
    """As they are shown: who waits for work is counted, and our own are left out."""
    lines: list[tuple[str, bool]] = []
    for each in sections:
        if each.kind < Kind.IDLE:
            lines += [*([("", False)] if lines else []), *each.lines]
    idle = sum(each.kind is Kind.IDLE for each in sections)
    if idle:
        lines += [("", False), (f"{plural(idle, 'more thread')} {'waits' if idle == 1 else 'wait'} for work", False)]
    return lines


def unmoved(lines: Sequence[str], others: Sequence[str]) -> list[bool]:
    """Of each line whether it was the same the other time: calls from the first one on, and whole threads."""
    before = {_name_of(head): calls for head, calls in _sections(others)}
    same: list[bool] = []
    for head, calls in _sections(lines):
        told = before.get(_name_of(head), [])
        kept = 0
        while kept < min(len(calls), len(told)) and calls[-1 - kept] == told[-1 - kept]:
            kept += 1
        is_whole = bool(calls) and kept == len(calls) == len(told)
        same += ([is_whole] if head else []) + [False] * (len(calls) - kept) + [True] * kept
    return same


def _sections(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The heads of threads and tasks, each with its calls. What stands before the first has none."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if _HEAD.match(line) is not None:
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
        else:
            found.append(("", [line]))
    return found


def _name_of(head: str) -> str:
    found = _HEAD.match(head)
    return found[1] if found is not None else ""


def moved_words(stacks: Stacks) -> str:
    """`2 of 3 have not moved since the time before`; "" = they were shown once only."""
    if not stacks.earlier:
        return ""
    if stacks.done:
        return f"{plural(stacks.done, 'item')} {'was' if stacks.done == 1 else 'were'} done in between: it works"
    still = [each.is_same for each in arranged(stacks.lines, stacks.earlier) if each.kind < Kind.IDLE]
    nothing = "" if stacks.done is None else ", and no item was done"
    count = sum(still)
    moved = f"{count} of {len(still)} {'has' if count == 1 else 'have'} not moved since the time before{nothing}"
    return moved if still else ""


def thread_lines(threads: Sequence[Thread]) -> list[str]:
    """What the kernel tells of the threads of any process, in the same form."""
    lines: list[str] = []
    for each in threads:
        lines.append(f"Thread {each.tid} ({each.name}, process {each.pid}), as the kernel tells:")
        lines += [f"  {function}" for function in each.stack]
        if each.call is not None:
            lines.append(f"  system call {each.call}")
        if each.place is not None:
            lines.append(f"  {place_words(each.place)}")
        lines.append(f"  state {each.state}")
    return lines


def awaited(records: Records, shown: Stacks | None) -> Request | None:
    """The request for stacks that the agent has not answered yet; None = there is none."""
    attempt = records.attempt
    asked = next((each for each in reversed(records.requests) if each.verb is Verb.STACKS), None)
    if asked is None or attempt is None or asked.attempt not in {None, attempt.attempt}:
        return None
    return None if shown is not None and (asked.at is None or shown.at + SLACK >= asked.at) else asked
