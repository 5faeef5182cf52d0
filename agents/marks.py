"""The items in hand, marked in a page that survives a kill: after a death they tell which item it was.

A page of memory that is a file: marking costs no system call, and the kernel keeps what was written when the process
is killed. Three deaths of an item's own in a row, and it is left out.
"""

import mmap
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from overnight.state.records import Attempt, Event, Outcome, Request, Verb
from overnight.state.standing import scope_of

SLOT = 256
"""Bytes for one item in hand: how long its name is, and the name."""
LONGEST = SLOT - 1
_NAME = struct.Struct(f"{SLOT}p")
"""How a slot is laid out: the length in one byte, the name, zeros."""
FATAL_DEATHS = 3
"""In a row, with the item in hand."""
NOWHERE = -1
"""The slot of what is not marked: there was no room."""
OURS = frozenset({Verb.CANCEL, Verb.KILL, Verb.RESTART})
STOPPED = frozenset({"SIGTERM", "SIGINT", "SIGHUP"})
LEFT_BY_ITSELF = frozenset({0, 75})
"""Exit codes: completed, and stopped (a second stop signal does not wait until nothing is in hand)."""
NOT_ITS_OWN = frozenset({Outcome.COMPLETED, Outcome.CANCELLED, Outcome.INTERRUPTED})
STALLED = "stalled"
"""How the reason begins when a supervisor starts an attempt again because it did not get on."""


class Left(NamedTuple):
    """What a process had in hand when it ended."""

    attempt: int
    items: tuple[str, ...]


class Marks:
    """Slots for the items in hand. Where there is no room for the page, nothing is marked."""

    def __init__(self, path: str, attempt: int) -> None:
        self._path, self._attempt = path, attempt
        self.left = read(path)
        """By the newest process that had a page; None = there was none, or it had nothing in hand."""
        self._page: mmap.mmap | None = None
        self._free: list[int] = []

    def open(self) -> None:
        """A page of this process's own. What an earlier one has left is forgotten."""
        self._open(mmap.PAGESIZE)

    def _open(self, size: int) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError:
            return
        try:
            # Reserved: a page without room on the disk would end the process with SIGBUS.
            os.posix_fallocate(descriptor, 0, size)
            self._page = mmap.mmap(descriptor, size)
            self._free = list(range(SLOT, size, SLOT))
            _NAME.pack_into(self._page, 0, str(self._attempt).encode())
        except OSError:
            self._page = None
        finally:
            os.close(descriptor)

    def widen(self, items: int) -> None:
        """Make room for so many items at once, while none is in hand."""
        if items > len(self._free):
            self._open(-(-(items + 1) * SLOT // mmap.PAGESIZE) * mmap.PAGESIZE)

    def take(self) -> int:
        """A free slot, for `mark` and `give`."""
        return self._free.pop() if self._free else NOWHERE

    def give(self, slot: int) -> None:
        if slot != NOWHERE:
            self.clear(slot)
            self._free.append(slot)

    def mark(self, slot: int, loop: int, identity: str) -> None:
        """The item is in hand from now on."""
        if self._page is not None and slot != NOWHERE:
            name = f"{loop}:{identity}".encode("utf-8", "surrogatepass")
            _NAME.pack_into(self._page, slot, name if len(name) <= LONGEST else mark_of(loop, identity))

    def clear(self, slot: int) -> None:
        """It is not any more."""
        if self._page is not None and slot != NOWHERE:
            self._page[slot] = 0

    def forget(self) -> None:
        """Nothing is in hand: this process ends by its own will."""
        if self._page is not None:
            self._page[SLOT:] = bytes(len(self._page) - SLOT)


def mark_of(loop: int, identity: str) -> bytes:
    """An item's name in the page; of a long one the beginning and a hash."""
    name = scope_of(loop, identity).encode("utf-8", "surrogatepass")
    if len(name) <= LONGEST:
        return name
    return name[: LONGEST - 32] + blake2b(name, digest_size=16).hexdigest().encode()


def read(path: str) -> Left | None:
    """What is marked in a page."""
    try:
        with open(path, "rb") as file:
            page = file.read()
    except OSError:
        return None
    slots = (page[start : start + SLOT] for start in range(0, len(page), SLOT))
    names = [slot[1 : 1 + slot[0]].decode("utf-8", "surrogateescape") for slot in slots if slot[0]]
    return Left(int(names[0]), tuple(names[1:])) if len(names) > 1 and names[0].isdecimal() else None


def died_by_itself(attempt: Attempt | None, requests: Sequence[Request], events: Iterable[Event], boot_id: str) -> bool:
    """Whether nobody else ended the process of `attempt`: no operator, no supervisor, no reboot. Pure.

    None = it is not on record, and nothing is held against anybody.
    """
    if attempt is None or attempt.boot_id != boot_id:
        return False
    if attempt.code in LEFT_BY_ITSELF or attempt.signal in STOPPED:
        return False
    if any(each.verb in OURS and _meant_for(attempt, each) for each in requests):
        return False
    return not any(each.attempt == attempt.attempt and _was_ended(each) for each in events)


def _meant_for(attempt: Attempt, request: Request) -> bool:
    """What was asked before it began, or after it had ended, did not end it."""
    if request.attempt not in {None, attempt.attempt}:
        return False
    over = attempt.ended_at is not None and request.at is not None and request.at > attempt.ended_at
    return not over and (request.at is None or request.at >= attempt.started_at)


def _was_ended(event: Event) -> bool:
    """Whether the supervisor says that it was its own doing: a stop, a limit, or a stall that it does not wait out."""
    stopped = event.event == "ended" and event.detail.get("outcome") in NOT_ITS_OWN
    stalled = event.event in {"retrying", "ended"} and str(event.detail.get("reason")).startswith(STALLED)
    return stopped or stalled or event.event == "limited"


def deaths_after(before: Mapping[str, int], marked: Iterable[str]) -> dict[str, int]:
    """Deaths in a row of each item, after one more with these in hand. Pure."""
    return {name: before.get(name, 0) + 1 for name in marked}
