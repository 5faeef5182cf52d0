"""The newest lines of a file that grows by whole records, read from its end: never the whole of it."""

import os
from typing import Generic, NamedTuple, TypeVar

from overnight.state import codec
from overnight.state.rundir import open_to_read

R = TypeVar("R")

WINDOW = 1 << 20
"""Bytes from the end that are read: some hundred item errors with their tracebacks."""


class Newest(NamedTuple, Generic[R]):
    """Oldest first."""

    records: tuple[R, ...] = ()
    is_whole: bool = True
    """Whether nothing older was left out."""
    problem: str = ""
    """Why the file cannot be read; "" = it was read, or there is none."""


def newest_of(kind: type[R], path: str, window: int = WINDOW) -> Newest[R]:
    """The records whose line lies whole in the last `window` bytes; what cannot be read is left out."""
    try:
        with open_to_read(path) as file:
            size = os.fstat(file.fileno()).st_size
            is_whole = size <= window
            # One byte more: a line that begins where the window does is not cut.
            start = 0 if is_whole else size - window - 1
            file.seek(start)
            data = file.read(size - start)
    except FileNotFoundError:
        return Newest()
    except OSError as error:
        return Newest(problem=error.strerror or str(error))
    if not is_whole:
        data = data.partition(b"\n")[2]
    decoded = [codec.decode(kind, line) for line in data.split(b"\n") if line]
    return Newest(tuple(each for each in decoded if isinstance(each, kind)), is_whole)
