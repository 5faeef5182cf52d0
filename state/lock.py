"""The lock that says who supervises a run: an OFD write lock, held for life, handed over as a descriptor.

Readers only ask. A reader that took it, however shortly, would make others fail.
"""

import fcntl
import os
import struct
import time

LAST_MOMENT, LOOK_AFTER = 5.0, 0.01
"""Seconds that an ended run's supervisor has for its own end, and between two looks."""
_WHOLE_FILE = "hhqqi4x"
"""The kernel's `struct flock` on 64-bit Linux: type, whence, start, length, pid."""


def acquire(path: str) -> int | None:
    """A descriptor that holds the lock until its last copy is closed; None = somebody else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        taken = take(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    if not taken:
        os.close(descriptor)
        return None
    return descriptor


def take(descriptor: int) -> bool:
    """Lock an open file for as long as a copy of its descriptor is open; False = somebody else holds it."""
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_WHOLE_FILE, fcntl.F_WRLCK, 0, 0, 0, 0))
    except (BlockingIOError, PermissionError):
        return False
    return True


def take_after_end(descriptor: int) -> bool:
    """`take` from a process that is just ending: what it forked may outlive it by a moment."""
    deadline = time.monotonic() + LAST_MOMENT
    while not (taken := take(descriptor)) and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
    return taken


def acquire_after_end(path: str, exit_path: str) -> int | None:
    """The lock of a run that is over: its supervisor writes exit.json, and gives up the lock a moment later."""
    deadline = time.monotonic() + LAST_MOMENT
    while (held := acquire(path)) is None and os.path.exists(exit_path) and time.monotonic() < deadline:
        time.sleep(LOOK_AFTER)
    return held


def is_held(path: str) -> bool:
    """Whether somebody holds the lock of `path`. Takes nothing."""
    try:
        # Without waiting: a FIFO in its place would hold whoever looks for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    try:
        asked = struct.pack(_WHOLE_FILE, fcntl.F_WRLCK, 0, 0, 0, 0)
        found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
    finally:
        os.close(descriptor)
    return bool(struct.unpack(_WHOLE_FILE, found)[0] != fcntl.F_UNLCK)
