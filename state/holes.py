"""The hole at the head of a log that is bounded on disk: punching it, and where what is kept begins.

Offsets stay as they were. A hole that ends inside of a block ends at the end of a line; one that ends with a block cuts
a line in two.
"""

import os

BLOCK = 4096
"""Bytes; the blocks of every filesystem are multiples of it."""
CHUNK = 1 << 16
FURTHEST = 1 << 22
"""Bytes in which the first line is looked for: more than the largest block."""
_KEEP_SIZE_PUNCH_HOLE = 0x01 | 0x02
"""FALLOC_FL_KEEP_SIZE and FALLOC_FL_PUNCH_HOLE of fallocate(2)."""


def punch(descriptor: int, start: int, end: int) -> None:
    """Give back the disk of these bytes; they read as zeros then. Raises OSError."""
    import ctypes  # a verb that only reads a log need not load it

    libc = ctypes.CDLL(None, use_errno=True)
    # Where sizes are 64 bits wide anyway, a C library may have only the one name.
    fallocate = getattr(libc, "fallocate64", None) or libc.fallocate
    # 64-bit types: plain integers would be cut to 32 bits silently.
    if fallocate(descriptor, _KEEP_SIZE_PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(end - start)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def data_from(descriptor: int) -> int:
    """The first byte that is on disk, to a block; the size where none is."""
    size = os.fstat(descriptor).st_size
    if size == 0:
        return 0
    try:
        return os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError as error:
        from errno import ENXIO

        # Else the filesystem does not know holes, and has none.
        return size if error.errno == ENXIO else 0


def kept_from(descriptor: int) -> int:
    """Where the first whole line begins that is kept; 0 = there is no hole."""
    first = data_from(descriptor)
    if first == 0:
        return 0
    position, torn = first, True
    while position < first + FURTHEST and (part := os.pread(descriptor, CHUNK, position)):
        text = part.lstrip(b"\0")
        torn = torn and len(text) == len(part)
        if text and not torn:
            return position + len(part) - len(text)
        if b"\n" in text:
            return position + part.index(b"\n") + 1
        position += len(part)
    return first if torn else position


def line_end(descriptor: int, start: int, furthest: int) -> int:
    """Where a hole ends that is to end at `start` or a little later: at the end of a line, if one ends that soon."""
    position = start
    while position < start + furthest and (part := os.pread(descriptor, CHUNK, position)):
        found = part.find(b"\n")
        while found >= 0:
            if (position + found + 1) % BLOCK:
                return position + found + 1
            # There it would not show that it ends with a line.
            found = part.find(b"\n", found + 1)
        position += len(part)
    return start // BLOCK * BLOCK
