"""What the filesystem of the home can do, found out by trying it on files of one's own."""

import os

from overnight.state import holes, lock
from overnight.state.findings import REMOTE, Disk

BLOCK = 1 << 16


def disk_of(folder: str) -> Disk | None:
    """Of an existing folder; None = there is none. What it makes there is gone when it returns."""
    if not os.path.isdir(folder):
        return None
    kind = kind_of(folder, _mounts())
    probe = os.path.join(folder, f".probe.{os.getpid()}")
    linked = f"{probe}.linked"
    try:
        descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return Disk(kind, error.strerror or str(error))
    try:
        os.write(descriptor, b"x" * 2 * BLOCK)
        return Disk(kind, None, _links(probe, linked), _punches(descriptor), _locks(descriptor))
    except OSError as error:
        return Disk(kind, error.strerror or str(error))
    finally:
        os.close(descriptor)
        for path in (probe, linked):
            if os.path.lexists(path):
                os.unlink(path)


def is_remote(folder: str) -> bool:
    """Whether other machines write there of which this one is told nothing."""
    return kind_of(folder, _mounts()) in REMOTE


def kind_of(path: str, mounts: str) -> str:
    """The type of the filesystem that holds `path`, by the text of /proc/self/mountinfo. Pure but for links."""
    real = os.path.realpath(path)
    best = ("", "")
    for line in mounts.splitlines():
        fields = line.split()
        if "-" not in fields:
            continue
        point = fields[4].encode().decode("unicode_escape") if "\\" in fields[4] else fields[4]
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # Of two mounts on one point the later covers the earlier.
        if inside and len(point) >= len(best[0]):
            best = (point, fields[fields.index("-") + 1])
    return best[1]


def _mounts() -> str:
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


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
