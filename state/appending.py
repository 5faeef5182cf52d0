"""A file that only grows, by whole pieces: on a full or failing disk a piece is in it, or nothing of it is."""

import os
import threading

CHUNK = 1 << 17
"""Bytes that are held in memory at once."""


class AppendFile:
    """A file opened for append, of which `length` bytes count. Every method may raise OSError.

    One thread appends and cuts; another one may sync.
    """

    def __init__(self, path: str, flags: int = os.O_WRONLY) -> None:
        """Opens it, or begins it. What is there counts until `cut` says otherwise."""
        self.path = path
        self.descriptor = os.open(path, flags | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.length = os.fstat(self.descriptor).st_size
        self._torn = False
        """Something may lie behind `length` that does not count."""
        self._synced, self._cuts = 0, 0
        """So much is on the disk, as far as it is known; how often it was cut."""
        self._doubtful = False
        """A sync failed: what was to be synced must be written anew before the next one."""
        self._changing = threading.Lock()
        """Held while what is in the file is cut or written anew."""
        self._syncing = threading.Lock()

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
            self.take_back(self.length)
            raise
        self.length += written

    def take_back(self, length: int) -> None:
        """What was appended behind `length` does not count after all. Raises nothing."""
        self.length, self._torn = length, True
        try:
            self.cut(length)
        except OSError:
            # The disk refuses this too: cut before anything else is appended.
            pass

    def cut(self, length: int) -> None:
        """Only the first `length` bytes count from now on; the others are gone."""
        with self._changing:
            os.ftruncate(self.descriptor, length)
            self.length, self._torn = length, False
            self._synced, self._cuts = min(self._synced, length), self._cuts + 1

    def sync(self) -> None:
        """Wait until it is on the disk. After one that failed, what it may have lost is written anew."""
        # One after the other: by the error of one, another one that succeeds beside it would mean nothing.
        with self._syncing:
            if self._doubtful:
                self._write_again()
            cuts, length = self._cuts, self.length
            try:
                os.fdatasync(self.descriptor)
            except OSError:
                self._doubtful = True
                raise
            with self._changing:
                if cuts == self._cuts:
                    self._synced = length

    def sync_or_write_again(self) -> None:
        """`sync`, of what somebody else has written: nobody would try again who knows that it failed."""
        try:
            self.sync()
        except OSError:
            self.sync()

    def _write_again(self) -> None:
        """The kernel takes what it failed to sync for written: only bytes that are written anew are tried again."""
        # Through a descriptor of its own: what is opened for append adds at the end, wherever it is told to write.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with self._changing:
                at = self._synced
                while data := os.pread(descriptor, min(CHUNK, self.length - at), at):
                    at += os.pwrite(descriptor, data, at)
        finally:
            os.close(descriptor)
        self._doubtful = False

    def read(self, start: int, length: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(start)
            return file.read(length)

    def close(self) -> None:
        if self.descriptor >= 0:
            # Closed in any case: an error only tells of what was not written.
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)
