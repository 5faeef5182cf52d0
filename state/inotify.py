"""The kernel's own word on what changes in some folders: inotify(7), without a thread and without a clock.

A watcher sleeps in the kernel until something has happened. What others do that nobody asked about (an agent that
writes its output) does not wake it up.
"""

import os
import select
import struct
from enum import IntFlag
from typing import NamedTuple


class Kind(IntFlag):
    """What can happen to a name in a folder, and to what is known of it."""

    ATTRIBUTES = 0x4
    WRITTEN = 0x8
    """Closed by somebody who had it open for writing."""
    MOVED_FROM = 0x40
    MOVED_TO = 0x80
    CREATED = 0x100
    REMOVED = 0x200
    OVERFLOW = 0x4000
    """More happened than the kernel keeps: something of it is lost."""
    IGNORED = 0x8000
    """The folder is gone, and so is the watch."""


NAMES = Kind.WRITTEN | Kind.MOVED_FROM | Kind.MOVED_TO | Kind.CREATED | Kind.REMOVED
_ONLY_FOLDERS = 0x01000000
_HEADER = struct.Struct("iIII")
_AT_ONCE = 1 << 16
"""Bytes that are taken at one time."""


class Happened(NamedTuple):
    watch: int
    """Which folder: what `add` answered; -1 for an overflow."""
    kind: Kind
    name: str
    """In that folder; "" = the folder itself."""


class Inotify:
    """One list of watched folders. Raises OSError: EMFILE, the user has too many of these."""

    def __init__(self) -> None:
        import ctypes  # only who watches needs it

        self._get_errno = ctypes.get_errno
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._checked(self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def add(self, folder: str, kinds: Kind) -> int:
        """The number of its watch. Raises OSError: ENOENT, ENOTDIR; ENOSPC, the user has too many of these."""
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), kinds | _ONLY_FOLDERS)
        return self._checked(number, folder)

    def remove(self, watch: int) -> None:
        """One that the kernel has given up by itself is no mistake."""
        self._libc.inotify_rm_watch(self._descriptor, watch)

    def wait(self, seconds: float) -> list[Happened]:
        """What has happened since the last time, oldest first, as soon as there is any; none = not within so long."""
        if not self._poll.poll(1000 * seconds):
            return []
        try:
            return list(_parsed(os.read(self._descriptor, _AT_ONCE)))
        except BlockingIOError:
            return []

    def close(self) -> None:
        os.close(self._descriptor)

    def _checked(self, answer: int, folder: str | None = None) -> int:
        if answer < 0:
            number = self._get_errno()
            raise OSError(number, os.strerror(number), folder)
        return answer


def _parsed(raw: bytes) -> list[Happened]:
    happened, at = [], 0
    while at < len(raw):
        watch, kind, _, length = _HEADER.unpack_from(raw, at)
        at += _HEADER.size
        name = raw[at : at + length].rstrip(b"\0")
        happened.append(Happened(watch, Kind(kind & 0xFFFF), os.fsdecode(name)))
        at += length
    return happened
