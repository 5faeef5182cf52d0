"""What the filesystem of the home can do, found out by trying it on files of one's own."""

import os

from overnight.state import holes, lock
from overnight.state.findings import Disk
from overnight.state.mounts import REMOTE, kind_of, mounts

BLOCK = 1 << 16


def disk_of(folder: str) -> Disk | None:
    """Of an existing folder; None = there is none. What it makes there is gone when it returns."""
    if not os.path.isdir(folder):
        return None
    kind = kind_of(folder, mounts())
    probe = os.path.join(folder, f".probe.{os.getpid()}")
    linked = f"{probe}.linked"
    try:
        descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return Disk(kind, error.strerror or str(error))
    try:
        os.write(descriptor, b"x" * 2 * BLOCK)
        return Disk(kind, None, _links(probe, linked), _punches(descriptor), _locks(descriptor), kind in REMOTE)
    except OSError as error:
        return Disk(kind, error.strerror or str(error))
    finally:
        os.close(descriptor)
        for path in (probe, linked):
            if os.path.lexists(path):
                os.unlink(path)


def _links(probe: str, linked: str) -> bool:
    try:
        os.link(probe, linked)
        # On NFS the link count is to be trusted, not the answer.
        return os.stat(probe).st_nlink == 2
    except OSError:
        return False


def _punches(descriptor: int) -> bool:
    try:
        holes.punch(descriptor, 0, BLOCK)
    except OSError:
        return False
    return True


def _locks(descriptor: int) -> bool:
    try:
        return lock.take(descriptor)
    except OSError:
        return False
