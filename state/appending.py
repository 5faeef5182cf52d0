"""A file that only grows, by whole pieces: on a full or failing disk a piece is in it, or nothing of it is."""

import os


class AppendFile:
    """A file opened for append, of which `length` bytes count. Every method may raise OSError."""

    def __init__(self, path: str, flags: int = os.O_WRONLY) -> None:
        """Opens it, or begins it. What is there counts until `cut` says otherwise."""
        self.path = path
        self.descriptor = os.open(path, flags | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.length = os.fstat(self.descriptor).st_size
        self._torn = False
        """A part of a piece may lie behind `length`."""

    def append(self, data: bytes) -> None:
        """Every byte or, with an OSError, none: a full disk takes a part first and refuses after."""
        if self._torn:
            self.cut(self.length)
        descriptor = self.descriptor
        try:
            written = os.write(descriptor, data)
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError:
            self._torn = True
            self._mend()
            raise
        self.length += written

    def _mend(self) -> None:
        try:
            self.cut(self.length)
        except OSError:
            # The disk refuses this too: cut before anything else is appended.
            pass

    def cut(self, length: int) -> None:
        """Only the first `length` bytes count from now on; the others are gone."""
        os.ftruncate(self.descriptor, length)
        self.length, self._torn = length, False

    def sync(self) -> None:
        """Wait until it is on the disk."""
        os.fdatasync(self.descriptor)

    def write_again(self, start: int) -> None:
        """Write the bytes from `start` on anew: after a failed sync the kernel takes them for written."""
        data = self.read(start, self.length - start)
        self.cut(start)
        self.append(data)

    def read(self, start: int, length: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(length)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
