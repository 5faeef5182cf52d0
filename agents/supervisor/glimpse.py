"""A look by a copy of this process: what it touches of the memory that is shared with others is given up with it."""

import gc
import os
from collections.abc import Callable


def glimpse(look: Callable[[], bytes]) -> bytes:
    """What `look` finds in a copy of this process, at most 4,096 bytes; nothing where that came to nothing."""
    try:
        reader, writer = os.pipe()
    except OSError:
        return b""
    try:
        pid = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        return b""
    if pid == 0:
        try:
            gc.disable()
            os.write(writer, look())
        finally:
            os._exit(0)
    os.close(writer)
    seen = os.read(reader, 4096)
    os.close(reader)
    os.waitpid(pid, 0)
    return seen
