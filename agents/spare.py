"""What is kept aside for a run's own words: where there is no room, or no file can be opened, it can still say so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from overnight.state.atomic import discard, write_all


class Spare:
    """A draft beside a report, whose room on the disk is reserved."""

    def __init__(self, target: str, size: int) -> None:
        """`size`: bytes, more than the report will have."""
        folder, name = os.path.split(target)
        self._target, self._path = target, os.path.join(folder, f".{name}.spare")
        self._size = size
        self.keep()

    def keep(self) -> None:
        """Have it there; nothing where there is no room."""
        if not os.path.exists(self._path):
            self._reserve()

    def _reserve(self) -> None:
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, self._size)
            finally:
                os.close(descriptor)
        except OSError:
            discard(self._path)

    def spend(self, data: bytes) -> bool:
        """Replace the report, atomically, by `data` in the room kept aside. False = there is none, or too little."""
        if len(data) > self._size:
            return False
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                write_all(descriptor, data)
                os.ftruncate(descriptor, len(data))
            finally:
                os.close(descriptor)
            os.replace(self._path, self._target)
        except OSError:
            return False
        # What it did not need, and what the old report leaves, is as much again.
        self._reserve()
        return True

    def drop(self) -> None:
        """It is needed no more."""
        discard(self._path)


class SpareDescriptor:
    """One that is open for nothing: what is closed for a moment can be opened."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._keep()

    def _keep(self) -> None:
        try:
            self._descriptor = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Inside, one file can be opened."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        try:
            yield
        finally:
            self._keep()
