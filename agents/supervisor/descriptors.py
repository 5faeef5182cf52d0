"""The descriptors of this process: whether one is left, and what was inherited and must not be kept open."""

import os
from collections.abc import Iterable

STANDARD = 3
"""Input, output, errors: they stay."""


def close_all_but(kept: Iterable[int], end: int | None = None) -> None:
    """Close every descriptor of this process but the standard ones and these; -1 = none.

    `end`: where none is that great, which is else looked up. It needs no further one where none is to be had.
    """
    begin = STANDARD
    for each in sorted(kept):
        if each >= begin:
            os.closerange(begin, each)
            begin = each + 1
    os.closerange(begin, end or _end())


def check_one_is_left() -> None:
    """Raise OSError where no file can be opened: whatever is looked at then seems damaged, or not there."""
    os.close(os.open("/", os.O_PATH | os.O_CLOEXEC))


def _end() -> int:
    try:
        return 1 + max(map(int, os.listdir("/proc/self/fd")))
    except OSError:
        return os.sysconf("SC_OPEN_MAX")
