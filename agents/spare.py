"""Room kept aside for a report: on a full disk a run must still be able to say that the disk is full."""

import os

from overnight.state.atomic import discard, write_new


class Spare:
    """A file of blanks beside the report, whose blocks the next report may have."""

    def __init__(self, target: str, size: int) -> None:
        """`size`: bytes, more than the report will have."""
        folder, name = os.path.split(target)
        self._target, self._path = target, os.path.join(folder, f".{name}.spare")
        self._size = size
        self.keep()

    def keep(self) -> None:
        """Have it there; nothing where there is no room."""
        if os.path.exists(self._path):
            return
        try:
            write_new(self._path, b" " * self._size)
        except OSError:
            discard(self._path)

    def spend(self, data: bytes) -> bool:
        """Replace the report, atomically, by `data` in the blocks kept aside. False = there are none, or too few.

        What the old report leaves free becomes the next spare.
        """
        if len(data) > self._size:
            return False
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                # Blanks behind a JSON text are no part of it.
                written = os.pwrite(descriptor, data.ljust(self._size), 0)
            finally:
                os.close(descriptor)
            if written == self._size:
                os.replace(self._path, self._target)
        except OSError:
            return False
        self.keep()
        return written == self._size

    def drop(self) -> None:
        """It is needed no more."""
        discard(self._path)
