"""The items in hand, marked in a page that survives a kill: after a death they tell which item it was.

A page of memory that is a file: marking costs no system call, and the kernel keeps what was written when the process
is killed. Three deaths of an item's own in a row, and it is left out.
"""

import mmap
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from overnight.state.records import Attempt, Event, Request, Verb
from overnight.state.standing import scope_of

SLOT = 256
"""Bytes for one item in hand: how long its name is, and the name."""
LONGEST = SLOT - 1
FATAL_DEATHS = 3
"""In a row, with the item in hand."""
OURS = frozenset({Verb.CANCEL, Verb.KILL, Verb.RESTART})
STOPPED = frozenset({"SIGTERM", "SIGINT", "SIGHUP"})


class Marks:
    """Slots for the items in hand. Where there is no room for the page, nothing is marked."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.left = read(path)
        """What an earlier process had in hand when it ended."""
        self._page: mmap.mmap | None = None
        self._free: list[int] = []
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
            self._free = list(range(0, size, SLOT))
        except OSError:
            self._page = None
        finally:
            os.close(descriptor)

    def widen(self, items: int) -> None:
        """Make room for so many items at once, while none is in hand."""
        if items > len(self._free):
            self._open(-(-items * SLOT // mmap.PAGESIZE) * mmap.PAGESIZE)

    def take(self) -> int:
        """A free slot, for `mark` and `give`."""
        return self._free.pop() if self._free else -1

    def give(self, slot: int) -> None:
        self.clear(slot)
        if slot >= 0:
            self._free.append(slot)

    def mark(self, slot: int, loop: int, identity: str) -> None:
        """The item is in hand from now on."""
        if self._page is not None and slot >= 0:
            name = f"{loop}:{identity}".encode("utf-8", "surrogatepass")
            size = len(name)
            if size > LONGEST:
                name = mark_of(loop, identity)
                size = len(name)
            self._page[slot : slot + size + 1] = b"%c%b" % (size, name)

    def clear(self, slot: int) -> None:
        """It is not any more."""
        if self._page is not None and slot >= 0:
            self._page[slot] = 0


def mark_of(loop: int, identity: str) -> bytes:
    """An item's name in the page; of a long one the beginning and a hash."""
    name = scope_of(loop, identity).encode("utf-8", "surrogatepass")
    if len(name) <= LONGEST:
        return name
    return name[: LONGEST - 32] + blake2b(name, digest_size=16).hexdigest().encode()


def read(path: str) -> list[str]:
    """The items that are marked in a page."""
    try:
        with open(path, "rb") as file:
            page = file.read()
    except OSError:
        return []
    slots = (page[start : start + SLOT] for start in range(0, len(page), SLOT))
    return [slot[1 : 1 + slot[0]].decode("utf-8", "surrogateescape") for slot in slots if slot[0]]


def died_by_itself(attempt: Attempt | None, requests: Sequence[Request], events: Iterable[Event], boot_id: str) -> bool:
    """Whether nobody else ended the process of `attempt`: no operator, no supervisor, no reboot. Pure.

    None = it is not on record, and nothing is held against anybody.
    """
    if attempt is None or attempt.boot_id != boot_id:
        return False
    number = attempt.attempt
    if attempt.signal in STOPPED or attempt.code == 0:
        return False
    asked = any(each.verb in OURS and each.attempt in {None, number} and _later(each, attempt) for each in requests)
    return not asked and not any(each.event == "stalled" and each.attempt == number for each in events)


def _later(request: Request, attempt: Attempt) -> bool:
    """A request from before the attempt began was not meant for it."""
    return request.at is None or request.at >= attempt.started_at


def deaths_after(before: Mapping[str, int], marked: Sequence[str]) -> dict[str, int]:
    """Deaths in a row of each item, after one more with these in hand. Pure."""
    return {name: before.get(name, 0) + 1 for name in marked}
